import { findFirst } from '../actions/create.ts';
import { finishedTask, operationKey, parseKey } from '../actions/keys.ts';
import { type Action, ActionFlag, Order, type Relation } from '../model/action.ts';
import { Changed, type UpdateArguments } from '../model/kind.ts';
import type { ClusterNode } from '../model/node.ts';
import { isAncestor, isBundled, type Resource, topOf } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { withThisOf } from '../placement/colocation-lists.ts';
import { singleLocation } from '../placement/nodes.ts';
import { stateOf } from '../status/active.ts';
import { infinity } from '../values/scores.ts';
import { relate } from './relate.ts';

/** Brings an action up to date with what goes before it, and then what follows (scheduler-3 15.1). */
export function updateAction(set: WorkingSet, then: Action): void {
  const lastFlags = then.flags;
  let changed: number = Changed.none;
  const counts = then.requiredRunnableBefore > 0;
  if (counts) {
    then.runnableBefore = 0;
    then.clear(ActionFlag.runnable);
  }
  for (let at = then.before.length - 1; at >= 0; at -= 1) {
    const relation = then.before[at] as Relation;
    changed = updateFromRelation(set, then, relation, changed & ~Changed.firstChanged);
    if ((changed & Changed.firstChanged) === 0) continue;
    // Only a relation that was applied as it is can have changed its first action.
    const updated = relation.action;
    for (let next = updated.after.length - 1; next >= 0; next -= 1) {
      updateAction(set, (updated.after[next] as Relation).action);
    }
    updateAction(set, updated);
  }
  if (counts) {
    if (then.flags === lastFlags) changed &= ~Changed.thenChanged;
    else changed |= Changed.thenChanged;
  }
  if ((changed & Changed.thenChanged) === 0) return;
  if ((lastFlags & ActionFlag.runnable) !== 0 && !then.runnable) blockColocated(set, then);
  updateAction(set, then);
  for (let at = then.after.length - 1; at >= 0; at -= 1) updateAction(set, (then.after[at] as Relation).action);
}

function placeOf(action: Action): ClusterNode | undefined {
  if (action.resource?.variant !== 'group' || action.task !== 'start') return action.node;
  return singleLocation(action.resource, 'assigned');
}

function updateFromRelation(set: WorkingSet, then: Action, relation: Relation, before: number): number {
  let changed = before;
  let first = relation.action;
  const thenNode = placeOf(then);
  const firstNode = placeOf(first);
  if ((relation.flags & Order.sameNode) !== 0 && firstNode !== undefined && thenNode !== undefined) {
    if (firstNode !== thenNode) {
      relation.flags = Order.none;
      return changed;
    }
  }
  if (first.resource !== undefined && (relation.flags & Order.thenCancelsFirst) !== 0 && !then.optional) {
    first.set(ActionFlag.optional);
    if (first.task === 'reload-agent') first.resource.reload = false;
  }
  if (first.resource !== undefined && then.resource !== undefined && first.resource !== then.resource) {
    if (!isAncestor(first.resource, then.resource)) first = remap(first);
  }
  if (first === relation.action) {
    const firstFlags = orderingFlags(first, thenNode);
    const thenFlags = orderingFlags(then, firstNode);
    changed |= applyRelation(set, first, then, firstFlags, thenFlags, relation);
  } else if (relate(first, then, relation.flags)) {
    changed |= Changed.thenChanged;
    relation.flags = Order.none;
  }
  return changed;
}

/** What a collective's action means to others: that it is finished (scheduler-3 15.2). */
function remap(first: Action): Action {
  const resource = first.resource as Resource;
  if (resource.variant === 'primitive' || first.key.includes('notify')) return first;
  const parsed = parseKey(first.key);
  if (parsed === undefined || parsed.intervalMs > 0) return first;
  const done = finishedTask(parsed.task) ?? parsed.task;
  const known = ['stopped', 'running', 'notified', 'promoted', 'demoted'].includes(done);
  if (!known) return first;
  const notifies = resource.notify && (resource.variant === 'clone' || isBundled(resource));
  const task = notifies ? `confirmed-post_notify_${done}` : done;
  return findFirst(resource, operationKey(parsed.resource, task, 0), task, undefined) ?? first;
}

/** Flags of an action as its resource's kind sees them (scheduler-3 15.3). */
function orderingFlags(action: Action, node: ClusterNode | undefined): number {
  const { resource } = action;
  if (resource === undefined) return action.flags;
  const flags = resource.kind.actionFlags(action, undefined);
  if (node === undefined || resource.variant !== 'clone') return flags;
  const forNode = resource.kind.actionFlags(action, node);
  return (flags & ActionFlag.runnable) !== 0 ? forNode | ActionFlag.runnable : forNode;
}

