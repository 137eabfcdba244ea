import type { Colocation } from '../model/constraint.ts';
import type { ClusterNode, NodeEntry } from '../model/node.ts';
import { anyRecursive, type Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import { configError, type WorkingSet } from '../model/working-set.ts';
import { mergeSorted } from '../values/merge-sort.ts';
import { infinity } from '../values/scores.ts';
import { applyColocation, intersect, sumScores } from './apply-colocation.ts';
import { thisWithOf, withThisOf } from './colocation-lists.ts';
import { addDependentScores } from './flow.ts';
import {
  assignInstances,
  assignNowhere,
  compareInstances,
  compatibleInstance,
  interleaves,
  maxPerNodeOf,
} from './instances.ts';
import { singleLocation } from './nodes.ts';
import { addPromotionScores, applyPromotedPrimary, placeWithRole, setPromotableRoles } from './promotable.ts';
import { showScores } from './scores.ts';

/** Places a clone's instances and, where it is promotable, chooses their roles (scheduler-2 13.1). */
export function assignClone(
  set: WorkingSet,
  clone: Resource,
  prefer: ClusterNode | undefined,
  stopIfFail: boolean,
): NodeEntry | undefined {
  const data = clone.clone;
  if (!clone.unassigned || clone.assigning || data === undefined) return undefined;
  clone.assigning = true;
  if (clone.promotable) addPromotionScores(clone);
  for (const { primary } of thisWithOf(clone)) primary.kind.assign(set, primary, prefer, stopIfFail);
  for (const colocation of withThisOf(clone)) addDependentScores(set, colocation, clone);
  showScores(set, 'pcmk__clone_assign', clone);
  clone.children = mergeSorted(clone.children, (a, b) => compareInstances(set, a, b));
  assignInstances(set, clone, clone.children, data.max, data.nodeMax);
  if (clone.promotable) setPromotableRoles(set, clone);
  clone.unassigned = false;
  clone.assigning = false;
  return undefined;
}

/** A clone as primary of a primitive (scheduler-2 13.6). */
export function applyColocationOfClone(
  set: WorkingSet,
  dependent: Resource,
  clone: Resource,
  colocation: Colocation,
): number {
  if (clone.unassigned) return 0;
  const { score } = colocation;
  if (clone.promotable && colocation.primaryRole !== Role.unknown) {
    if (dependent.unassigned) {
      placeWithRole(dependent, clone, colocation);
      return 0;
    }
    if (colocation.dependentRole === Role.promoted) return applyPromotedPrimary(set, dependent, clone, colocation);
  }
  if (canInterleave(set, clone, colocation)) {
    const partner = compatibleInstance(set, dependent, clone, Role.unknown, false);
    if (partner !== undefined) return applyColocation(set, dependent, partner, colocation, true);
    if (score >= infinity) assignNowhere(set, dependent);
    return 0;
  }
  if (score >= infinity) {
    const places: NodeEntry[] = [];
    for (const instance of clone.children) {
      const place = singleLocation(instance, 'assigned');
      if (place !== undefined && !anyRecursive(instance, (each) => each.blocked)) places.unshift(place.entry);
    }
    intersect(dependent, places, false);
    return 0;
  }
  return sumScores(clone.children, (instance) => applyColocation(set, dependent, instance, colocation, false));
}

function canInterleave(set: WorkingSet, clone: Resource, colocation: Colocation): boolean {
  const { dependent } = colocation;
  if (dependent.variant !== 'clone' && dependent.variant !== 'bundle') return false;
  if (!interleaves(dependent)) return false;
  if (maxPerNodeOf(dependent) === maxPerNodeOf(clone)) return true;
  configError(
    set,
    `Cannot interleave ${dependent.id} and ${clone.id}: they do not support the same number of instances per node`,
  );
  return false;
}

/** A clone's needs: of the instance that is asked for, else of the first (scheduler-2 16.4). */
export function addUtilizationOfClone(clone: Resource, list: readonly Resource[], need: Map<string, number>): void {
  if (!clone.unassigned) return;
  let existing = false;
  for (const child of clone.children) {
    if (list.includes(child)) {
      existing = true;
    } else if (child.children.some((member) => list.includes(member))) {
      existing = true;
      child.kind.addUtilization(child, list, need);
    }
  }
  const first = clone.children[0];
  if (!existing && first !== undefined) first.kind.addUtilization(first, list, need);
}
