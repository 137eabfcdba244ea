import { parseBoolean } from '@sanode/rules';
import { attr, childElements, type Element, withAttributes } from '@sanode/xml';
import type { Colocation } from '../model/constraint.ts';
import type { Resource, Variant } from '../model/resource.ts';
import { parseRole, Role } from '../model/role.ts';
import { configError, type WorkingSet } from '../model/working-set.ts';
import { orderAntiColocated } from '../orderings/anti-colocation.ts';
import { compareBytes, sameText } from '../values/names.ts';
import { infinity, parseScore } from '../values/scores.ts';
import { expandSets, findConstrained, isSequential, membersOf, resourceSets, setFor } from './find.ts';

const variantRank: Readonly<Record<Variant, number>> = { primitive: 0, group: 1, clone: 2, bundle: 3 };

function compareResources(a: Resource, b: Resource): number {
  if (a.priority !== b.priority) return b.priority - a.priority;
  if (a.variant !== b.variant) return variantRank[b.variant] - variantRank[a.variant];
  if (a.variant === 'clone' && a.promotable !== b.promotable) return a.promotable ? -1 : 1;
  return compareBytes(a.id, b.id);
}

/** Order of "this with" lists: by primaries (scheduler-2 8.1). */
export function compareByPrimary(a: Colocation, b: Colocation): number {
  return compareResources(a.primary, b.primary);
}

/** Order of "with this" lists: by dependents. */
export function compareByDependent(a: Colocation, b: Colocation): number {
  return compareResources(a.dependent, b.dependent);
}

/** Inserts before the first that does not go before it: among equals, the newest comes first. */
export function sortedInsert<T>(list: T[], item: T, compare: (a: T, b: T) => number): void {
  let at = 0;
  while (at < list.length && compare(item, list[at] as T) > 0) at += 1;
  list.splice(at, 0, item);
}

/** Adds a colocation to both resources' lists; one without score is nothing (scheduler-2 7.1). */
export function addColocation(set: WorkingSet, colocation: Colocation): void {
  if (colocation.score === 0) return;
  sortedInsert(colocation.dependent.thisWith, colocation, compareByPrimary);
  sortedInsert(colocation.primary.withThis, colocation, compareByDependent);
  set.colocations.unshift(colocation);
  if (colocation.score <= -infinity) orderAntiColocated(set, colocation);
}

/** Adds a colocation that the scheduler makes by itself. */
export function addInternalColocation(
  set: WorkingSet,
  id: string,
  score: number,
  dependent: Resource,
  primary: Resource,
  influence = true,
): void {
  addColocation(set, {
    id,
    attribute: '#uname',
    score,
    dependent,
    primary,
    dependentRole: Role.unknown,
    primaryRole: Role.unknown,
    influence,
    explicit: false,
  });
}

/** Reads an `rsc_colocation` (scheduler-2 7). */
export function unpackColocation(set: WorkingSet, xml: Element): void {
  const expanded = expandSets(set, xml) ?? expandEnds(set, xml);
  if (expanded === undefined) return;
  const score = scoreOf(set, expanded, expanded);
  if (score === undefined) return;
  const sets = resourceSets(set, expanded);
  if (sets.length === 0) {
    unpackSimple(set, expanded, score);
    return;
  }
  let last: Element | undefined;
  for (const resourceSet of sets) {
    if (attr(resourceSet, 'id') === undefined) {
      configError(set, `Constraint '${attr(xml, 'id')}': ignoring a set without id`);
      continue;
    }
    unpackSet(set, expanded, resourceSet, score);
    if (last !== undefined) unpackSetPair(set, expanded, last, resourceSet, score);
    last = resourceSet;
  }
}

function scoreOf(set: WorkingSet, xml: Element, constraint: Element): number | undefined {
  const text = attr(xml, 'score');
  if (text === undefined) return 0;
  const score = parseScore(text, set.options.healthScores);
  if (score === undefined) configError(set, `Ignoring constraint '${attr(constraint, 'id')}': invalid score '${text}'`);
  return score;
}

/** Puts sets in the place of ends that are templates or tags. */
function expandEnds(set: WorkingSet, xml: Element): Element | undefined {
  const dependent = attr(xml, 'rsc');
  const primary = attr(xml, 'with-rsc');
  if (dependent === undefined || primary === undefined) return xml;
  const named = [dependent, primary].map((id) => ({ id, resource: findConstrained(set, id) }));
  if (named.every(({ resource }) => resource !== undefined)) return xml;
  const unknown = named.find(({ id, resource }) => resource === undefined && membersOf(set, id) === undefined);
  if (unknown !== undefined || named.every(({ resource }) => resource === undefined)) {
    const why = unknown === undefined ? 'both ends are templates or tags' : `'${unknown.id}' is no resource or tag`;
    configError(set, `Ignoring constraint '${attr(xml, 'id')}': ${why}`);
    return undefined;
  }
  const copy = withAttributes(xml, {
    rsc: undefined,
    'with-rsc': undefined,
    'rsc-role': undefined,
    'with-rsc-role': undefined,
  });
  const sets = [
    setFor(set, dependent, { role: attr(xml, 'rsc-role') }),
    setFor(set, primary, { role: attr(xml, 'with-rsc-role') }),
  ];
  return { ...copy, children: [...copy.children, ...sets] };
}

