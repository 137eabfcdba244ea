import { scanInteger } from '@sanode/rules';
import { banOrAdd } from '../constraints/ban.ts';
import type { Colocation } from '../model/constraint.ts';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { hashOrder } from '../values/hash-order.ts';
import { infinity } from '../values/scores.ts';
import { affects } from './affects.ts';
import { thisWithOf, withThisOf } from './colocation-lists.ts';
import { isAvailable } from './nodes.ts';

const max32 = 2147483647;
const min32 = -2147483648;

function clip32(value: number): number {
  return Math.min(Math.max(value, min32), max32);
}

/** A capacity or a need: an integer; text without digits is the smallest one (scheduler-2 16.1). */
export function utilizationValue(text: string | undefined): number {
  if (text === undefined) return 0;
  const scanned = scanInteger(text);
  return scanned.ok ? clip32(scanned.value) : min32;
}

/** Takes a resource's needs from a node's capacity, or gives them back. */
export function changeCapacity(node: ClusterNode, resource: Resource, sign: 1 | -1): void {
  for (const [name, need] of resource.utilization) {
    const value = utilizationValue(node.utilization.get(name)) + sign * utilizationValue(need);
    node.utilization.set(name, String(clip32(value)));
  }
}

/** Negative if the first node has more left: attributes won, not amounts (scheduler-2 16.2). */
export function compareCapacity(a: ClusterNode, b: ClusterNode): number {
  let result = 0;
  for (const [name, value] of a.utilization) {
    result -= Math.sign(utilizationValue(value) - utilizationValue(b.utilization.get(name)));
  }
  for (const [name, value] of b.utilization) {
    if (!a.utilization.has(name)) result += Math.sign(utilizationValue(value));
  }
  return result;
}

function hasEnough(node: ClusterNode, need: ReadonlyMap<string, number>): boolean {
  for (const [name, amount] of need) if (amount > utilizationValue(node.utilization.get(name))) return false;
  return true;
}

/** Adds a resource's own needs to a sum. */
export function addNeeds(resource: Resource, need: Map<string, number>): void {
  for (const [name, value] of resource.utilization) {
    need.set(name, clip32((need.get(name) ?? 0) + utilizationValue(value)));
  }
}

/**
 * Bans nodes that lack capacity: for all that must go with the resource together where some node can take them, else
 * for the resource alone (scheduler-2 16.3).
 * @returns the most capable node in the latter case
 */
export function banInsufficientCapacity(set: WorkingSet, resource: Resource): ClusterNode | undefined {
  if (set.options.placementStrategy === 'default') return undefined;
  const list: Resource[] = [];
  resource.kind.colocatedResources(resource, resource, list);
  if (!list.includes(resource)) list.push(resource);
  const need = new Map<string, number>();
  for (const each of list) each.kind.addUtilization(each, list, need);
  let anyCapable = false;
  let most: ClusterNode | undefined;
  // Ties go to the first in the reference's own order of its table.
  for (const id of hashOrder(resource.allowed.keys())) {
    const entry = resource.allowed.get(id);
    if (entry === undefined || !isAvailable(entry, true, false)) continue;
    if (hasEnough(entry.node, need)) anyCapable = true;
    if (most === undefined || compareCapacity(entry.node, most) < 0) most = entry.node;
  }
  const own = new Map<string, number>();
  addNeeds(resource, own);
  banWithout(set, resource, anyCapable ? need : own);
  return anyCapable ? undefined : most;
}

function banWithout(set: WorkingSet, resource: Resource, need: ReadonlyMap<string, number>): void {
  for (const entry of resource.allowed.values()) {
    const lacks = isAvailable(entry, true, false) && !hasEnough(entry.node, need);
    if (lacks) banOrAdd(set, resource, entry.node, -infinity);
  }
}

/** Collects what has to share a node with a resource; the last found first (scheduler-2 16.4). */
export function collectColocated(resource: Resource, original: Resource, list: Resource[]): void {
  if (list.includes(resource)) return;
  list.unshift(resource);
  const follow = (dependent: Resource, primary: Resource, colocation: Colocation, next: Resource) => {
    if (colocation.score !== infinity || affects(dependent, primary, colocation, true) !== 'location') return;
    next.kind.colocatedResources(next, original, list);
  };
  for (const colocation of thisWithOf(resource)) {
    if (colocation.primary !== original) follow(resource, colocation.primary, colocation, colocation.primary);
  }
  for (const colocation of withThisOf(resource)) {
    const { dependent } = colocation;
    if (dependent === original || (resource.variant === 'clone' && dependent.variant !== 'clone')) continue;
    follow(dependent, resource, colocation, dependent);
  }
}

/** A node's remaining capacity, or a resource's needs, as text. */
export function utilizationText(values: ReadonlyMap<string, string>): string {
  return hashOrder(values.keys())
    .map((name) => ` ${name}=${values.get(name)}`)
    .join('');
}