/** Applies what a relation's flags say, in this order (scheduler-3 15.4). */
function applyRelation(
  set: WorkingSet,
  first: Action,
  then: Action,
  firstFlags: number,
  thenFlags: number,
  relation: Relation,
): number {
  let changed: number = Changed.none;
  let { node } = then;
  const { optional, runnable } = ActionFlag;
  const has = (flag: number) => (relation.flags & flag) !== 0;
  const update = (resource: Resource, flags: number, filter: number, type: number) => {
    changed |= resource.kind.updateOrdering(set, resource, first, then, { node, flags, filter, type });
  };
  if (has(Order.firstReqSameNodeThen)) {
    relation.flags = (relation.flags & ~Order.firstReqSameNodeThen) | Order.firstReqThen;
    ({ node } = first);
  }
  const target = then.resource;
  if (has(Order.firstReqThen)) {
    if (target !== undefined) update(target, firstFlags & optional, optional, Order.firstReqThen);
    else if ((firstFlags & optional) === 0 && then.optional) {
      then.clear(optional);
      changed |= Changed.thenChanged;
    }
  }
  if (has(Order.restartPair) && target !== undefined) {
    update(target, firstFlags, optional | runnable, Order.restartPair);
  }
  if (has(Order.thenReqFirst)) {
    if (first.resource !== undefined) update(first.resource, firstFlags, optional, Order.thenReqFirst);
    else if ((firstFlags & optional) === 0 && first.runnable) {
      first.clear(runnable);
      changed |= Changed.firstChanged;
    }
  }
  if (has(Order.promThenReqFirst) && target !== undefined) {
    update(target, firstFlags & optional, optional, Order.promThenReqFirst);
  }
  if (has(Order.minRun)) {
    if (target !== undefined) update(target, firstFlags, runnable, Order.minRun);
    else if ((firstFlags & runnable) !== 0) {
      then.runnableBefore += 1;
      if (then.runnableBefore >= then.requiredRunnableBefore && !then.runnable) {
        then.set(runnable);
        changed |= Changed.thenChanged;
      }
    }
  }
  if (has(Order.nestedProbe) && target !== undefined) {
    const stops = (firstFlags & runnable) === 0 && (first.resource?.activeNodes.length ?? 0) > 0;
    if (stops) relation.flags = Order.none;
    else update(target, firstFlags, runnable, Order.firstBlocks);
  }
  if (has(Order.firstBlocks)) {
    if (target !== undefined) update(target, firstFlags, runnable, Order.firstBlocks);
    else if ((firstFlags & runnable) === 0 && then.runnable) {
      then.clear(runnable);
      changed |= Changed.thenChanged;
    }
  }
  if (target !== undefined) {
    for (const type of [Order.unmigThenBlocks, Order.firstElseThen]) {
      if (has(type)) update(target, firstFlags, optional, type);
    }
    for (const type of [Order.seq, Order.asym]) if (has(type)) update(target, firstFlags, runnable, type);
  }
  return changed | applyGraphFlags(first, then, firstFlags, thenFlags, relation);
}

function applyGraphFlags(
  first: Action,
  then: Action,
  firstFlags: number,
  thenFlags: number,
  relation: Relation,
): number {
  const has = (flag: number) => (relation.flags & flag) !== 0;
  if (first.runnable && has(Order.firstGraphsThen) && (firstFlags & ActionFlag.optional) === 0) {
    then.set(ActionFlag.always);
  }
  if (has(Order.thenGraphsFirst) && (thenFlags & ActionFlag.optional) === 0) first.set(ActionFlag.always);
  const { resource } = first;
  if (
    has(Order.firstReqThen | Order.thenReqFirst | Order.restartPair) &&
    resource !== undefined &&
    !resource.managed &&
    resource.blocked &&
    !first.runnable &&
    first.task === 'stop' &&
    then.runnable
  ) {
    then.clear(ActionFlag.runnable);
    return Changed.thenChanged;
  }
  return Changed.none;
}

const flagWords: readonly (readonly [number, string])[] = [
  [ActionFlag.runnable, 'unrunnable'],
  [ActionFlag.migratable, 'unmigrateable'],
  [ActionFlag.optional, 'required'],
];

/** Clears a flag; if another resource's action is why, that is the reason (scheduler-3 2.11). */
export function clearBecauseOf(action: Action, flag: number, because: Action): void {
  if (!action.has(flag)) return;
  action.clear(flag);
  if (action.resource === because.resource) return;
  const word = flagWords.find(([each]) => each === flag)?.[1] ?? '';
  const who = because.resource === undefined ? '' : `${because.resource.id} `;
  action.reason ??= `${word} ${who}${because.task}`;
}

