import type { Colocation } from '../model/constraint.ts';
import { copyTable, type NodeEntry } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import { configError, type WorkingSet } from '../model/working-set.ts';
import { sameText } from '../values/names.ts';
import { addScores, infinity } from '../values/scores.ts';
import { affects, colocationAttribute, roleResource } from './affects.ts';
import { anyAvailable } from './nodes.ts';

/** Applies a colocation, going by the dependent's kind; returns by how much a promotion priority changed. */
export function applyColocation(
  set: WorkingSet,
  dependent: Resource,
  primary: Resource,
  colocation: Colocation,
  forDependent: boolean,
): number {
  const kind = forDependent ? dependent.kind : primary.kind;
  return kind.applyColocation(set, dependent, primary, colocation, forDependent);
}

/** A primitive as dependent hands on to the primary's kind; as primary it is the place to be (scheduler-2 9.3). */
export function applyColocationOfPrimitive(
  set: WorkingSet,
  dependent: Resource,
  primary: Resource,
  colocation: Colocation,
  forDependent: boolean,
): number {
  if (forDependent) return primary.kind.applyColocation(set, dependent, primary, colocation, false);
  return applyToPrimitives(dependent, primary, colocation);
}

/** The rule between two primitives. */
export function applyToPrimitives(dependent: Resource, primary: Resource, colocation: Colocation): number {
  switch (affects(dependent, primary, colocation, false)) {
    case 'role':
      return applyToPriority(dependent, primary, colocation);
    case 'location':
      applyToScores(dependent, primary, colocation);
      return 0;
    default:
      return 0;
  }
}

function applyToScores(dependent: Resource, primary: Resource, colocation: Colocation): void {
  const { score, attribute } = colocation;
  const place = primary.assigned?.node;
  if (place === undefined && score < 0) return;
  const value = colocationAttribute(place, attribute, primary);
  const work = copyTable(dependent.allowed);
  for (const entry of work.values()) {
    if (place === undefined) {
      entry.score = addScores(-score, entry.score);
    } else if (sameValue(colocationAttribute(entry.node, attribute, dependent), value)) {
      if (score < infinity) entry.score = addScores(score, entry.score);
    } else if (score >= infinity) {
      entry.score = -infinity;
    }
  }
  if (score <= -infinity || score >= infinity || anyAvailable(work)) dependent.allowed = work;
}

function sameValue(a: string | undefined, b: string | undefined): boolean {
  return sameText(a, b);
}

function applyToPriority(dependent: Resource, primary: Resource, colocation: Colocation): number {
  const dependentNode = dependent.assigned?.node;
  const primaryNode = primary.assigned?.node;
  if (dependentNode === undefined) return 0;
  const { primaryRole, attribute } = colocation;
  if (primaryNode !== undefined && primaryRole !== Role.unknown && primaryRole !== roleResource(primary).nextRole) {
    return 0;
  }
  let multiplier = 1;
  const value = colocationAttribute(dependentNode, attribute, dependent);
  const wanted = primaryNode === undefined ? undefined : colocationAttribute(primaryNode, attribute, primary);
  if (!sameValue(value, wanted)) {
    if (colocation.score < infinity || colocation.dependentRole !== Role.promoted) return 0;
    multiplier = -1;
  } else if (colocation.dependentRole === Role.unpromoted) {
    multiplier = -1;
  }
  const delta = multiplier * colocation.score;
  dependent.priority = addScores(delta, dependent.priority);
  return delta;
}

/** A group as dependent acts through its first member, as primary it is its last or first (scheduler-2 9.6, 9.7). */
export function applyColocationOfGroup(
  set: WorkingSet,
  dependent: Resource,
  primary: Resource,
  colocation: Colocation,
  forDependent: boolean,
): number {
  if (forDependent) return applyGroupAsDependent(set, dependent, primary, colocation);
  if (primary.unassigned) return 0;
  const members = primary.children;
  if (primary.group?.colocated === true) {
    const member = colocation.score >= infinity ? members.at(-1) : members[0];
    return member === undefined ? 0 : applyColocation(set, dependent, member, colocation, false);
  }
  if (colocation.score >= infinity) {
    configError(set, `Cannot require ${dependent.id} with group ${primary.id}: its members are not colocated`);
    return 0;
  }
  return sumScores(members, (member) => applyColocation(set, dependent, member, colocation, false));
}

function applyGroupAsDependent(set: WorkingSet, group: Resource, primary: Resource, colocation: Colocation): number {
  const first = group.children[0];
  if (first === undefined) return 0;
  let delta = 0;
  if (group.group?.colocated === true) {
    delta = applyColocation(set, first, primary, colocation, true);
  } else if (colocation.score >= infinity) {
    configError(set, `Cannot require group ${group.id} with ${primary.id}: its members are not colocated`);
  } else {
    delta = sumScores(group.children, (member) => member.kind.applyColocation(set, member, primary, colocation, false));
  }
  if (delta !== 0) group.priority = addScores(delta, group.priority);
  return delta;
}

/** Adds up what each gives. */
export function sumScores<T>(items: readonly T[], scoreOf: (item: T) => number): number {
  let sum = 0;
  for (const item of items) sum = addScores(sum, scoreOf(item));
  return sum;
}

/** Bans what is not in a list; with `merge` the others get the list's scores, too (scheduler-2 9.8). */
export function intersect(dependent: Resource, list: readonly NodeEntry[], merge: boolean): void {
  for (const entry of dependent.allowed.values()) {
    const match = list.find((candidate) => candidate.node.id === entry.node.id);
    if (match === undefined) entry.score = -infinity;
    else if (merge) entry.score = addScores(entry.score, match.score);
  }
}

/** Applies one "this with" constraint while its dependent is placed (scheduler-2 9.9). */
export function applyThisWith(set: WorkingSet, colocation: Colocation, resource: Resource): void {
  const { primary, score } = colocation;
  const reversible = colocation.dependentRole >= Role.promoted || (score < 0 && score > -infinity);
  const archive = reversible ? copyTable(resource.allowed) : undefined;
  if (primary.unassigned) primary.kind.assign(set, primary, undefined, true);
  applyColocation(set, resource, primary, colocation, true);
  if (archive !== undefined && !anyAvailable(resource.allowed)) resource.allowed = archive;
}
