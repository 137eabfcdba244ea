import { createNotifications } from '../graph/notification-actions.ts';
import { type Action, ActionFlag, Order } from '../model/action.ts';
import { instanceNumber, primitivesOf, type Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { orderTasks } from '../orderings/ordering.ts';
import { relate } from '../orderings/relate.ts';
import { infinity } from '../values/scores.ts';
import { resourcePseudo } from './create.ts';

interface InstanceState {
  active: boolean;
  starting: boolean;
  stopping: boolean;
  restarting: boolean;
}

function addState(instance: Resource, state: InstanceState): void {
  for (const primitive of primitivesOf(instance)) {
    if (primitive.activeNodes.length > 0) state.active = true;
    let starting = false;
    let stopping = false;
    for (let at = primitive.actions.length - 1; at >= 0 && !(starting && stopping); at -= 1) {
      const action = primitive.actions[at] as Action;
      if (action.optional) continue;
      if (action.task === 'start' && action.runnable) starting = true;
      else if (action.task === 'stop' && (action.pseudo || action.runnable)) stopping = true;
    }
    state.starting ||= starting;
    state.stopping ||= stopping;
    state.restarting ||= starting && stopping;
  }
}

/** Creates instances' actions and what stands for all of them (scheduler-3 10.1). */
export function createInstancesActions(set: WorkingSet, collective: Resource, instances: readonly Resource[]): void {
  const state: InstanceState = { active: false, starting: false, stopping: false, restarting: false };
  for (const instance of instances) {
    instance.kind.createActions(set, instance);
    addState(instance, state);
  }
  const start = resourcePseudo(set, collective, 'start', !state.starting, true);
  const running = resourcePseudo(set, collective, 'running', !state.starting, false);
  running.priority = infinity;
  if (state.active || state.starting) running.set(ActionFlag.runnable);
  const stop = resourcePseudo(set, collective, 'stop', !state.stopping, true);
  const stopped = resourcePseudo(set, collective, 'stopped', !state.stopping, true);
  stopped.priority = infinity;
  if (!state.restarting) stop.set(ActionFlag.migratable);
  if (collective.variant !== 'clone' || !collective.notify) return;
  const sets = collective.clone?.notifications;
  if (sets === undefined) return;
  sets.start ??= createNotifications(set, collective, 'start', start, running);
  sets.stop ??= createNotifications(set, collective, 'stop', stop, stopped);
  relate(sets.stop.postDone, sets.start.pre, Order.seq);
}

export function createCloneActions(set: WorkingSet, clone: Resource): void {
  createInstancesActions(set, clone, clone.children);
}

/** A promotable clone's actions beside those of every clone. */
export function createPromotableActions(set: WorkingSet, clone: Resource): void {
  createInstancesActions(set, clone, clone.children);
  let promoting = false;
  let demoting = false;
  for (const instance of clone.children) {
    instance.kind.createActions(set, instance);
    for (const primitive of primitivesOf(instance)) {
      for (const action of primitive.actions) {
        if (action.optional) continue;
        if (action.task === 'promote') promoting = true;
        else if (action.task === 'demote') demoting = true;
      }
    }
  }
  const promote = resourcePseudo(set, clone, 'promote', !promoting, true);
  const promoted = resourcePseudo(set, clone, 'promoted', !promoting, true);
  promoted.priority = infinity;
  const sets = clone.clone?.notifications;
  if (clone.notify && sets !== undefined) {
    sets.promote ??= createNotifications(set, clone, 'promote', promote, promoted);
  }
  const demote = resourcePseudo(set, clone, 'demote', !demoting, true);
  const demoted = resourcePseudo(set, clone, 'demoted', !demoting, true);
  demoted.priority = infinity;
  if (clone.notify && sets !== undefined) {
    sets.demote ??= createNotifications(set, clone, 'demote', demote, demoted);
    relate(sets.stop?.postDone, sets.promote?.pre, Order.seq);
    relate(sets.start?.postDone, sets.promote?.pre, Order.seq);
    relate(sets.demote.postDone, sets.promote?.pre, Order.seq);
    relate(sets.demote.postDone, sets.start?.pre, Order.seq);
    relate(sets.demote.postDone, sets.stop?.pre, Order.seq);
  }
  for (const instance of clone.children) instance.priority = clone.priority;
}

/** Orderings of a clone with its instances (scheduler-3 10.2). */
export function cloneConstraints(set: WorkingSet, clone: Resource): void {
  orderTasks(set, clone, 'stopped', clone, 'start', Order.seq);
  orderTasks(set, clone, 'start', clone, 'running', Order.firstBlocks);
  orderTasks(set, clone, 'stop', clone, 'stopped', Order.firstBlocks);
  if (clone.promotable) {
    orderTasks(set, clone, 'demoted', clone, 'stop', Order.seq);
    orderTasks(set, clone, 'running', clone, 'promote', Order.firstBlocks);
  }
  const ordered = clone.clone?.ordered === true;
  if (ordered) clone.children = [...clone.children].sort((a, b) => instanceNumber(a) - instanceNumber(b));
  for (const [at, instance] of clone.children.entries()) {
    instance.kind.internalConstraints(set, instance);
    orderTasks(set, clone, 'start', instance, 'start', Order.firstBlocks | Order.thenGraphsFirst);
    orderTasks(set, instance, 'start', clone, 'running', Order.firstGraphsThen);
    orderTasks(set, clone, 'stop', instance, 'stop', Order.thenGraphsFirst);
    orderTasks(set, instance, 'stop', clone, 'stopped', Order.firstGraphsThen);
    if (!ordered) continue;
    for (const later of clone.children.slice(at + 1)) {
      orderTasks(set, instance, 'start', later, 'start', Order.seq);
      orderTasks(set, later, 'stop', instance, 'stop', Order.seq);
    }
  }
  if (clone.promotable) promotableConstraints(set, clone, ordered);
}

/** Roles go down before they go up. */
export function orderPromotableRestart(set: WorkingSet, resource: Resource): void {
  const pairs = [
    ['stopped', 'start'],
    ['stopped', 'promote'],
    ['demoted', 'stop'],
    ['demoted', 'start'],
    ['demoted', 'promote'],
    ['running', 'promote'],
    ['demote', 'demoted'],
  ] as const;
  for (const [first, then] of pairs) orderTasks(set, resource, first, resource, then, Order.seq);
}

function promotableConstraints(set: WorkingSet, clone: Resource, ordered: boolean): void {
  orderPromotableRestart(set, clone);
  let previous: Resource | undefined;
  for (const instance of clone.children) {
    orderTasks(set, instance, 'demote', instance, 'promote', Order.seq);
    orderTasks(set, clone, 'promote', instance, 'promote', Order.seq);
    orderTasks(set, instance, 'promote', clone, 'promoted', Order.seq);
    if (previous !== undefined && ordered) orderTasks(set, previous, 'promote', instance, 'promote', Order.seq);
    orderTasks(set, clone, 'demote', instance, 'demote', Order.thenGraphsFirst);
    orderTasks(set, instance, 'demote', clone, 'demoted', Order.firstGraphsThen);
    if (previous !== undefined && ordered) orderTasks(set, instance, 'demote', previous, 'demote', Order.seq);
    previous = instance;
  }
}