/** What relations do to primitives' actions; the core for all kinds (scheduler-3 15.5). */
export function updateGeneric(set: WorkingSet, first: Action, then: Action, args: UpdateArguments): number {
  const { flags, filter, type } = args;
  const { optional, runnable, migratable, pseudo } = ActionFlag;
  const firstBefore = first.flags;
  const thenBefore = then.flags;
  const filters = (flag: number) => (filter & flag) !== 0;
  switch (type) {
    case Order.asym:
      applyAsymmetric(first, then);
      break;
    case Order.thenReqFirst:
      if (then.optional) break;
      if (filters(optional) && (flags & optional) === 0 && first.optional) clearBecauseOf(first, optional, then);
      if ((flags & migratable) !== 0 && !then.migratable) clearBecauseOf(first, migratable, then);
      break;
    case Order.promThenReqFirst:
      if (then.resource?.origRole !== Role.promoted || !filters(optional) || then.optional) break;
      clearBecauseOf(first, optional, then);
      if (first.migratable && !then.migratable) clearBecauseOf(first, migratable, then);
      break;
    case Order.unmigThenBlocks:
      if (!filters(optional)) break;
      if (!(then.migratable && then.runnable)) clearBecauseOf(first, runnable, then);
      if (!then.optional) clearBecauseOf(first, optional, then);
      break;
    case Order.firstElseThen:
      if (!filters(optional) || first.runnable) break;
      clearBecauseOf(then, migratable, first);
      then.clear(pseudo);
      break;
    case Order.firstBlocks:
      if (!filters(runnable) || !then.runnable || (flags & runnable) !== 0) break;
      clearBecauseOf(then, runnable, first);
      clearBecauseOf(then, migratable, first);
      break;
    case Order.firstReqThen:
      if (!filters(optional) || !then.optional || (flags & optional) !== 0 || first.migratable) break;
      clearBecauseOf(then, optional, first);
      break;
    case Order.restartPair:
      applyRestart(first, then, filter);
      break;
  }
  let changed: number = Changed.none;
  if (then.flags !== thenBefore) {
    changed |= Changed.thenChanged;
    if (then.resource?.parent !== undefined) updateAction(set, then);
  }
  if (first.flags !== firstBefore) changed |= Changed.firstChanged;
  return changed;
}

function applyAsymmetric(first: Action, then: Action): void {
  const { resource } = then;
  if (resource === undefined || first.runnable) return;
  const state = stateOf(resource, true);
  const stays =
    (state === Role.stopped && then.task === 'stop') ||
    (state >= Role.started &&
      then.task === 'start' &&
      resource.activeNodes.length === 1 &&
      resource.activeNodes[0] === then.node);
  if (then.optional && stays) return;
  clearBecauseOf(then, ActionFlag.optional, first);
  clearBecauseOf(then, ActionFlag.runnable, first);
}

function applyRestart(first: Action, then: Action, filter: number): void {
  const { optional, runnable, migratable } = ActionFlag;
  const restart = (filter & optional) !== 0 && !then.optional;
  const stop =
    (filter & runnable) !== 0 && !then.runnable && then.resource?.managed === true && first.resource === then.resource;
  if (!restart && !stop) return;
  if (first.runnable) clearBecauseOf(first, optional, then);
  if (!then.optional) clearBecauseOf(first, optional, then);
  if (!then.migratable) clearBecauseOf(first, migratable, then);
  if (!first.optional && !first.runnable) clearBecauseOf(then, runnable, first);
}

/** Relations of a primitive. */
export function updatePrimitive(
  set: WorkingSet,
  _resource: Resource,
  first: Action,
  then: Action,
  args: UpdateArguments,
): number {
  return updateGeneric(set, first, then, args);
}

/** Relations of a group concern its members too (scheduler-3 9.4). */
export function updateGroup(
  set: WorkingSet,
  group: Resource,
  first: Action,
  then: Action,
  args: UpdateArguments,
): number {
  let changed = updateGeneric(set, first, then, args);
  for (const member of group.children) {
    const own = findFirst(member, undefined, then.task, args.node);
    if (own !== undefined) changed |= member.kind.updateOrdering(set, member, first, own, args);
  }
  return changed;
}

/** What must be with something that can't start, can't start either (scheduler-3 15.6). */
export function blockColocated(set: WorkingSet, action: Action): void {
  if (action.runnable || (action.task !== 'start' && action.task !== 'promote')) return;
  if (action.resource === undefined) return;
  let resource = topOf(action.resource);
  if (resource.parent !== undefined) resource = resource.parent;
  for (const child of resource.children) {
    const own = findFirst(child, undefined, action.task, undefined);
    if (own === undefined || own.runnable) return;
  }
  for (const colocation of withThisOf(resource)) {
    if (colocation.score < infinity) continue;
    if (action.task === 'promote' && colocation.primaryRole !== Role.promoted) continue;
    const task = colocation.dependentRole === Role.promoted ? 'promote' : 'start';
    markBlocked(set, colocation.dependent, task, action);
  }
}

function markBlocked(set: WorkingSet, resource: Resource, task: string, because: Action): void {
  for (let at = resource.actions.length - 1; at >= 0; at -= 1) {
    const action = resource.actions[at] as Action;
    if (!action.runnable || action.task !== task) continue;
    action.clear(ActionFlag.runnable);
    action.reason ??= `colocation with ${because.resource?.id ?? ''}`;
    blockColocated(set, action);
    updateAction(set, action);
  }
  for (const child of resource.children) markBlocked(set, child, task, because);
}
