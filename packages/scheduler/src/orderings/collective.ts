import { findFirst } from '../actions/create.ts';
import { complexTask, parseKey } from '../actions/keys.ts';
import { type Action, ActionFlag, Order } from '../model/action.ts';
import { Changed, type UpdateArguments } from '../model/kind.ts';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { assignNowhere, compatibleInstance, instancesOf, interleaves } from '../placement/instances.ts';
import { relate } from './relate.ts';
import { updateAction, updateGeneric } from './update.ts';

/** The task of instances that a collective's action stands for (scheduler-3 10.3). */
export function originalName(action: Action, instances: readonly Resource[]): string {
  let name = action.task;
  if (name === 'notify' || name === 'notified') {
    const task = parseKey(action.key)?.task ?? name;
    const at = task.indexOf('_notify_');
    name = at >= 0 ? task.slice(at + '_notify_'.length) : task;
  }
  const complex = complexTask(name, instances[0]?.variant === 'primitive');
  return complex === 'no_action' ? name : complex;
}

/** Flags of a clone's or bundle's action: its instances decide (scheduler-3 10.3). */
export function collectiveFlags(action: Action, instances: readonly Resource[], node: ClusterNode | undefined): number {
  const name = originalName(action, instances);
  let flags: number = ActionFlag.optional | ActionFlag.runnable | ActionFlag.pseudo;
  let anyRunnable = false;
  for (const instance of instances) {
    const own = findFirst(instance, undefined, name, instance.variant === 'primitive' ? node : undefined);
    if (own === undefined) continue;
    const ownFlags = instance.kind.actionFlags(own, node);
    if ((ownFlags & ActionFlag.optional) === 0 && (flags & ActionFlag.optional) !== 0) {
      flags &= ~ActionFlag.optional;
      action.clear(ActionFlag.optional);
    }
    if ((ownFlags & ActionFlag.runnable) !== 0) anyRunnable = true;
  }
  if (!anyRunnable) {
    flags &= ~ActionFlag.runnable;
    if (node === undefined) action.clear(ActionFlag.runnable);
  }
  return flags;
}

/** Applies a relation to a clone's or bundle's action (scheduler-3 10.4). */
export function updateCollective(
  set: WorkingSet,
  _resource: Resource,
  first: Action,
  then: Action,
  args: UpdateArguments,
): number {
  const collective = then.resource;
  if (collective === undefined) return Changed.none;
  if (canInterleave(first, then)) return updateInterleaved(set, first, then, args);
  let changed = updateGeneric(set, first, then, args);
  for (const instance of instancesOf(collective)) changed |= updateInstance(set, instance, first, then, args);
  return changed;
}

function isCollective(resource: Resource): boolean {
  return resource.variant === 'clone' || resource.variant === 'bundle';
}

function canInterleave(first: Action, then: Action): boolean {
  const a = first.resource;
  const b = then.resource;
  if (a === undefined || b === undefined || a === b || !isCollective(a) || !isCollective(b)) return false;
  const down = then.key.endsWith('_stop_0') || then.key.endsWith('_demote_0');
  return interleaves(down ? a : b);
}

function updateInstance(
  set: WorkingSet,
  instance: Resource,
  first: Action,
  then: Action,
  args: UpdateArguments,
): number {
  const own = findFirst(instance, undefined, then.task, args.node);
  if (own === undefined || (instance.kind.actionFlags(own, args.node) & ActionFlag.runnable) === 0) return Changed.none;
  const changed = instance.kind.updateOrdering(set, instance, first, own, args);
  if ((changed & Changed.thenChanged) !== 0) {
    for (let at = own.after.length - 1; at >= 0; at -= 1) updateAction(set, own.after[at]?.action as Action);
  }
  return changed;
}

function updateInterleaved(set: WorkingSet, first: Action, then: Action, args: UpdateArguments): number {
  const firstResource = first.resource as Resource;
  const firstTask = originalName(first, instancesOf(firstResource));
  const current = first.key.endsWith('_stopped_0') || first.key.endsWith('_demoted_0');
  let changed: number = Changed.none;
  for (const instance of instancesOf(then.resource as Resource)) {
    const partner = compatibleInstance(set, instance, firstResource, Role.unknown, current);
    if (partner === undefined) {
      const needsPartner = (args.type & (Order.firstBlocks | Order.firstReqThen)) !== 0;
      if (!current && needsPartner && assignNowhere(set, instance)) changed |= Changed.thenChanged;
      continue;
    }
    const firstAction = instanceAction(first, partner, firstTask, args.node, true);
    const thenAction = instanceAction(then, instance, then.task, args.node, false);
    if (firstAction === undefined || thenAction === undefined) continue;
    if (relate(firstAction, thenAction, args.type)) changed |= Changed.firstChanged | Changed.thenChanged;
    const flags = partner.kind.actionFlags(firstAction, args.node);
    changed |= instance.kind.updateOrdering(set, instance, firstAction, thenAction, { ...args, flags });
  }
  return changed;
}

const roleTasks = new Set(['promote', 'promoted', 'demote', 'demoted']);

function instanceAction(
  action: Action,
  instance: Resource,
  name: string,
  node: ClusterNode | undefined,
  forFirst: boolean,
): Action | undefined {
  const inside = forFirst ? action.task !== 'stop' && action.task !== 'stopped' : roleTasks.has(action.task);
  const child = inside && instance.replicaContainer ? instance.replica?.child : undefined;
  if (child !== undefined) return findFirst(child, undefined, name, undefined);
  return findFirst(instance, undefined, name, node);
}
