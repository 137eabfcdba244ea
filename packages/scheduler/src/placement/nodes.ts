import { type ClusterNode, isGuestNode, type NodeEntry, type NodeTable } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { compareBytes } from '../values/names.ts';
import { infinity } from '../values/scores.ts';
import { compareCapacity } from './utilization.ts';

/** Whether a node can take resources (scheduler-2 4.1). */
export function isAvailable(entry: NodeEntry | undefined, considerScore: boolean, considerGuest: boolean): boolean {
  if (entry === undefined) return false;
  const { node } = entry;
  if (!node.online || node.shutdown || node.unclean || node.standby || node.maintenance) return false;
  if (considerScore && entry.score < 0) return false;
  if (considerGuest && isGuestNode(node)) {
    const launcher = node.connection?.launcher;
    return launcher !== undefined && singleLocation(launcher, 'assigned') !== undefined;
  }
  return true;
}

export function anyAvailable(table: NodeTable): boolean {
  for (const entry of table.values()) if (isAvailable(entry, true, false)) return true;
  return false;
}

/** Nodes of a resource with all below it, each once, in child order (scheduler-2 2.4). */
export function locationsOf(resource: Resource, what: 'assigned' | 'current'): ClusterNode[] {
  if (resource.variant === 'primitive') {
    if (what === 'current') return resource.activeNodes;
    return resource.assigned === undefined ? [] : [resource.assigned.node];
  }
  const nodes: ClusterNode[] = [];
  for (const child of resource.children) {
    for (const node of locationsOf(child, what)) if (!nodes.includes(node)) nodes.push(node);
  }
  return nodes;
}

/** The node of a resource that is on exactly one. */
export function singleLocation(resource: Resource, what: 'assigned' | 'current'): ClusterNode | undefined {
  const nodes = locationsOf(resource, what);
  return nodes.length === 1 ? nodes[0] : undefined;
}

/** Better nodes first; a total order, so that tables' own order never matters (scheduler-2 4.2). */
export function compareNodes(set: WorkingSet, a: NodeEntry, b: NodeEntry, preferred: ClusterNode | undefined): number {
  const scoreA = isAvailable(a, false, false) ? a.score : -infinity;
  const scoreB = isAvailable(b, false, false) ? b.score : -infinity;
  if (scoreA !== scoreB) return scoreB - scoreA;
  const strategy = set.options.placementStrategy;
  if (strategy !== 'minimal') {
    if (strategy === 'balanced') {
      const capacity = compareCapacity(a.node, b.node);
      if (capacity !== 0) return capacity;
    }
    if (a.node.numResources !== b.node.numResources) return a.node.numResources - b.node.numResources;
    if (preferred !== undefined && a.node !== b.node) {
      if (a.node === preferred) return -1;
      if (b.node === preferred) return 1;
    }
  }
  return compareBytes(a.node.name, b.node.name);
}

/** A table's entries, better nodes first. */
export function sortedNodes(set: WorkingSet, table: NodeTable, preferred: ClusterNode | undefined): NodeEntry[] {
  return [...table.values()].sort((a, b) => compareNodes(set, a, b, preferred));
}
