import { type ClusterNode, isGuestNode, isRemoteNode, type Resource } from '@sanode/scheduler';
import { featureSetOf, nodeHealth, nodeStatus, nodeTitle } from '../node-facts.ts';
import { nodeKind, type Report } from '../report.ts';
import { printBrief } from './brief.ts';
import type { ListOutput, TextList } from './list.ts';
import { printPrimitive } from './primitive.ts';
import { isInternal } from './resources.ts';

/** Node List (cli-crm.md 4.4.3). */
export function printNodes(out: TextList, report: Report): void {
  const nodes = report.set.nodes.filter((node) => report.wantsNode(node));
  if (nodes.length === 0) return;
  out.spacer();
  out.begin('Node List');
  const summary = new Map<string, string[]>();
  for (const node of nodes) {
    const kind = summaryKind(report, node);
    if (kind === 'own line') printNode(out, report, node);
    else if (kind !== 'none') summary.set(kind, [...(summary.get(kind) ?? []), node.name]);
  }
  for (const kind of ['Online', 'OFFLINE', 'RemoteOnline', 'RemoteOFFLINE', 'GuestOnline']) {
    const names = summary.get(kind);
    if (names !== undefined) out.item(`${kind}: [ ${names.join(' ')} ]`);
  }
  out.end();
}

function summaryKind(report: Report, node: ClusterNode): string {
  const { groupByNode, detail } = report.options;
  const special = node.unclean || node.pending || (node.failStandby && node.online) || node.standby || node.maintenance;
  if (special || groupByNode || detail || nodeHealth(report, node) !== 'green') return 'own line';
  if (isGuestNode(node)) return node.online ? 'GuestOnline' : 'none';
  if (isRemoteNode(node)) return node.online ? 'RemoteOnline' : 'RemoteOFFLINE';
  return node.online ? 'Online' : 'OFFLINE';
}

/** A node's own line, without its resources. */
function nodeLine(report: Report, node: ClusterNode): string {
  const { detail } = report.options;
  const health = nodeHealth(report, node);
  let line = `${nodeKind(node)} ${nodeTitle(node, detail)}: ${nodeStatus(report, node)}`;
  if (health !== 'green') line += ` (health is ${health.toUpperCase()})`;
  const featureSet = featureSetOf(node);
  if (detail && featureSet !== undefined) line += `, feature set ${featureSet}`;
  return line;
}

function printNode(out: TextList, report: Report, node: ClusterNode): void {
  const { groupByNode, brief } = report.options;
  if (!groupByNode) {
    out.item(nodeLine(report, node));
    return;
  }
  if (brief && shownOn(report, node).length === 0) return;
  out.begin(nodeLine(report, node));
  printNodeResources(out, report, node);
  out.end();
}

/** The resources of a node below it (-n). */
export function printNodeResources(out: ListOutput, report: Report, node: ClusterNode): void {
  const running = shownOn(report, node);
  out.begin('Resources');
  if (report.options.brief) printBrief(out, report, running, { byNode: false, always: false });
  else for (const resource of running) printPrimitive(out, report, resource, { node, groupByNode: true });
  out.end();
}

/** What runs on a node, without what is hidden there. */
export function shownOn(report: Report, node: ClusterNode): readonly Resource[] {
  const { brief, detail } = report.options;
  return report.runningOn(node).filter((resource) => brief || detail || !isInternal(resource));
}
