import { compareByDependent, compareByPrimary, sortedInsert } from '../constraints/colocations.ts';
import type { Colocation } from '../model/constraint.ts';
import { isBundled, type Resource, topOf } from '../model/resource.ts';
import { infinity } from '../values/scores.ts';

/** Colocations that count for a resource as the dependent, in the order in which they apply (scheduler-2 8.2). */
export function thisWithOf(resource: Resource): Colocation[] {
  const list: Colocation[] = [];
  resource.kind.addThisWith(resource, resource, list);
  return list;
}

/** Colocations that count for a resource as the primary. */
export function withThisOf(resource: Resource): Colocation[] {
  const list: Colocation[] = [];
  resource.kind.addWithThis(resource, resource, list);
  return list;
}

/** The reference adds only the first of several to a list that has something already; results depend on it. */
function addList(
  list: Colocation[],
  additions: readonly Colocation[],
  compare: (a: Colocation, b: Colocation) => number,
): void {
  const first = additions[0];
  if (first === undefined) return;
  if (list.length === 0) list.push(...additions);
  else for (let times = 0; times < additions.length; times += 1) sortedInsert(list, first, compare);
}

function addExplicit(
  list: Colocation[],
  additions: readonly Colocation[],
  compare: (a: Colocation, b: Colocation) => number,
): void {
  for (const colocation of additions) if (colocation.explicit) sortedInsert(list, colocation, compare);
}

export function addThisWithOfPrimitive(resource: Resource, original: Resource, list: Colocation[]): void {
  if (resource !== original) {
    addExplicit(list, resource.thisWith, compareByPrimary);
    return;
  }
  addList(list, resource.thisWith, compareByPrimary);
  resource.parent?.kind.addThisWith(resource.parent, original, list);
}

export function addWithThisOfPrimitive(resource: Resource, original: Resource, list: Colocation[]): void {
  if (resource !== original) {
    addExplicit(list, resource.withThis, compareByDependent);
    return;
  }
  addList(list, resource.withThis, compareByDependent);
  resource.parent?.kind.addWithThis(resource.parent, original, list);
}

export function addThisWithOfGroup(group: Resource, original: Resource, list: Colocation[]): void {
  const members = group.children;
  if (members.length === 0) return;
  if (original === group || original === members[0]) {
    addList(list, group.thisWith, compareByPrimary);
    group.parent?.kind.addThisWith(group.parent, original, list);
    if (group.group?.colocated !== true) return;
    for (const member of members) if (member !== original) member.kind.addThisWith(member, original, list);
    return;
  }
  for (const member of members) {
    if (member === original) return;
    if (member.managed) continue;
    for (const colocation of group.thisWith) {
      if (colocation.score >= infinity) sortedInsert(list, colocation, compareByPrimary);
    }
    return;
  }
}

export function addWithThisOfGroup(group: Resource, original: Resource, list: Colocation[]): void {
  const last = group.children.at(-1);
  if (last === undefined || (original !== group && original !== last)) return;
  addList(list, group.withThis, compareByDependent);
  group.parent?.kind.addWithThis(group.parent, original, list);
  if (group.group?.colocated !== true) return;
  for (const member of group.children) if (member !== original) member.kind.addWithThis(member, original, list);
}

export function addThisWithOfClone(clone: Resource, original: Resource, list: Colocation[]): void {
  addList(list, clone.thisWith, compareByPrimary);
  clone.parent?.kind.addThisWith(clone.parent, original, list);
}

export function addWithThisOfClone(clone: Resource, original: Resource, list: Colocation[]): void {
  addList(list, clone.withThis, compareByDependent);
  clone.parent?.kind.addWithThis(clone.parent, original, list);
}

/** A bundle's constraints are its containers'; with roles, those of what runs inside. */
function bundleApplies(bundle: Resource, original: Resource): boolean {
  if (original === bundle || original.replicaContainer) return true;
  const bundled = bundle.bundle?.bundled;
  if (bundled === undefined || !bundled.promotable || !isBundled(original) || topOf(original) !== bundled) return false;
  return original === bundled ? bundled.clone?.promotionSorted === true : !original.unassigned;
}

export function addThisWithOfBundle(bundle: Resource, original: Resource, list: Colocation[]): void {
  if (bundleApplies(bundle, original)) addList(list, bundle.thisWith, compareByPrimary);
}

export function addWithThisOfBundle(bundle: Resource, original: Resource, list: Colocation[]): void {
  if (bundleApplies(bundle, original)) addList(list, bundle.withThis, compareByDependent);
}
