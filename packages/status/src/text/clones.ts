import { type ClusterNode, parseRole, primitivesOf, type Resource, Role } from '@sanode/scheduler';
import { attr, childElements } from '@sanode/xml';
import { onWantedNode, type Report } from '../report.ts';
import { failedProbe, isActive, isDisabledCollective, unmanagedWord } from '../resource-facts.ts';
import type { ListOutput } from './list.ts';

type PrintResource = (out: ListOutput, report: Report, resource: Resource) => boolean;

/** A clone: instances in full where they differ from the usual, the rest by node (cli-crm.md 4.4.4). */
export function printClone(out: ListOutput, report: Report, clone: Resource, print: PrintResource): boolean {
  const instances = clone.children.filter((instance) => !isHiddenInstance(report, clone, instance));
  out.begin(`Clone Set: ${clone.id} [${childId(clone)}]${cloneNotes(report, clone)}`);
  const promoted: ClusterNode[] = [];
  const started: ClusterNode[] = [];
  let active = 0;
  for (const instance of instances) {
    if (!clone.unique && !report.options.detail && instance.removed && !isActive(instance, false)) continue;
    if (isActive(instance, false)) active += 1;
    if (!onWantedNode(report, instance)) continue;
    if (printsInFull(report, clone, instance)) print(out, report, instance);
    else if (isActive(instance, false)) addByRole(report, instance, promoted, started);
  }
  if (!report.options.detail) printByNode(out, report, clone, { promoted, started, active });
  out.end();
  return true;
}

function isHiddenInstance(report: Report, clone: Resource, instance: Resource): boolean {
  const { resources } = report.options;
  if (resources === undefined || report.namesResource(clone)) return false;
  if (clone.parent !== undefined && report.namesResource(clone.parent)) return false;
  return !report.namesResource(instance) && !report.namesBelow(instance);
}

function childId(clone: Resource): string {
  const child = childElements(clone.xml).find((each) => each.name === 'primitive' || each.name === 'group');
  return child === undefined ? '' : (attr(child, 'id') ?? '');
}

function cloneNotes(report: Report, clone: Resource): string {
  const notes: string[] = [];
  if (clone.promotable) notes.push('promotable');
  if (clone.unique) notes.push('unique');
  if (report.options.release === '3.0') {
    if (isDisabledCollective(clone)) notes.push('disabled');
    if (!clone.managed) notes.push(unmanagedWord(report, clone));
  } else {
    if (!clone.managed) notes.push('unmanaged');
    if (isDisabledCollective(clone)) notes.push('disabled');
  }
  return notes.length === 0 ? '' : ` (${notes.join(', ')})`;
}

function printsInFull(report: Report, clone: Resource, instance: Resource): boolean {
  if (report.options.detail) return true;
  const primitives = [...primitivesOf(instance)];
  const partly = isActive(instance, false);
  if (clone.unique) return report.options.inactive || partly || !instance.removed;
  if (primitives.some((each) => each.pendingAction !== undefined)) return true;
  if (!partly) return false;
  if (instance.removed || !instance.managed || primitives.some((each) => each.failed || !each.managed)) return true;
  if (!isActive(instance, true)) return true;
  const node = primitives.flatMap((each) => each.activeNodes)[0];
  return node !== undefined && !node.online && node.unclean;
}

function addByRole(report: Report, instance: Resource, promoted: ClusterNode[], started: ClusterNode[]): void {
  const primitives = [...primitivesOf(instance)];
  const node = primitives.flatMap((each) => each.activeNodes)[0];
  if (node === undefined || !report.wantsNode(node)) return;
  const role = Math.max(...primitives.map((each) => each.origRole));
  (role === Role.promoted ? promoted : started).push(node);
}

interface Placed {
  readonly promoted: ClusterNode[];
  readonly started: ClusterNode[];
  readonly active: number;
}

function printByNode(out: ListOutput, report: Report, clone: Resource, placed: Placed): void {
  printNodeList(out, report, 'Promoted', placed.promoted);
  if (clone.promotable) {
    const target = clone.meta.get('target-role');
    const held = parseRole(target) === Role.unpromoted;
    printNodeList(out, report, held ? 'Unpromoted (target-role)' : 'Unpromoted', placed.started);
  } else printNodeList(out, report, 'Started', placed.started);
  if (!report.options.inactive || clone.unique || placed.active >= (clone.clone?.max ?? 0)) return;
  printStopped(out, report, clone);
}

function printStopped(out: ListOutput, report: Report, clone: Resource): void {
  const running = new Set([...primitivesOf(clone)].flatMap((each) => each.activeNodes));
  const byState = new Map<string, ClusterNode[]>();
  for (const { node } of clone.allowed.values()) {
    if (running.has(node) || !report.wantsNode(node)) continue;
    const state = stoppedState(report, clone, node);
    byState.set(state, [...(byState.get(state) ?? []), node]);
  }
  for (const [state, nodes] of [...byState].sort(([a], [b]) => (a < b ? -1 : 1)))
    printNodeList(out, report, state, nodes);
}

function stoppedState(report: Report, clone: Resource, node: ClusterNode): string {
  const primitives = [...primitivesOf(clone.children[0] ?? clone)];
  for (const primitive of primitives) {
    const probe = failedProbe(report, primitive, node);
    if (probe !== undefined) return `Stopped (${probe})`;
  }
  return isDisabledCollective(clone) ? 'Stopped (disabled)' : 'Stopped';
}

function printNodeList(out: ListOutput, report: Report, title: string, nodes: ClusterNode[]): void {
  if (nodes.length === 0) return;
  const names = nodes.sort(report.byName).map((node) => node.name);
  out.item(`${title}: [ ${names.join(' ')} ]`);
}
