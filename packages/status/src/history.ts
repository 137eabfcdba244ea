import { type ClusterNode, definitionId, primitivesOf, printableId, type Resource } from '@sanode/scheduler';
import { failCount } from '@sanode/scheduler/status/fail-counts';
import { attr, childElements, descend, type Element } from '@sanode/xml';
import type { Report } from './report.ts';

/** A resource's history on a node, with what is shown of it. */
export interface ResourceHistory {
  /** Name for people; of unknown resources as it is in the history. */
  readonly id: string;
  /** Undefined: there is no such resource any more. */
  readonly resource: Resource | undefined;
  readonly migrationThreshold: number;
  readonly failCount: number;
  /** Epoch seconds, 0: unknown. */
  readonly lastFailure: number;
  /** `lrm_rsc_op` elements in the order in which they ran. */
  readonly operations: readonly Element[];
}

/** Histories of a node, in the CIB's order. */
export interface NodeHistory {
  readonly node: ClusterNode;
  readonly resources: readonly ResourceHistory[];
}

/** What the online nodes remember (cli-crm.md 4.4.6), in the order of their node_state. */
export function nodeHistories(report: Report): NodeHistory[] {
  const status = descend(report.set.cib, 'status');
  const histories: NodeHistory[] = [];
  for (const state of status === undefined ? [] : childElements(status, 'node_state')) {
    const node = report.set.nodesById.get((attr(state, 'id') ?? '').toLowerCase());
    if (node === undefined || !node.online || !report.wantsNode(node)) continue;
    const lrm = descend(state, 'lrm', 'lrm_resources');
    const resources = lrm === undefined ? [] : childElements(lrm, 'lrm_resource');
    histories.push({ node, resources: resources.flatMap((each) => resourceHistory(report, node, each) ?? []) });
  }
  return histories;
}

/** Whether the section is shown at all: 2.1 wants any node in the status, 3.0 one that is online. */
export function hasNodeStates(report: Report): boolean {
  if (report.options.release === '3.0') return nodeHistories(report).length > 0;
  const status = descend(report.set.cib, 'status');
  return status !== undefined && childElements(status, 'node_state').length > 0;
}

function resourceHistory(report: Report, node: ClusterNode, history: Element): ResourceHistory | undefined {
  const id = attr(history, 'id') ?? '';
  const resource = findResource(report, node, id);
  if (resource !== undefined && !report.wantsResource(resource)) return undefined;
  if (resource === undefined && report.options.resources !== undefined) return undefined;
  const failures =
    resource === undefined
      ? { count: 0, last: 0 }
      : failCount(report.set, resource, node, { effective: false, launched: false });
  return {
    id: resource === undefined ? id : printableId(resource),
    resource,
    migrationThreshold: resource?.banAfterFailures ?? 0,
    failCount: failures.count,
    lastFailure: failures.last,
    operations: shownOperations(history),
  };
}

/** The instance on that node where a history's name stands for several. */
function findResource(report: Report, node: ClusterNode, id: string): Resource | undefined {
  const exact = report.set.resourcesById.get(id);
  if (exact?.variant === 'primitive') return exact;
  const candidates = report.resources.flatMap((top) => [...primitivesOf(top)]);
  const named = candidates.filter((each) => each.historyId === id || definitionId(each) === id);
  return named.find((each) => each.activeNodes.includes(node)) ?? named[0];
}

function shownOperations(history: Element): Element[] {
  const operations = childElements(history, 'lrm_rsc_op').filter((operation) => {
    const task = attr(operation, 'operation');
    if (task === undefined || task === 'notify') return false;
    const isProbe = task === 'monitor' && intervalOf(operation) === 0;
    return !isProbe || attr(operation, 'rc-code') !== '7';
  });
  return operations.sort(byCall);
}

/** Interval of an operation, ms. */
export function intervalOf(operation: Element): number {
  return Number.parseInt(attr(operation, 'interval') ?? '0', 10) || 0;
}

/** By call id; where one has none yet (pending), by time. */
function byCall(a: Element, b: Element): number {
  const number = (operation: Element, name: string): number => Number.parseInt(attr(operation, name) ?? '-1', 10);
  const [left, right] = [number(a, 'call-id'), number(b, 'call-id')];
  if (left >= 0 && right >= 0) return left - right;
  const [earlier, later] = [number(a, 'last-rc-change'), number(b, 'last-rc-change')];
  if (earlier !== later) return earlier - later;
  if (left < 0 && right < 0) return 0;
  return left < 0 ? 1 : -1;
}
