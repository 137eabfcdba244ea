import { integerOr, parseBoolean } from '@sanode/rules';
import { attr, type Element, withAttributes } from '@sanode/xml';
import { pseudoAction } from '../actions/create.ts';
import { type Action, Order } from '../model/action.ts';
import type { Resource } from '../model/resource.ts';
import { configError, configWarning, type WorkingSet } from '../model/working-set.ts';
import { addOrdering, task } from '../orderings/ordering.ts';
import {
  expandSets,
  findConstrained,
  isExplicitlySequential,
  isSequential,
  membersOf,
  resourceSets,
  resourcesOfSet,
  setFor,
} from './find.ts';

type OrderKind = 'mandatory' | 'optional' | 'serialize';
type Symmetry = 'asymmetric' | 'symmetric' | 'inverse';

const inverses: ReadonlyMap<string, string> = new Map([
  ['start', 'stop'],
  ['stop', 'start'],
  ['promote', 'demote'],
  ['demote', 'promote'],
  ['promoted', 'demoted'],
  ['demoted', 'promoted'],
  ['running', 'stopped'],
  ['stopped', 'running'],
]);

function kindOf(set: WorkingSet, xml: Element): OrderKind {
  const kind = attr(xml, 'kind');
  if (kind === undefined) {
    const score = attr(xml, 'score');
    return score !== undefined && integerOrScore(score) === 0 ? 'optional' : 'mandatory';
  }
  if (kind === 'Mandatory') return 'mandatory';
  if (kind === 'Optional') return 'optional';
  if (kind === 'Serialize') return 'serialize';
  configError(set, `Resetting kind of constraint ${attr(xml, 'id')} to Mandatory: '${kind}' is not valid`);
  return 'mandatory';
}

function integerOrScore(text: string): number {
  return text.endsWith('INFINITY') ? 1 : integerOr(text, 0);
}

function symmetryOf(
  set: WorkingSet,
  xml: Element,
  parentKind: OrderKind,
  parentSymmetrical: string | undefined,
): 'symmetric' | 'asymmetric' {
  const own = attr(xml, 'kind') !== undefined || attr(xml, 'score') !== undefined;
  const kind = own ? kindOf(set, xml) : parentKind;
  const symmetrical = parseBoolean(attr(xml, 'symmetrical')) ?? parseBoolean(parentSymmetrical);
  if (symmetrical === undefined) return kind === 'serialize' ? 'asymmetric' : 'symmetric';
  if (symmetrical && kind === 'serialize') {
    configWarning(set, `Ignoring symmetrical of '${attr(xml, 'id')}': not valid with a kind of Serialize`);
  }
  return symmetrical && kind !== 'serialize' ? 'symmetric' : 'asymmetric';
}

function flagsOf(kind: OrderKind, firstTask: string, symmetry: Symmetry): number {
  if (kind === 'optional') return Order.seq;
  if (kind === 'serialize') return Order.serial;
  if (symmetry === 'asymmetric') return Order.seq | Order.asym;
  if (symmetry === 'inverse') return Order.seq | Order.thenReqFirst;
  const up = firstTask === 'start' || firstTask === 'promote' || firstTask === 'migrate_from';
  return Order.seq | Order.firstReqThen | (up ? Order.firstBlocks : 0);
}

/** Reads an `rsc_order` (scheduler-3 13). */
export function unpackOrder(set: WorkingSet, xml: Element): void {
  const id = attr(xml, 'id') ?? '';
  const kind = kindOf(set, xml);
  const symmetry = symmetryOf(set, xml, kind, undefined);
  const expanded = expandSets(set, xml) ?? expandEnds(set, xml);
  if (expanded === undefined) return;
  const sets = resourceSets(set, expanded);
  let last: Element | undefined;
  for (const resourceSet of sets) {
    if (!orderSet(set, expanded, resourceSet, kind)) return;
    if (last !== undefined) {
      if (!orderSetPair(set, id, last, resourceSet, kind, symmetry)) return;
      if (symmetry === 'symmetric' && !orderSetPair(set, id, resourceSet, last, kind, 'inverse')) return;
    }
    last = resourceSet;
  }
  if (sets.length === 0) orderTwo(set, expanded, kind, symmetry);
}

function expandEnds(set: WorkingSet, xml: Element): Element | undefined {
  const first = attr(xml, 'first');
  const then = attr(xml, 'then');
  if (first === undefined || then === undefined) return xml;
  const isResource = [first, then].map((id) => findConstrained(set, id) !== undefined);
  if (isResource[0] === true && isResource[1] === true) return xml;
  const unknown = [first, then].find((id, at) => isResource[at] !== true && membersOf(set, id) === undefined);
  if (unknown !== undefined) {
    configError(set, `Ignoring constraint '${attr(xml, 'id')}': '${unknown}' is no resource, template or tag`);
    return undefined;
  }
  const replaced = ['first', 'then', 'first-action', 'then-action'];
  const copy = withAttributes(xml, Object.fromEntries(replaced.map((name) => [name, undefined])));
  const sets = [
    setFor(set, first, { action: attr(xml, 'first-action') }),
    setFor(set, then, { action: attr(xml, 'then-action') }),
  ];
  return { ...copy, children: [...copy.children, ...sets] };
}

