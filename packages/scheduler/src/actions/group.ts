import { isTrue } from '@sanode/rules';
import { addInternalColocation } from '../constraints/colocations.ts';
import { type Action, ActionFlag, Order } from '../model/action.ts';
import type { ClusterNode } from '../model/node.ts';
import { type Resource, topOf } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { orderTasks } from '../orderings/ordering.ts';
import { infinity } from '../values/scores.ts';
import { findFirst, resourceAction } from './create.ts';
import { complexTask } from './keys.ts';

/** Creates members' actions and the group's own (scheduler-3 9.1). */
export function createGroupActions(set: WorkingSet, group: Resource): void {
  for (const member of group.children) member.kind.createActions(set, member);
  const tasks = ['start', 'running', 'stop', 'stopped'];
  if (isTrue(group.meta.get('promotable'))) tasks.push('demote', 'demoted', 'promote', 'promoted');
  for (const name of tasks) {
    resourceAction(set, group, name, undefined, true).set(ActionFlag.pseudo | ActionFlag.runnable);
  }
}

/** Orderings and colocations of a group (scheduler-3 9.2). */
export function groupConstraints(set: WorkingSet, group: Resource): void {
  orderTasks(set, group, 'stop', group, 'stopped', Order.firstBlocks);
  orderTasks(set, group, 'stopped', group, 'start', Order.seq);
  orderTasks(set, group, 'start', group, 'running', Order.firstBlocks);
  const promotable = topOf(group).promotable;
  let previous: Resource | undefined;
  let lastActive: Resource | undefined;
  for (const member of group.children) {
    member.kind.internalConstraints(set, member);
    if (previous !== undefined && group.group?.colocated === true) {
      addInternalColocation(set, '#group-members', infinity, member, previous, member.critical);
    }
    orderWithGroup(set, group, member, previous, promotable);
    orderAmongMembers(set, group, member, previous, promotable);
    if (member.activeNodes.length > 0) {
      const gap = group.group?.ordered === true && previous !== undefined && previous.activeNodes.length === 0;
      if (gap && lastActive !== undefined && lastActive.activeNodes.length > 0) {
        orderTasks(set, member, 'stop', lastActive, 'stop', Order.seq);
      }
      lastActive = member;
    }
    previous = member;
  }
}

function orderWithGroup(
  set: WorkingSet,
  group: Resource,
  member: Resource,
  previous: Resource | undefined,
  promotable: boolean,
): void {
  let down: number = Order.thenGraphsFirst;
  let postDown: number = Order.firstGraphsThen;
  if (previous === undefined && group.group?.ordered === true) {
    down |= Order.seq;
    postDown = Order.firstReqThen;
  }
  const postUp = Order.firstBlocks | Order.firstReqThen | Order.firstGraphsThen;
  if (promotable) {
    orderTasks(set, group, 'demote', member, 'demote', down);
    orderTasks(set, member, 'demote', group, 'demoted', postDown);
    orderTasks(set, member, 'promote', group, 'promoted', postUp);
    orderTasks(set, group, 'promote', member, 'promote', Order.thenGraphsFirst);
  }
  orderTasks(set, group, 'stop', member, 'stop', down);
  orderTasks(set, member, 'stop', group, 'stopped', postDown);
  orderTasks(set, group, 'start', member, 'start', Order.thenGraphsFirst);
  orderTasks(set, member, 'start', group, 'running', postUp);
}

function orderAmongMembers(
  set: WorkingSet,
  group: Resource,
  member: Resource,
  previous: Resource | undefined,
  promotable: boolean,
): void {
  if (group.group?.ordered !== true || previous === undefined) {
    const ordered = group.group?.ordered === true;
    const flags = ordered ? Order.none : Order.firstReqThen | Order.firstBlocks | Order.thenGraphsFirst;
    orderTasks(set, group, 'start', member, 'start', flags);
    if (promotable) orderTasks(set, group, 'promote', member, 'promote', flags);
    return;
  }
  orderTasks(set, previous, 'start', member, 'start', Order.firstReqThen | Order.firstBlocks);
  orderTasks(set, member, 'stop', previous, 'stop', Order.seq | Order.restartPair);
  if (member.activeNodes.length > 0 && previous.activeNodes.length === 0) {
    orderTasks(set, member, 'stop', previous, 'start', Order.thenReqFirst | Order.firstBlocks);
  }
  if (promotable) {
    orderTasks(set, previous, 'promote', member, 'promote', Order.firstReqThen | Order.firstBlocks);
    orderTasks(set, member, 'demote', previous, 'demote', Order.seq);
  }
}

/** Flags of a group's action: its members decide (scheduler-3 9.3). */
export function groupActionFlags(action: Action, node: ClusterNode | undefined): number {
  let flags: number = ActionFlag.optional | ActionFlag.runnable | ActionFlag.pseudo;
  const group = action.resource as Resource;
  for (const member of group.children) {
    const name = complexTask(action.task, member.variant === 'primitive');
    const own = findFirst(member, undefined, name, node);
    if (own !== undefined) {
      const ownFlags = member.kind.actionFlags(own, node);
      if ((ownFlags & ActionFlag.optional) === 0 && (flags & ActionFlag.optional) !== 0) {
        flags &= ~ActionFlag.optional;
        action.clear(ActionFlag.optional);
      }
      const finishes = name !== action.task;
      if (finishes && (ownFlags & ActionFlag.runnable) === 0 && (flags & ActionFlag.runnable) !== 0) {
        flags &= ~ActionFlag.runnable;
        action.clear(ActionFlag.runnable);
      }
    } else if (name !== 'stop' && name !== 'demote') {
      flags &= ~ActionFlag.runnable;
    }
  }
  return flags;
}
