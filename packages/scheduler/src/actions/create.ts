import { evaluateSets } from '@sanode/rules';
import type { Element } from '@sanode/xml';
import { failRoleOf, findOperation, onFailOf, operationMeta } from '../inputs/operations.ts';
import { ruleInput } from '../inputs/rule-input.ts';
import { Action, ActionFlag } from '../model/action.ts';
import { ActionMeta } from '../model/action-meta.ts';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { sameText } from '../values/names.ts';
import { intervalOfKey, taskKey } from './keys.ts';
import { updateRunnable } from './runnable.ts';

const noActions: readonly Action[] = [];

/** Creates an action, or gets the one that has the key, and brings its flags up to date (scheduler-3 2.4). */
export function createAction(
  set: WorkingSet,
  resource: Resource | undefined,
  key: string,
  task: string,
  node: ClusterNode | undefined,
  optional: boolean,
): Action {
  const action = existing(set, resource, key, node) ?? create(set, resource, key, task, node, optional);
  const unmanaged =
    resource !== undefined &&
    action.node !== undefined &&
    !action.pseudo &&
    !resource.managed &&
    !action.meta.has('interval');
  if (unmanaged) action.set(ActionFlag.optional);
  else if (!optional) action.clear(ActionFlag.optional);
  if (resource !== undefined) {
    if (action.node !== undefined && action.opConfig !== undefined && !action.has(ActionFlag.attributesDone)) {
      const input = ruleInput(set, { nodeAttributes: action.node.attributes });
      const extra = action.extra ?? new Map<string, string>();
      evaluateSets(action.opConfig, 'instance_attributes', input, extra);
      if (extra.size > 0) action.extra = extra;
      action.set(ActionFlag.attributesDone);
    }
    updateRunnable(set, action, resource);
  }
  return action;
}

function existing(
  set: WorkingSet,
  resource: Resource | undefined,
  key: string,
  node: ClusterNode | undefined,
): Action | undefined {
  if (resource === undefined) {
    const singleton = set.singletons.get(key);
    if (singleton !== undefined) singleton.node ??= node;
    return singleton === undefined || node === undefined || singleton.node === node ? singleton : undefined;
  }
  return findAll(resource, key, node)[0];
}

function create(
  set: WorkingSet,
  resource: Resource | undefined,
  key: string,
  task: string,
  node: ClusterNode | undefined,
  optional: boolean,
): Action {
  let flags: number = ActionFlag.runnable;
  if (optional) flags |= ActionFlag.optional;
  if (sameText(task, 'lrm_delete')) flags |= ActionFlag.onDc;
  const action = new Action(set.nextActionId, resource, key, task, node, flags);
  set.nextActionId += 1;
  set.actions.push(action);
  if (resource === undefined) {
    set.singletons.set(key, action);
    return action;
  }
  resource.actions.push(action);
  addTo(resource.actionsByKey, action.lowerKey, action);
  addTo(resource.actionsByTask, task.toLowerCase(), action);
  const intervalMs = intervalOfKey(key);
  action.opConfig = configOf(resource, key, task, intervalMs);
  action.meta = new ActionMeta(operationMeta(set, resource, node, task, intervalMs, action.opConfig));
  action.needs = needsOf(resource, task);
  action.onFail = onFailOf(set, resource, task, intervalMs, action.meta.get('on-fail'));
  action.failRole = failRoleOf(resource, task, action.onFail);
  return action;
}

function configOf(resource: Resource, key: string, task: string, intervalMs: number): Element | undefined {
  const found = findOperation(resource, task, intervalMs, true);
  if (found !== undefined || !key.includes('_notify_')) return found;
  return findOperation(resource, 'notify', 0, true);
}

function needsOf(resource: Resource, task: string): Action['needs'] {
  if (!sameText(task, 'start') && !sameText(task, 'promote')) return 'nothing';
  if (resource.needsFencing) return 'fencing';
  return resource.needsQuorum ? 'quorum' : 'nothing';
}

/** Creates or gets a resource's operation that does not recur. */
export function resourceAction(
  set: WorkingSet,
  resource: Resource,
  task: string,
  node: ClusterNode | undefined,
  optional: boolean,
): Action {
  return createAction(set, resource, taskKey(resource, task), task, node, optional);
}

