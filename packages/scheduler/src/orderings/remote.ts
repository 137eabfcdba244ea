import { fenceNode } from '../actions/fence-node.ts';
import { isEnumeratedTask } from '../actions/keys.ts';
import { remoteState } from '../actions/remote-state.ts';
import { type Action, Order } from '../model/action.ts';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { currentNode } from '../placement/current-node.ts';
import { sameText } from '../values/names.ts';
import { newestFirst } from './apply.ts';
import { addOrdering, task } from './ordering.ts';

/** Orders what happens on remote and guest nodes with their connections (scheduler-3 17.2). */
export function orderRemoteActions(set: WorkingSet): void {
  if (!set.haveRemoteNodes) return;
  for (const action of newestFirst(set.actions)) {
    const { resource, node } = action;
    if (resource === undefined) continue;
    if (resource.remoteConnection && action.task === 'clear_failcount') {
      addOrdering(set, { action }, task(resource, 'start'), Order.seq);
      continue;
    }
    const connection = node?.variant === 'remote' ? node.connection : undefined;
    if (node === undefined || action.pseudo || connection === undefined) continue;
    if (action.task === 'start') {
      for (const other of newestFirst(resource.actions)) {
        if (other.task === 'stop' && other.node !== node) {
          addOrdering(set, task(connection, 'start'), { action: other }, Order.seq);
        }
      }
    }
    if (connection.launcher !== undefined) orderGuestAction(set, action, node, connection, connection.launcher);
    else orderRemoteAction(set, action, node, connection);
  }
}

function afterStart(set: WorkingSet, resource: Resource, action: Action, extra: number): void {
  const then = { resource: action.resource, action };
  addOrdering(set, task(resource, 'start'), then, Order.guestOk | Order.firstBlocks | extra);
}

function beforeStop(set: WorkingSet, action: Action, resource: Resource, extra: number): void {
  addOrdering(set, { resource: action.resource, action }, task(resource, 'stop'), Order.guestOk | extra);
}

function isMigration(action: Action): boolean {
  return action.task === 'migrate_to' || action.task === 'migrate_from';
}

function recurs(action: Action): boolean {
  return Number(action.meta.get('interval') ?? '0') > 0;
}

function orderRemoteAction(set: WorkingSet, action: Action, node: ClusterNode, connection: Resource): void {
  const state = remoteState(node);
  switch (isMigration(action) ? 'stop' : action.task) {
    case 'start':
    case 'promote':
      afterStart(set, connection, action, state === 'failed' ? Order.firstReqThen : Order.none);
      return;
    case 'stop':
      if (state === 'alive') beforeStop(set, action, connection, Order.thenReqFirst);
      else if (state === 'failed') {
        fenceNode(set, node, 'resources are active but connection is unrecoverable', false);
      } else if (connection.nextRole === Role.stopped) beforeStop(set, action, connection, Order.thenReqFirst);
      else afterStart(set, connection, action, Order.none);
      return;
    case 'demote':
      if (state === 'resting' || state === 'unknown') afterStart(set, connection, action, Order.none);
      return;
  }
  if (recurs(action)) {
    afterStart(set, connection, action, Order.firstReqThen);
    return;
  }
  if (action.task === 'monitor' && state === 'failed') {
    fenceNode(set, node, 'resources are in unknown state and connection is unrecoverable', false);
  }
  if (currentNode(connection) !== undefined && state === 'stopped') {
    beforeStop(set, action, connection, Order.firstBlocks);
  } else {
    afterStart(set, connection, action, Order.none);
  }
}

function orderGuestAction(
  set: WorkingSet,
  action: Action,
  node: ClusterNode,
  connection: Resource,
  launcher: Resource,
): void {
  if (launcher.failed) fenceNode(set, node, 'container failed', false);
  switch (isMigration(action) ? 'stop' : action.task) {
    case 'start':
    case 'promote':
      afterStart(set, launcher, action, Order.firstReqThen);
      afterStart(set, connection, action, Order.none);
      return;
    case 'stop':
    case 'demote':
      if (!launcher.failed) beforeStop(set, action, connection, Order.none);
      return;
  }
  if (!recurs(action)) afterStart(set, connection, action, Order.none);
  else if (isEnumeratedTask(action.task)) afterStart(set, connection, action, Order.firstReqThen);
}

/** The cluster node through which an action on a remote node goes (scheduler-3 17.5). */
export function connectionHost(action: Action): ClusterNode | undefined {
  const { node } = action;
  const connection = node?.variant === 'remote' ? node.connection : undefined;
  if (action.task === 'stonith' || connection === undefined) return undefined;
  const began = currentNode(connection);
  const ended = connection.assigned?.node;
  if (began === undefined || ended === undefined || began === ended) return began ?? ended;
  const name = action.task === 'notify' ? (action.meta.get('notify_operation') ?? action.task) : action.task;
  const early = ['cancel', 'stop', 'demote', 'migrate_from', 'migrate_to'].some((each) => sameText(each, name));
  const partial = connection.launcher === undefined && connection.partialMigrationTarget !== undefined;
  return early && !partial ? began : ended;
}
