import { operationKey, parseKey, taskKey } from '../actions/keys.ts';
import { type Action, Order, type Ordering } from '../model/action.ts';
import { isAncestor, type Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';

/** One side of an ordering: an action, or a resource with a key that need not have an action yet. */
export interface Side {
  readonly resource?: Resource | undefined;
  readonly key?: string | undefined;
  readonly action?: Action | undefined;
}

/** Adds an ordering, and what it means for live migrations (scheduler-3 3, 7.3). */
export function addOrdering(set: WorkingSet, first: Side, then: Side, flags: number): void {
  const ordering: Ordering = {
    resource1: first.resource ?? first.action?.resource,
    key1: first.key ?? first.action?.key,
    action1: first.action,
    resource2: then.resource ?? then.action?.resource,
    key2: then.key ?? then.action?.key,
    action2: then.action,
    flags,
  };
  if (ordering.action1 === undefined && ordering.resource1 === undefined) return;
  if (ordering.action2 === undefined && ordering.resource2 === undefined) return;
  set.orderings.push(ordering);
  addMigrationEquivalents(set, ordering);
}

/** The side that a resource's task is. */
export function task(resource: Resource, name: string, intervalMs = 0): Side {
  return { resource, key: intervalMs === 0 ? taskKey(resource, name) : operationKey(resource.id, name, intervalMs) };
}

/** `first.task -> then.task`. */
export function orderTasks(
  set: WorkingSet,
  first: Resource,
  firstTask: string,
  then: Resource,
  thenTask: string,
  flags: number,
): void {
  addOrdering(set, task(first, firstTask), task(then, thenTask), flags);
}

function taskOf(action: Action | undefined, key: string | undefined): string | undefined {
  return action?.task ?? (key === undefined ? undefined : parseKey(key)?.task);
}

function addMigrationEquivalents(set: WorkingSet, ordering: Ordering): void {
  const { resource1: first, resource2: then } = ordering;
  if (first === undefined || then === undefined || first === then) return;
  if (!first.migratable && !then.migratable) return;
  if (isAncestor(first, then) || isAncestor(then, first)) return;
  const task1 = taskOf(ordering.action1, ordering.key1);
  const task2 = taskOf(ordering.action2, ordering.key2);
  const unless = first.migratable ? Order.ifFirstUnmig : Order.none;
  if (task1 === 'start' && task2 === 'start') {
    if (first.migratable && then.migratable) orderTasks(set, first, 'migrate_from', then, 'migrate_to', Order.seq);
    if (then.migratable) orderTasks(set, first, 'start', then, 'migrate_to', Order.seq | unless);
  } else if (then.migratable && task1 === 'stop' && task2 === 'stop') {
    orderTasks(set, first, 'stop', then, 'migrate_to', Order.seq | unless);
    if (then.partialMigrationTarget !== undefined) {
      orderTasks(set, first, 'stop', then, 'migrate_from', Order.seq | unless);
    }
  } else if (then.migratable && task1 === 'promote' && task2 === 'start') {
    orderTasks(set, first, 'promote', then, 'migrate_to', Order.seq);
  } else if (then.migratable && task1 === 'demote' && task2 === 'stop') {
    orderTasks(set, first, 'demote', then, 'migrate_to', Order.seq);
    if (then.partialMigrationTarget !== undefined) orderTasks(set, first, 'demote', then, 'migrate_from', Order.seq);
  }
}
