import { attr, type Element } from '@sanode/xml';
import { configuredOperations, findOperation, operationsOf, opInterval } from '../inputs/operations.ts';
import { type Action, ActionFlag, Order } from '../model/action.ts';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { parseRole, Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { addOrdering, type Side, task } from '../orderings/ordering.ts';
import { relate } from '../orderings/relate.ts';
import { cancelAction } from './cancel.ts';
import { createAction, expectResult, findAllExact, resourceAction, resourceActions } from './create.ts';
import { operationKey } from './keys.ts';

const neverRecurring = new Set(['stop', 'start', 'demote', 'promote', 'reload-agent', 'migrate_to', 'migrate_from']);
const rcNotRunning = 7;
const rcPromoted = 8;

interface RecurringOperation {
  readonly name: string;
  readonly intervalMs: number;
  readonly key: string;
  readonly role: Role;
}

/** Creates the recurring operations of a primitive (scheduler-3 6). */
export function createRecurringActions(set: WorkingSet, resource: Resource): void {
  if (resource.blocked || resource.maintenance) return;
  const assigned = resource.assigned?.node;
  const runs = resource.nextRole !== Role.stopped || !resource.managed;
  const start =
    assigned !== undefined && !assigned.maintenance && runs
      ? resourceAction(set, resource, 'start', assigned, true)
      : undefined;
  for (const op of operationsOf(resource)) {
    const recurring = asRecurring(resource, op);
    if (recurring === undefined) continue;
    if (start !== undefined) createForActive(set, resource, start, assigned, recurring);
    createForStopped(set, resource, assigned, recurring);
  }
}

function asRecurring(resource: Resource, op: Element): RecurringOperation | undefined {
  const name = attr(op, 'name');
  const intervalMs = opInterval(op);
  const id = attr(op, 'id');
  if (intervalMs === 0 || id === undefined || id === '' || name === undefined || neverRecurring.has(name)) {
    return undefined;
  }
  const same = configuredOperations(resource).filter(
    (other) => attr(other.xml, 'id') !== undefined && other.name === name && other.intervalMs === intervalMs,
  );
  const role = parseRole(attr(op, 'role'));
  if (same.length > 1 || role === undefined) return undefined;
  if (findOperation(resource, name, intervalMs, false) === undefined) return undefined;
  return { name, intervalMs, key: operationKey(resource.id, name, intervalMs), role };
}

function isUnusable(node: ClusterNode | undefined): boolean {
  return node === undefined || !node.online || node.unclean;
}

function createForActive(
  set: WorkingSet,
  resource: Resource,
  start: Action,
  node: ClusterNode | undefined,
  recurring: RecurringOperation,
): void {
  if (recurring.role === Role.stopped) return;
  const running = findAllExact(resource, recurring.key, node);
  const optional =
    node !== undefined &&
    (resource.kind.actionFlags(start, undefined) & ActionFlag.optional) !== 0 &&
    running.length > 0 &&
    !running.some((action) => action.has(ActionFlag.reschedule));
  const matches =
    recurring.role === Role.unknown ? resource.nextRole !== Role.promoted : resource.nextRole === recurring.role;
  if (!matches) {
    if (optional && node !== undefined) cancelForOtherRole(set, resource, node, recurring);
    return;
  }
  const action = createAction(set, resource, recurring.key, recurring.name, node, optional);
  if (!start.runnable || isUnusable(node)) action.clear(ActionFlag.runnable);
  if (resource.nextRole === Role.promoted) expectResult(action, rcPromoted);
  if (!resource.managed) return;
  const after = { action };
  addOrdering(set, task(resource, 'start'), after, Order.firstReqThen | Order.firstBlocks);
  addOrdering(set, task(resource, 'reload-agent'), after, Order.firstReqThen | Order.firstBlocks);
  if (resource.nextRole === Role.promoted) {
    addOrdering(set, task(resource, 'promote'), after, Order.seq | Order.firstBlocks);
  } else if (resource.origRole === Role.promoted) {
    addOrdering(set, task(resource, 'demote'), after, Order.seq | Order.firstBlocks);
  }
}

function cancelForOtherRole(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode,
  recurring: RecurringOperation,
): void {
  const cancel = cancelAction(set, resource, recurring.name, recurring.intervalMs, node);
  let before: Side | undefined;
  if (resource.origRole === Role.started || resource.origRole === Role.unpromoted) {
    if (resource.nextRole === Role.promoted) before = task(resource, 'promote');
    else if (resource.nextRole === Role.stopped) before = task(resource, 'stop');
  } else if (resource.origRole === Role.promoted) {
    before = task(resource, 'demote');
  }
  if (before !== undefined) addOrdering(set, { action: cancel }, before, Order.firstBlocks);
}

/** Monitors for where the resource must not be. */
function createForStopped(
  set: WorkingSet,
  resource: Resource,
  assigned: ClusterNode | undefined,
  recurring: RecurringOperation,
): void {
  if (recurring.role !== Role.stopped || !resource.unique) return;
  for (const node of set.nodes) {
    const running = findAllExact(resource, recurring.key, node).length > 0;
    if (node === assigned) {
      if (running) cancelBeforeStart(set, resource, node, recurring);
    } else {
      createStoppedMonitor(set, resource, node, recurring, running);
    }
  }
}

function cancelBeforeStart(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode,
  recurring: RecurringOperation,
): void {
  const cancel = cancelAction(set, resource, recurring.name, recurring.intervalMs, node);
  if (resource.nextRole === Role.started || resource.nextRole === Role.unpromoted) {
    addOrdering(set, { action: cancel }, task(resource, 'start'), Order.firstBlocks);
  }
}

function createStoppedMonitor(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode,
  recurring: RecurringOperation,
  optional: boolean,
): void {
  const monitor = createAction(set, resource, recurring.key, recurring.name, node, optional);
  expectResult(monitor, rcNotRunning);
  if (resource.managed) {
    for (const probe of resourceActions(resource, node, 'monitor', false)) relate(probe, monitor, Order.firstBlocks);
  }
  for (const stop of resourceActions(resource, node, 'stop', true)) {
    if (!stop.optional && !monitor.optional && !resource.managed) monitor.set(ActionFlag.optional);
    if (!stop.runnable) monitor.clear(ActionFlag.runnable);
    if (resource.managed) {
      const before = { ...task(resource, 'stop'), action: stop };
      addOrdering(set, before, { action: monitor }, Order.firstReqThen | Order.firstBlocks);
    }
  }
  if (isUnusable(node)) monitor.clear(ActionFlag.runnable);
}
