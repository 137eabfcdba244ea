import { type Action, Order } from '../model/action.ts';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { addOrdering, task } from '../orderings/ordering.ts';
import { changeTask, createAction } from './create.ts';
import { operationKey } from './keys.ts';

/** Ends a recurring operation; turns the action that stands for it into its cancel (scheduler-3 4.4). */
export function cancelAction(
  set: WorkingSet,
  resource: Resource,
  name: string,
  intervalMs: number,
  node: ClusterNode,
): Action {
  const action = createAction(set, resource, operationKey(resource.id, name, intervalMs), 'cancel', node, false);
  if (action.task !== 'cancel') changeTask(resource, action, 'cancel');
  action.cancelTask = name;
  action.meta.set('operation', name);
  action.meta.set('interval', String(intervalMs));
  return action;
}

/** Ends a recurring operation that is not configured any more, once the resource's stop has had its turn. */
export function scheduleCancel(
  set: WorkingSet,
  resource: Resource,
  name: string,
  intervalMs: number,
  node: ClusterNode,
  callId: string | undefined,
): void {
  const action = cancelAction(set, resource, name, intervalMs, node);
  if (callId !== undefined) action.meta.set('call-id', callId);
  addOrdering(set, task(resource, 'stop'), { action }, Order.seq);
}
