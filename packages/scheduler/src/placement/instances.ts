import { isTrue } from '@sanode/rules';
import { banOrAdd } from '../constraints/ban.ts';
import type { TableRef } from '../model/kind.ts';
import { type ClusterNode, copyEntry, copyTable, type NodeEntry, type NodeTable } from '../model/node.ts';
import { anyRecursive, instanceNumber, type Resource, withDescendants } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { stateOf } from '../status/active.ts';
import { sameText } from '../values/names.ts';
import { infinity } from '../values/scores.ts';
import { colocationAttribute, hasInfluence } from './affects.ts';
import { assignTo, unassign } from './assign-node.ts';
import { thisWithOf, withThisOf } from './colocation-lists.ts';
import { countActive } from './current-node.ts';
import { isAvailable, singleLocation, sortedNodes } from './nodes.ts';

/** Bans an instance from nodes that have enough instances or that its clone can't use (scheduler-2 13.2). */
function banUnavailable(instance: Resource, maxPerNode: number): void {
  for (const entry of instance.allowed.values()) {
    if (canRun(instance, entry, maxPerNode)) continue;
    entry.score = -infinity;
    for (const child of instance.children) {
      const childEntry = child.allowed.get(entry.node.id);
      if (childEntry !== undefined) childEntry.score = -infinity;
    }
  }
}

function canRun(instance: Resource, entry: NodeEntry, maxPerNode: number): boolean {
  if (instance.removed || !isAvailable(entry, false, false)) return false;
  const parent = instance.parent?.allowed.get(entry.node.id);
  return parent !== undefined && parent.score >= 0 && parent.count < maxPerNode;
}

/** Order in which instances are placed (scheduler-2 13.3). */
export function compareInstances(set: WorkingSet, a: Resource, b: Resource): number {
  const activeA = countActive(a);
  const activeB = countActive(b);
  if (activeA.all > 0 && activeB.all > 0 && activeA.all !== activeB.all) return activeA.all - activeB.all;
  const nodeA = allowedNode(a, activeA.node);
  const nodeB = allowedNode(b, activeB.node);
  const bannedA = activeA.node !== undefined && nodeA === undefined;
  const bannedB = activeB.node !== undefined && nodeB === undefined;
  if (bannedA !== bannedB) return bannedA ? 1 : -1;
  if (a.priority !== b.priority) return b.priority - a.priority;
  if (nodeA === undefined && nodeB === undefined) return 0;
  if (nodeA === undefined) return 1;
  if (nodeB === undefined) return -1;
  const availableA = isAvailable(nodeA.entry, false, false);
  const availableB = isAvailable(nodeB.entry, false, false);
  if (availableA !== availableB) return availableA ? -1 : 1;
  const entryA = a.parent?.allowed.get(nodeA.id);
  const entryB = b.parent?.allowed.get(nodeB.id);
  if (entryA === undefined || entryB === undefined) {
    return entryA === entryB ? 0 : entryA === undefined ? 1 : -1;
  }
  if (entryA.count !== entryB.count) return entryA.count - entryB.count;
  const failedA = anyRecursive(a, (each) => each.failed);
  const failedB = anyRecursive(b, (each) => each.failed);
  if (failedA !== failedB) return failedA ? 1 : -1;
  const scores = colocationScore(set, b, nodeB) - colocationScore(set, a, nodeA);
  return scores !== 0 ? scores : instanceNumber(a) - instanceNumber(b);
}

function allowedNode(instance: Resource, node: ClusterNode | undefined): ClusterNode | undefined {
  if (node === undefined) return undefined;
  const entry = instance.allowed.get(node.id);
  return entry === undefined || entry.score < 0 ? undefined : node;
}

/** The score that colocations give an instance where it is. */
function colocationScore(set: WorkingSet, instance: Resource, node: ClusterNode): number {
  const ref: TableRef = { table: new Map([[node.id, copyEntry(node.entry)]]) };
  const flags = { thisWith: false, nonNegative: false, active: false };
  for (const colocation of thisWithOf(instance)) {
    const { primary } = colocation;
    const factor = Math.fround(colocation.score / infinity);
    primary.kind.addColocated(set, primary, instance, ref, colocation, factor, flags);
  }
  for (const colocation of withThisOf(instance)) {
    if (!hasInfluence(colocation, instance)) continue;
    const { dependent } = colocation;
    const factor = Math.fround(colocation.score / infinity);
    dependent.kind.addColocated(set, dependent, instance, ref, colocation, factor, { ...flags, nonNegative: true });
  }
  return ref.table?.get(node.id)?.score ?? 0;
}

