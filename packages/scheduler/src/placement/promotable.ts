import { banOrAdd } from '../constraints/ban.ts';
import { isMissing } from '../constraints/tickets.ts';
import type { Colocation } from '../model/constraint.ts';
import type { TableRef } from '../model/kind.ts';
import type { NodeEntry } from '../model/node.ts';
import { type Resource, topOf, withDescendants } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { stateOf } from '../status/active.ts';
import { mergeSorted } from '../values/merge-sort.ts';
import { sameText } from '../values/names.ts';
import { addScores, infinity, scoreText } from '../values/scores.ts';
import { colocationAttribute, hasInfluence } from './affects.ts';
import { applyColocation, intersect } from './apply-colocation.ts';
import { thisWithOf, withThisOf } from './colocation-lists.ts';
import { compareInstances, compatibleInstance } from './instances.ts';
import { isAvailable, locationsOf, singleLocation } from './nodes.ts';
import { promotionScore } from './promotion-score.ts';

/** Adds promotion scores to instances' tables and priorities, before they are placed (scheduler-2 14.2). */
export function addPromotionScores(clone: Resource): void {
  const data = clone.clone;
  if (data === undefined || data.promotionScoresAdded) return;
  data.promotionScoresAdded = true;
  for (const instance of clone.children) {
    for (const entry of instance.allowed.values()) {
      if (!isAvailable(entry, false, false)) continue;
      const { score } = promotionScore(instance, entry.node);
      if (score > 0) entry.score = addScores(entry.score, score);
      if (score > instance.priority) instance.priority = score;
    }
  }
}

/** Chooses which instances are promoted (scheduler-2 14.3). */
export function setPromotableRoles(set: WorkingSet, clone: Resource): void {
  for (const entry of clone.allowed.values()) entry.count = 0;
  for (const instance of clone.children) setPromotionPriority(set, clone, instance);
  sortForPromotion(set, clone);
  let promoted = 0;
  for (const instance of clone.children) if (setInstanceRole(set, clone, instance, promoted)) promoted += 1;
}

function setPromotionPriority(set: WorkingSet, clone: Resource, instance: Resource): void {
  if (stateOf(instance, true) === Role.started) {
    for (const each of withDescendants(instance)) {
      if (each.origRole === Role.started) each.origRole = Role.unpromoted;
    }
  }
  const chosen = singleLocation(instance, 'assigned');
  if (chosen === undefined) return;
  switch (stateOf(instance, false)) {
    case Role.started:
    case Role.unknown: {
      const { score, found } = promotionScore(instance, chosen);
      instance.priority = found ? score : -1;
      break;
    }
    case Role.unpromoted:
    case Role.stopped:
      instance.priority = -infinity;
      break;
  }
  for (const location of [...instance.locations, ...clone.locations]) {
    if (location.role !== Role.promoted) continue;
    const entry = location.nodes.find((candidate) => candidate.node === chosen);
    if (entry !== undefined) instance.priority = addScores(instance.priority, entry.score);
  }
  for (const colocation of thisWithOf(instance)) applyColocation(set, instance, colocation.primary, colocation, true);
  instance.promotionPriority = stateOf(instance, false) === Role.promoted ? infinity : instance.priority;
}

function sortForPromotion(set: WorkingSet, clone: Resource): void {
  const data = clone.clone;
  if (data === undefined || data.promotionSorted) return;
  data.promotionSorted = true;
  clone.updatingNodes = true;
  for (const instance of clone.children) {
    const place = singleLocation(instance, 'assigned');
    const entry = place === undefined ? undefined : clone.allowed.get(place.id);
    if (entry === undefined || instance.promotionPriority < 0) continue;
    entry.score = addScores(instance.promotionPriority, entry.score);
  }
  addPromotedDependents(set, clone);
  for (const constraint of clone.tickets) {
    if (constraint.role === Role.promoted && isMissing(constraint)) banOrAdd(set, clone, 'all', -infinity);
  }
  for (const instance of clone.children) settlePriority(clone, instance);
  clone.children = mergeSorted(clone.children, (a, b) => {
    if (a.promotionPriority !== b.promotionPriority) return b.promotionPriority - a.promotionPriority;
    const roles = stateOf(b, true) - stateOf(a, true);
    return roles !== 0 ? roles : compareInstances(set, a, b);
  });
  clone.updatingNodes = false;
}

function addPromotedDependents(set: WorkingSet, clone: Resource): void {
  for (const colocation of withThisOf(clone)) {
    if (colocation.primaryRole !== Role.promoted || !hasInfluence(colocation)) continue;
    const { dependent } = colocation;
    const ref: TableRef = { table: clone.allowed };
    const factor = Math.fround(colocation.score / infinity);
    const flags = { thisWith: false, nonNegative: true, active: true };
    dependent.kind.addColocated(set, dependent, clone, ref, colocation, factor, flags);
    if (ref.table !== undefined) clone.allowed = ref.table;
  }
}