function orderTwo(set: WorkingSet, xml: Element, kind: OrderKind, symmetry: 'symmetric' | 'asymmetric'): void {
  const id = attr(xml, 'id') ?? '';
  const first = findConstrained(set, attr(xml, 'first'));
  const then = findConstrained(set, attr(xml, 'then'));
  if (first === undefined || then === undefined) {
    const missing = first === undefined ? attr(xml, 'first') : attr(xml, 'then');
    configError(set, `Ignoring constraint '${id}': there is no resource '${missing}'`);
    return;
  }
  const firstTask = attr(xml, 'first-action') ?? 'start';
  const thenTask = attr(xml, 'then-action') ?? firstTask;
  const flags = flagsOf(kind, firstTask, symmetry);
  const minimum = minimumInstances(first, xml);
  if (minimum > 0) orderAfterSome(set, id, first, firstTask, then, thenTask, flags, minimum);
  else addOrdering(set, task(first, firstTask), task(then, thenTask), flags);
  if (symmetry === 'asymmetric') return;
  const inverseThen = inverses.get(thenTask);
  const inverseFirst = inverses.get(firstTask);
  if (inverseThen === undefined || inverseFirst === undefined) {
    configWarning(set, `Constraint '${id}' has no inverse: give it symmetrical=false`);
    return;
  }
  addOrdering(set, task(then, inverseThen), task(first, inverseFirst), flagsOf(kind, inverseFirst, 'inverse'));
}

/** How many of a clone's instances have to be there; 0: all that are wanted (scheduler-3 13.6). */
function minimumInstances(first: Resource, xml: Element): number {
  if (first.variant !== 'clone') return 0;
  const configured = first.meta.get('clone-min');
  if (configured !== undefined) return Math.max(0, integerOr(configured, 0));
  return parseBoolean(attr(xml, 'require-all')) === false ? 1 : 0;
}

function orderAfterSome(
  set: WorkingSet,
  id: string,
  clone: Resource,
  firstTask: string,
  then: Resource,
  thenTask: string,
  flags: number,
  minimum: number,
): void {
  const barrier = pseudoAction(set, `clone-one-or-more:${id}`);
  barrier.requiredRunnableBefore = minimum;
  for (const child of clone.children) {
    addOrdering(set, task(child, firstTask), { action: barrier }, Order.minRun | Order.firstGraphsThen);
  }
  addOrdering(set, { action: barrier }, task(then, thenTask), flags | Order.firstBlocks);
}

function actionOf(resourceSet: Element): string {
  return attr(resourceSet, 'action') ?? 'start';
}

/** Orders the resources of one set; false if something in it is unknown. */
function orderSet(set: WorkingSet, xml: Element, resourceSet: Element, parentKind: OrderKind): boolean {
  const kind = attr(resourceSet, 'kind') === undefined ? parentKind : kindOf(set, resourceSet);
  const symmetry = symmetryOf(set, resourceSet, parentKind, attr(xml, 'symmetrical'));
  const action = actionOf(resourceSet);
  const resources = resourcesOfSet(set, resourceSet);
  if (resources === undefined) return false;
  if (resources.length < 2) return true;
  const flags = flagsOf(kind, action, symmetry);
  for (const [at, resource] of resources.entries()) {
    const others = kind === 'serialize' ? resources.slice(at + 1) : [];
    for (const later of others) addOrdering(set, task(resource, action), task(later, action), flags);
    const previous = resources[at - 1];
    if (kind !== 'serialize' && isSequential(resourceSet) && previous !== undefined) {
      addOrdering(set, task(previous, action), task(resource, action), flags);
    }
  }
  if (symmetry === 'asymmetric') return true;
  const inverse = inverses.get(action);
  if (inverse === undefined) {
    configWarning(set, `Set '${attr(resourceSet, 'id')}' has no inverse: give it symmetrical=false`);
    return true;
  }
  if (!isSequential(resourceSet)) return true;
  for (const [at, resource] of resources.entries()) {
    const previous = resources[at - 1];
    if (previous === undefined) continue;
    addOrdering(set, task(resource, inverse), task(previous, inverse), flagsOf(kind, inverse, 'inverse'));
  }
  return true;
}

/** Orders one set before another; false if something in them is unknown (scheduler-3 13.5). */
function orderSetPair(
  set: WorkingSet,
  id: string,
  set1: Element,
  set2: Element,
  kind: OrderKind,
  symmetry: Symmetry,
): boolean {
  let [action1, action2]: (string | undefined)[] = [actionOf(set1), actionOf(set2)];
  if (symmetry === 'inverse') [action1, action2] = [inverses.get(action1 ?? ''), inverses.get(action2 ?? '')];
  if (action1 === undefined || action2 === undefined) {
    configWarning(set, `Constraint '${id}' has no inverse: give it symmetrical=false`);
    return true;
  }
  const resources1 = resourcesOfSet(set, set1);
  const resources2 = resourcesOfSet(set, set2);
  if (resources1 === undefined || resources2 === undefined) return false;
  const flags = flagsOf(kind, action1, symmetry);
  const requireAll = parseBoolean(attr(set1, 'require-all')) !== false || action1 === 'stop' || action1 === 'demote';
  if (!requireAll) {
    const barrier: Action = pseudoAction(set, `one-or-more:${attr(set1, 'id')}`);
    barrier.requiredRunnableBefore = 1;
    for (const resource of resources1) {
      addOrdering(set, task(resource, action1), { action: barrier }, Order.minRun | Order.firstGraphsThen);
    }
    for (const resource of resources2) {
      addOrdering(set, { action: barrier }, task(resource, action2), flags | Order.firstBlocks);
    }
    return true;
  }
  const inverse = symmetry === 'inverse';
  const firsts = isExplicitlySequential(set1) ? oneOf(resources1, inverse ? 'first' : 'last') : resources1;
  const thens = isExplicitlySequential(set2) ? oneOf(resources2, inverse ? 'last' : 'first') : resources2;
  for (const first of firsts) {
    for (const then of thens) addOrdering(set, task(first, action1), task(then, action2), flags);
  }
  return true;
}

function oneOf(resources: readonly Resource[], which: 'first' | 'last'): readonly Resource[] {
  return which === 'first' ? resources.slice(0, 1) : resources.slice(-1);
}
