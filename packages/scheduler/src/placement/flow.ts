import type { Colocation } from '../model/constraint.ts';
import type { TableRef, WalkFlags } from '../model/kind.ts';
import { copyTable, type NodeTable } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { addScores, infinity, unusable } from '../values/scores.ts';
import { colocationAttribute, hasInfluence } from './affects.ts';
import { thisWithOf, withThisOf } from './colocation-lists.ts';
import { anyAvailable, isAvailable } from './nodes.ts';

/** Lets one dependent's preferences flow into the table of what is being placed (scheduler-2 10.2). */
export function addDependentScores(set: WorkingSet, colocation: Colocation, resource: Resource): void {
  if (!hasInfluence(colocation)) return;
  const { dependent } = colocation;
  const ref: TableRef = { table: resource.allowed };
  const flags = { thisWith: false, nonNegative: resource.variant === 'clone', active: true };
  const factor = Math.fround(colocation.score / infinity);
  dependent.kind.addColocated(set, dependent, resource, ref, colocation, factor, flags);
  if (ref.table !== undefined) resource.allowed = ref.table;
}

/** Adds a resource's preferences, and those of what depends on it, to a table (scheduler-2 10.3). */
export function addColocatedScores(
  set: WorkingSet,
  source: Resource,
  target: Resource | undefined,
  ref: TableRef,
  colocation: Colocation | undefined,
  factor: number,
  flags: WalkFlags,
): void {
  if (source.updatingNodes) return;
  source.updatingNodes = true;
  let work: NodeTable;
  let receiver = target;
  if (ref.table === undefined || colocation === undefined) {
    work = copyTable(source.allowed);
    receiver = source;
  } else {
    work = copyTable(ref.table);
    merge(set, work, source, receiver ?? source, colocation, factor, flags.nonNegative);
  }
  if (anyAvailable(work)) {
    ref.table = follow(set, source, receiver ?? source, work, factor, flags);
  } else if (!flags.active) {
    ref.table = work;
  } else {
    source.updatingNodes = false;
    return;
  }
  if (flags.nonNegative) {
    for (const entry of ref.table.values()) if (entry.score === unusable) entry.score = 1;
  }
  source.updatingNodes = false;
}

/** Goes on to what is colocated with the source. */
function follow(
  set: WorkingSet,
  source: Resource,
  target: Resource,
  work: NodeTable,
  factor: number,
  flags: WalkFlags,
): NodeTable {
  const ref: TableRef = { table: work };
  const deeper = flags.active ? flags : { ...flags, active: true };
  for (const next of flags.thisWith ? thisWithOf(source) : withThisOf(source)) {
    if (!flags.thisWith && !hasInfluence(next)) continue;
    const other = flags.thisWith ? next.primary : next.dependent;
    const nextFactor = Math.fround(Math.fround(factor * next.score) / infinity);
    other.kind.addColocated(set, other, target, ref, next, nextFactor, deeper);
  }
  return ref.table ?? work;
}

/** A group is walked from its first member, which leads to the others; for sorting from its last. */
export function addColocatedScoresOfGroup(
  set: WorkingSet,
  source: Resource,
  target: Resource | undefined,
  ref: TableRef,
  colocation: Colocation | undefined,
  factor: number,
  flags: WalkFlags,
): void {
  if (source.updatingNodes) return;
  source.updatingNodes = true;
  const member = ref.table === undefined ? source.children.at(-1) : source.children[0];
  if (member === undefined) return;
  member.kind.addColocated(set, member, target, ref, colocation, factor, flags);
  source.updatingNodes = false;
}

/** Adds a source's scores, scaled, to a table (scheduler-2 10.4). */
function merge(
  set: WorkingSet,
  work: NodeTable,
  source: Resource,
  target: Resource,
  colocation: Colocation,
  factor: number,
  nonNegative: boolean,
): void {
  const { attribute } = colocation;
  const best = bestScores(set, source, colocation);
  for (const entry of work.values()) {
    const value = colocationAttribute(entry.node, attribute, target);
    const score = best(value);
    if (factor < 0 && score < 0 && !doubleNegativeCounts(colocation, score)) continue;
    if (entry.score === unusable) continue;
    const scaled = Math.fround(factor * score);
    let delta = scaled < 0 ? Math.trunc(scaled - 0.5) : Math.trunc(scaled + 0.5);
    if (delta === 0 && score !== 0) delta = factor > 0 ? 1 : factor < 0 ? -1 : 0;
    const sum = addScores(delta, entry.score);
    if (nonNegative && sum < 0 && entry.score > 0) entry.score = unusable;
    else if (!(nonNegative && sum < 0 && entry.score === 0)) entry.score = sum;
  }
}

function doubleNegativeCounts(colocation: Colocation, score: number): boolean {
  if (colocation.primary.stickiness >= -score || !hasInfluence(colocation)) return false;
  let allowed = 0;
  for (const entry of colocation.dependent.allowed.values()) if (entry.score >= 0) allowed += 1;
  return allowed === 1;
}

/** The source's best score for each value of an attribute (scheduler-2 10.5). */
function bestScores(set: WorkingSet, source: Resource, colocation: Colocation): (value: string | undefined) => number {
  const { attribute } = colocation;
  const table = tableWithGroupLocations(set, source, colocation);
  const best = new Map<string | undefined, number>();
  for (const entry of table.values()) {
    if (entry.score <= -infinity || !isAvailable(entry, false, false)) continue;
    const value = colocationAttribute(entry.node, attribute, source)?.toLowerCase();
    if (entry.score > (best.get(value) ?? -infinity)) best.set(value, entry.score);
  }
  return (value) => best.get(value?.toLowerCase()) ?? -infinity;
}

/** An inner member named in a constraint also counts its group's locations, which only the first member got. */
function tableWithGroupLocations(set: WorkingSet, source: Resource, colocation: Colocation): NodeTable {
  const { parent } = source;
  if (source !== colocation.dependent || !colocation.explicit || parent?.variant !== 'group') return source.allowed;
  if (parent.children[0] === source) return source.allowed;
  const original = source.allowed;
  source.allowed = copyTable(original);
  for (const location of set.locations) {
    if (location.resource === parent) source.kind.applyLocation(source, location);
  }
  const table = source.allowed;
  source.allowed = original;
  return table;
}
