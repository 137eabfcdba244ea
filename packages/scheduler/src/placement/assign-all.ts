import type { TableRef } from '../model/kind.ts';
import { isBundleNode, type NodeEntry, type NodeTable } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { mergeSorted } from '../values/merge-sort.ts';
import { infinity } from '../values/scores.ts';
import { currentNode } from './current-node.ts';
import { compareNodes } from './nodes.ts';
import { utilizationText } from './utilization.ts';

/** Places all resources: connections to remote nodes first (scheduler-2 3.1). */
export function assignAll(set: WorkingSet): void {
  if (set.options.placementStrategy !== 'default') sortResources(set);
  showCapacities(set, 'Original');
  if (set.haveRemoteNodes) {
    for (const resource of set.resources) {
      if (resource.remoteConnection) resource.kind.assign(set, resource, resource.partialMigrationTarget, true);
    }
  }
  for (const resource of set.resources) {
    if (!resource.remoteConnection) resource.kind.assign(set, resource, undefined, true);
  }
  showCapacities(set, 'Remaining');
}

function showCapacities(set: WorkingSet, title: string): void {
  if (!set.showUtilization) return;
  for (const node of set.nodes) {
    if (isBundleNode(node)) continue;
    const text = `${title}: ${node.name} capacity:${utilizationText(node.utilization)}`;
    set.printed.push({ kind: 'utilization', text });
  }
}

/** With utilization, what has more at stake is placed first (scheduler-2 16.5). */
function sortResources(set: WorkingSet): void {
  const nodes = set.nodes.map((node) => node.entry).sort((a, b) => compareNodes(set, a, b, undefined));
  const tables = new Map<Resource, NodeTable>();
  for (const resource of set.resources) tables.set(resource, tableForSorting(set, resource));
  set.resources = mergeSorted(set.resources, (a, b) => {
    if (a.priority !== b.priority) return b.priority - a.priority;
    const tableA = tables.get(a) ?? new Map();
    const tableB = tables.get(b) ?? new Map();
    const current = currentScore(b, tableB) - currentScore(a, tableA);
    return current !== 0 ? current : compareOnNodes(nodes, tableA, tableB);
  });
}

function tableForSorting(set: WorkingSet, resource: Resource): NodeTable {
  const ref: TableRef = { table: undefined };
  const flags = { thisWith: true, nonNegative: false, active: false };
  resource.kind.addColocated(set, resource, undefined, ref, undefined, 1, flags);
  return ref.table ?? new Map();
}

function currentScore(resource: Resource, table: NodeTable): number {
  const node = currentNode(resource);
  return node === undefined ? -infinity : (table.get(node.id)?.score ?? -infinity);
}

function compareOnNodes(nodes: readonly NodeEntry[], a: NodeTable, b: NodeTable): number {
  for (const { node } of nodes) {
    const difference = (b.get(node.id)?.score ?? -infinity) - (a.get(node.id)?.score ?? -infinity);
    if (difference !== 0) return difference;
  }
  return 0;
}
