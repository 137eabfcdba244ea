import { createAction, findAll } from '../actions/create.ts';
import { operationKey, parseKey } from '../actions/keys.ts';
import { hasLoop } from '../graph/inputs.ts';
import { type Action, ActionFlag, Order, type Ordering } from '../model/action.ts';
import { isGuestNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { stateOf } from '../status/active.ts';
import { orderProbes } from './probe-orderings.ts';
import { relate } from './relate.ts';
import { blockColocated, updateAction } from './update.ts';

/** Turns orderings into relations between actions and lets what follows from them spread (scheduler-3 14). */
export function applyOrderings(set: WorkingSet): void {
  const count = set.orderings.length;
  for (let at = 0; at < count; at += 1) applyOrdering(set, set.orderings[at] as Ordering);
  for (const action of newestFirst(set.actions)) blockColocated(set, action);
  orderProbes(set);
  for (const action of newestFirst(set.actions)) updateAction(set, action);
  for (const action of newestFirst(set.actions)) disableInvalid(action);
}

/** A list's present content from the newest down; what is added meanwhile is not visited. */
export function newestFirst<T>(list: readonly T[]): T[] {
  return [...list].reverse();
}

function applyOrdering(set: WorkingSet, ordering: Ordering): void {
  if (ordering.resource1 !== undefined) applyWithFirst(set, ordering, ordering.resource1);
  else if (ordering.resource2 !== undefined) orderAfter(ordering, ordering.action1, ordering.resource2);
  else relate(ordering.action1, ordering.action2, ordering.flags);
}

/** Actions of a key; if there are none, of the resource's own key for the same task. */
export function actionsByTask(resource: Resource, key: string): readonly Action[] {
  const found = findAll(resource, key, undefined);
  if (found.length > 0) return found;
  const parsed = parseKey(key);
  if (parsed === undefined) return [];
  return findAll(resource, operationKey(resource.id, parsed.task, parsed.intervalMs), undefined);
}

function applyWithFirst(set: WorkingSet, ordering: Ordering, first: Resource): void {
  let actions: readonly Action[] =
    ordering.action1 !== undefined ? [ordering.action1] : actionsByTask(first, ordering.key1 ?? '');
  if (actions.length === 0) {
    if (first === ordering.resource2) return;
    const placeholder = createPlaceholder(set, first, ordering.key1 ?? '');
    if (placeholder === undefined) return;
    actions = [placeholder];
  }
  const then = ordering.resource2 ?? ordering.action2?.resource;
  for (const action of actions) {
    if (then === undefined) relate(action, ordering.action2, ordering.flags);
    else orderAfter(ordering, action, then);
  }
}

/** An action that can't be, so that what depends on it can't be either. */
function createPlaceholder(set: WorkingSet, resource: Resource, key: string): Action | undefined {
  const parsed = parseKey(key);
  if (parsed === undefined) return undefined;
  const role = stateOf(resource, true);
  if (role === Role.stopped && parsed.task === 'stop') return undefined;
  if (role === Role.unpromoted && parsed.task === 'demote') return undefined;
  const own = operationKey(resource.id, parsed.task, parsed.intervalMs);
  return createAction(set, resource, own, parsed.task, undefined, true);
}

function orderAfter(ordering: Ordering, first: Action | undefined, resource: Resource): void {
  const thens = ordering.action2 !== undefined ? [ordering.action2] : actionsByTask(resource, ordering.key2 ?? '');
  if (thens.length === 0) return;
  let { flags } = ordering;
  if (first !== undefined && first.resource === resource && first.has(ActionFlag.migrationAbort)) {
    flags &= ~Order.firstReqThen;
  }
  if (first === undefined && (flags & Order.firstReqThen) === 0) return;
  for (const then of thens) {
    if (first !== undefined) relate(first, then, flags);
    else then.clear(ActionFlag.runnable);
  }
}

/** Relations that must not be: a guest's resources with the guest itself, loops of migrations (scheduler-3 15.7). */
function disableInvalid(action: Action): void {
  for (let at = action.before.length - 1; at >= 0; at -= 1) {
    const relation = action.before[at];
    if (relation === undefined) continue;
    const { action: input } = relation;
    if ((relation.flags & Order.guestOk) === 0 && input.resource !== undefined && isGuestOf(action, input)) {
      relation.flags = Order.none;
    }
    const migrates = action.resource !== undefined && action.task === 'migrate_to';
    if (relation.flags === Order.loadTarget && migrates && hasLoop(action, action, relation)) {
      relation.flags = Order.none;
    }
  }
}

function isGuestOf(action: Action, input: Action): boolean {
  const { resource } = action;
  const { node } = input;
  if (resource === undefined || node === undefined || resource.launched.length === 0) return false;
  return isGuestNode(node) && node.connection?.launcher === resource;
}