/** Role of one end; `Started` counts for every role; `undefined` for what is none. */
function endRole(text: string | undefined): Role | undefined {
  if (text === undefined) return Role.unknown;
  const role = parseRole(text);
  if (role === undefined || (role === Role.unknown && !sameText(text, 'unknown'))) return undefined;
  return role === Role.started ? Role.unknown : role;
}

function influenceOf(set: WorkingSet, xml: Element, dependent: Resource): boolean {
  const text = attr(xml, 'influence');
  const value = parseBoolean(text);
  if (value !== undefined) return value;
  if (text !== undefined) configError(set, `Constraint '${attr(xml, 'id')}': invalid influence '${text}'`);
  return dependent.critical;
}

interface End {
  readonly resource: Resource;
  readonly role: string | undefined;
}

function addExplicit(
  set: WorkingSet,
  xml: Element,
  id: string | undefined,
  score: number,
  dependent: End,
  primary: End,
  influenceFrom: Resource,
  attribute = '#uname',
): void {
  const dependentRole = endRole(dependent.role);
  const primaryRole = endRole(primary.role);
  if (dependentRole === undefined || primaryRole === undefined) {
    configError(set, `Ignoring constraint '${attr(xml, 'id')}': a role is not valid`);
    return;
  }
  addColocation(set, {
    id: id ?? '',
    attribute,
    score,
    dependent: dependent.resource,
    primary: primary.resource,
    dependentRole,
    primaryRole,
    influence: influenceOf(set, xml, influenceFrom),
    explicit: true,
  });
}

function unpackSimple(set: WorkingSet, xml: Element, score: number): void {
  const dependent = findConstrained(set, attr(xml, 'rsc'));
  const primary = findConstrained(set, attr(xml, 'with-rsc'));
  if (dependent === undefined || primary === undefined) {
    const missing = dependent === undefined ? attr(xml, 'rsc') : attr(xml, 'with-rsc');
    configError(set, `Ignoring constraint '${attr(xml, 'id')}': there is no resource '${missing}'`);
    return;
  }
  addExplicit(
    set,
    xml,
    attr(xml, 'id'),
    score,
    { resource: dependent, role: attr(xml, 'rsc-role') },
    { resource: primary, role: attr(xml, 'with-rsc-role') },
    dependent,
    attr(xml, 'node-attribute') ?? '#uname',
  );
}

function members(set: WorkingSet, resourceSet: Element): (Resource | undefined)[] {
  return childElements(resourceSet, 'resource_ref').map((reference) => {
    const resource = findConstrained(set, attr(reference, 'id'));
    if (resource === undefined) configError(set, `There is no resource '${attr(reference, 'id')}'`);
    return resource;
  });
}

/** Colocations within one set. */
function unpackSet(set: WorkingSet, xml: Element, resourceSet: Element, constraintScore: number): void {
  const score = attr(resourceSet, 'score') === undefined ? constraintScore : scoreOf(set, resourceSet, xml);
  if (score === undefined || score === 0 || !isSequential(resourceSet)) return;
  const ordering = attr(resourceSet, 'ordering');
  const withPrevious = ordering === undefined || sameText(ordering, 'group');
  const role = attr(resourceSet, 'role');
  const id = attr(resourceSet, 'id');
  const add = (dependent: Resource, primary: Resource, from: Resource) =>
    addExplicit(set, xml, id, score, { resource: dependent, role }, { resource: primary, role }, from);
  const known: Resource[] = [];
  for (const resource of members(set, resourceSet)) {
    if (resource === undefined) return;
    const previous = known.at(-1);
    if (score < 0) for (const other of untilNamed(set, resourceSet, resource)) add(resource, other, resource);
    else if (previous !== undefined && withPrevious) add(resource, previous, resource);
    else if (previous !== undefined) add(previous, resource, resource);
    known.push(resource);
  }
}

/**
 * What a set lists before it lists a resource by its id. A clone that the set lists by its child's name is never listed
 * so: it avoids the whole set, also what comes after it and itself (scheduler-2 7.4).
 */
function untilNamed(set: WorkingSet, resourceSet: Element, resource: Resource): Resource[] {
  const others: Resource[] = [];
  for (const reference of childElements(resourceSet, 'resource_ref')) {
    const id = attr(reference, 'id');
    if (id === resource.id) break;
    const other = findConstrained(set, id);
    if (other === undefined) break;
    others.push(other);
  }
  return others;
}

/** Colocations of one set with the next. */
function unpackSetPair(set: WorkingSet, xml: Element, set1: Element, set2: Element, score: number): void {
  if (score === 0) return;
  const dependents = isSequential(set1) ? members(set, set1).slice(0, 1) : members(set, set1);
  const primaries = isSequential(set2) ? members(set, set2).slice(-1) : members(set, set2);
  const [role1, role2] = [attr(set1, 'role'), attr(set2, 'role')];
  for (const dependent of dependents) {
    for (const primary of primaries) {
      // Of a set without order, those that are known still count.
      if (dependent === undefined || primary === undefined) continue;
      const ends = [
        { resource: dependent, role: role1 },
        { resource: primary, role: role2 },
      ] as const;
      addExplicit(set, xml, attr(xml, 'id'), score, ends[0], ends[1], dependent);
    }
  }
}