/** Places the instances of a clone, or a bundle's containers: first those that can stay (scheduler-2 13.4). */
export function assignInstances(
  set: WorkingSet,
  collective: Resource,
  instances: readonly Resource[],
  maxTotal: number,
  maxPerNode: number,
): void {
  let availableNodes = 0;
  for (const entry of collective.allowed.values()) {
    entry.count = 0;
    if (isAvailable(entry, false, false)) availableNodes += 1;
  }
  const optimal = (availableNodes > 0 ? Math.floor(maxTotal / availableNodes) : 0) || 1;
  let assigned = 0;
  for (const instance of instances) {
    if (assigned >= maxTotal) break;
    if (!instance.unassigned) continue;
    const current = preferredNode(instance, optimal);
    if (current === undefined) continue;
    if (assignEarly(set, collective, instance, current, maxPerNode, maxTotal - assigned)) assigned += 1;
  }
  for (const instance of instances) {
    if (!instance.unassigned) continue;
    if (assigned >= maxTotal) banOrAdd(set, instance, 'all', -infinity);
    else if (assignInstance(set, instance, undefined, maxPerNode) !== undefined) assigned += 1;
  }
}

function preferredNode(instance: Resource, optimal: number): ClusterNode | undefined {
  const { node, all } = countActive(instance);
  if (all === 0 || !instance.unassigned || instance.failed || node === undefined) return undefined;
  if (!isAvailable(node.entry, true, false)) return undefined;
  const parent = instance.parent?.allowed.get(node.id);
  return parent === undefined || parent.count >= optimal ? undefined : node;
}

function assignInstance(
  set: WorkingSet,
  instance: Resource,
  prefer: ClusterNode | undefined,
  maxPerNode: number,
): ClusterNode | undefined {
  if (instance.assigning) return undefined;
  banUnavailable(instance, maxPerNode);
  const chosen = instance.kind.assign(set, instance, prefer, prefer === undefined)?.node;
  const parent = chosen === undefined ? undefined : instance.parent?.allowed.get(chosen.id);
  if (parent !== undefined) parent.count += 1;
  return chosen;
}

/** Tries to leave an instance where it is, reserving nodes that would be taken instead. */
function assignEarly(
  set: WorkingSet,
  collective: Resource,
  instance: Resource,
  current: ClusterNode,
  maxPerNode: number,
  available: number,
): boolean {
  if (!isAvailable(instance.allowed.get(current.id), true, false)) return false;
  const saved = new Map<Resource, NodeTable>();
  for (const each of withDescendants(instance)) saved.set(each, copyTable(each.allowed));
  const original = collective.allowed;
  collective.allowed = copyTable(original);
  let success = false;
  for (let reserved = 0; reserved < available; reserved += 1) {
    const chosen = assignInstance(set, instance, current, maxPerNode);
    success = chosen === current;
    if (success) break;
    for (const [each, table] of saved) each.allowed = copyTable(table);
    if (chosen === undefined) {
      instance.unassigned = true;
      break;
    }
    unassign(instance);
  }
  collective.allowed = original;
  const entry = original.get(current.id);
  if (success && entry !== undefined) entry.count += 1;
  return success;
}

/** Instances of a collective: a clone's children, a bundle's containers. */
export function instancesOf(collective: Resource): readonly Resource[] {
  if (collective.bundle === undefined) return collective.children;
  return collective.bundle.replicas.map((replica) => replica.container);
}

/** Instances that a node may have. */
export function maxPerNodeOf(resource: Resource): number {
  return resource.clone?.nodeMax ?? resource.bundle?.replicasPerHost ?? 1;
}

/** Whether an instance can be the partner of something on a node (scheduler-2 13.7). */
export function matchesNode(
  instance: Resource,
  node: ClusterNode,
  role: Role,
  current: boolean,
  attribute: string | undefined,
): boolean {
  if (role !== Role.unknown && stateOf(instance, current) !== role) return false;
  if (anyRecursive(instance, (each) => each.blocked)) return false;
  const place = singleLocation(instance, current ? 'current' : 'assigned');
  if (place === undefined) return false;
  if (attribute === undefined) return place === node;
  return sameText(colocationAttribute(place, attribute, instance), colocationAttribute(node, attribute, instance));
}

/** The instance that goes with a resource, or its instance: on its node, else on the best it may have. */
export function compatibleInstance(
  set: WorkingSet,
  dependent: Resource,
  collective: Resource,
  role: Role,
  current: boolean,
  attribute?: string,
): Resource | undefined {
  const instances = instancesOf(collective);
  const find = (node: ClusterNode) =>
    instances.find((instance) => matchesNode(instance, node, role, current, attribute));
  const place = singleLocation(dependent, current ? 'current' : 'assigned');
  if (place !== undefined) return find(place);
  for (const entry of sortedNodes(set, dependent.allowed, undefined)) {
    const found = find(entry.node);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether a resource's meta asks for pairing instances. */
export function interleaves(resource: Resource): boolean {
  return isTrue(resource.meta.get('interleave'));
}

/** Leaves a resource without node because its partner is missing. */
export function assignNowhere(set: WorkingSet, resource: Resource): boolean {
  return assignTo(set, resource, undefined, true, true);
}