/** An action that stands for a point in the order of things, of no resource. */
export function pseudoAction(set: WorkingSet, name: string): Action {
  const found = set.singletons.get(name);
  if (found !== undefined) return found;
  const action = createAction(set, undefined, name, name, undefined, true);
  action.set(ActionFlag.pseudo | ActionFlag.runnable);
  return action;
}

/** A collective's own action, such as `clone_running_0`. */
export function resourcePseudo(
  set: WorkingSet,
  resource: Resource,
  task: string,
  optional: boolean,
  runnable: boolean,
): Action {
  const action = resourceAction(set, resource, task, undefined, optional);
  action.set(ActionFlag.pseudo);
  if (runnable) action.set(ActionFlag.runnable);
  return action;
}

/** Removes a resource's fail count on a node (scheduler-3 2.8). */
export function clearFailCount(set: WorkingSet, resource: Resource, node: ClusterNode): Action {
  const action = resourceAction(set, resource, 'clear_failcount', node, false);
  action.meta.set('op_no_wait', 'true');
  return action;
}

/** Removes a resource's history on a node from the CIB. */
export function clearHistory(set: WorkingSet, resource: Resource, node: ClusterNode): Action {
  return resourceAction(set, resource, 'lrm_delete', node, false);
}

/** Notes the result that an action is expected to have. */
export function expectResult(action: Action, code: number): void {
  if (code === 0) action.meta.delete('op_target_rc');
  else action.meta.expectResult(String(code));
}

/**
 * Actions of a key (letters' case ignored) on a node, oldest first. An action without node matches, **and gets the
 * node**: results depend on this (scheduler-3 2.9). Without a node it is the list itself: create none while walking it.
 */
export function findAll(resource: Resource, key: string, node: ClusterNode | undefined): readonly Action[] {
  const list = resource.actionsByKey.get(key.toLowerCase());
  if (list === undefined) return noActions;
  if (node === undefined) return list;
  let found: Action[] | undefined;
  for (const action of list) {
    action.node ??= node;
    if (action.node !== node) continue;
    if (found === undefined) found = [action];
    else found.push(action);
  }
  return found ?? noActions;
}

/** Actions of a key that have this very node, oldest first. */
export function findAllExact(resource: Resource, key: string, node: ClusterNode | undefined): Action[] {
  if (node === undefined) return [];
  return (resource.actionsByKey.get(key.toLowerCase()) ?? []).filter((action) => action.node === node);
}

/** The newest action of a key, or of a task, that is on the node where one is given. */
export function findFirst(
  resource: Resource,
  key: string | undefined,
  task: string,
  node: ClusterNode | undefined,
): Action | undefined {
  const list =
    key === undefined ? resource.actionsByTask.get(task.toLowerCase()) : resource.actionsByKey.get(key.toLowerCase());
  if (list === undefined) return undefined;
  if (node === undefined) return list.at(-1);
  for (let at = list.length - 1; at >= 0; at -= 1) {
    const action = list[at] as Action;
    if (action.node === node) return action;
  }
  return undefined;
}

function addTo(index: Map<string, Action[]>, name: string, action: Action): void {
  const list = index.get(name);
  if (list === undefined) index.set(name, [action]);
  else list.push(action);
}

/** Gives an action another task. */
export function changeTask(resource: Resource, action: Action, task: string): void {
  const before = resource.actionsByTask.get(action.task.toLowerCase());
  before?.splice(before.indexOf(action), 1);
  action.task = task;
  const list = resource.actionsByTask.get(task.toLowerCase()) ?? [];
  list.push(action);
  resource.actionsByTask.set(
    task.toLowerCase(),
    list.sort((a, b) => a.id - b.id),
  );
}

/** A resource's actions of a task that do not recur. */
export function resourceActions(
  resource: Resource,
  node: ClusterNode | undefined,
  task: string,
  strict: boolean,
): readonly Action[] {
  const key = taskKey(resource, task);
  return strict ? findAllExact(resource, key, node) : findAll(resource, key, node);
}