function settlePriority(clone: Resource, instance: Resource): void {
  const place = singleLocation(instance, 'assigned');
  if (!instance.managed && instance.nextRole === Role.promoted) {
    instance.promotionPriority = infinity;
  } else if (place === undefined) {
    instance.promotionPriority = -infinity;
  } else if (instance.promotionPriority >= 0) {
    instance.promotionPriority = clone.allowed.get(place.id)?.score ?? instance.promotionPriority;
  }
}

/** Notes an instance's promotion score and decides on its role; true if it is promoted (scheduler-2 14.7). */
function setInstanceRole(set: WorkingSet, clone: Resource, instance: Resource, promoted: number): boolean {
  const place = singleLocation(instance, 'assigned');
  const where = place === undefined ? ' (inactive)' : ` on ${place.name}`;
  const text = `${instance.id} promotion score${where}: ${scoreText(instance.promotionPriority)}`;
  set.printed.push({ kind: 'score', text });
  const roomLeft = promoted < (clone.clone?.promotedMax ?? 0) || !clone.managed;
  const chosen = instance.promotionPriority >= 0 && roomLeft ? promotableNode(instance) : undefined;
  if (chosen === undefined) {
    setUnpromoted(instance);
    return false;
  }
  if (instance.origRole < Role.promoted && !set.quorate && set.options.noQuorumPolicy === 'freeze') {
    setUnpromoted(instance);
    return false;
  }
  chosen.count += 1;
  for (const each of withDescendants(instance)) {
    if (each.nextRole === Role.unknown) each.nextRole = Role.promoted;
  }
  return true;
}

function setUnpromoted(instance: Resource): void {
  instance.nextRole = locationsOf(instance, 'assigned').length === 0 ? Role.stopped : Role.unpromoted;
  for (const child of instance.children) setUnpromoted(child);
}

/** The clone's entry for the node on which an instance can be promoted. */
function promotableNode(instance: Resource): NodeEntry | undefined {
  for (const child of instance.children) if (promotableNode(child) === undefined) return undefined;
  const place = singleLocation(instance, 'assigned');
  if (place === undefined) return undefined;
  if (!instance.managed) {
    if (stateOf(instance, true) !== Role.promoted) return undefined;
  } else if (instance.priority < 0 || !isAvailable(place.entry, false, true)) {
    return undefined;
  }
  const top = topOf(instance);
  const entry = top.allowed.get(place.id);
  if (entry === undefined) return undefined;
  return entry.count >= (top.clone?.promotedNodeMax ?? 1) && instance.managed ? undefined : entry;
}

/** Places what goes with a role of a promotable clone (scheduler-2 14.8). */
export function placeWithRole(dependent: Resource, clone: Resource, colocation: Colocation): void {
  const { score, attribute } = colocation;
  const places: NodeEntry[] = [];
  for (const instance of clone.children) {
    const place = assignedEntry(instance);
    if (place === undefined || stateOf(instance, false) !== colocation.primaryRole) continue;
    if (score < infinity) {
      const wanted = colocationAttribute(place.node, attribute, clone);
      for (const entry of dependent.allowed.values()) {
        if (sameText(colocationAttribute(entry.node, attribute, dependent), wanted)) {
          entry.score = addScores(entry.score, score);
        }
      }
    }
    places.unshift(place);
  }
  const bothPromoted = colocation.dependentRole === Role.promoted && colocation.primaryRole === Role.promoted;
  if (score >= infinity && !bothPromoted) intersect(dependent, places, true);
}

/** Where an instance is assigned, with the score it had there: a group instance's is its first member's. */
function assignedEntry(instance: Resource): NodeEntry | undefined {
  if (singleLocation(instance, 'assigned') === undefined) return undefined;
  if (instance.variant === 'primitive') return instance.assigned;
  for (const child of instance.children) {
    const entry = assignedEntry(child);
    if (entry !== undefined) return entry;
  }
  return undefined;
}

/** A promoted dependent of a promotable primary: its chance depends on the partner (scheduler-2 14.9). */
export function applyPromotedPrimary(
  set: WorkingSet,
  dependent: Resource,
  clone: Resource,
  colocation: Colocation,
): number {
  const { score, primaryRole, attribute } = colocation;
  const partner = compatibleInstance(set, dependent, clone, primaryRole, false, attribute);
  if (partner !== undefined) {
    dependent.priority = addScores(dependent.priority, score);
    return score;
  }
  if (score < infinity) return 0;
  dependent.priority = -infinity;
  return -infinity;
}
