import { createAction, findFirst } from '../actions/create.ts';
import { operationKey } from '../actions/keys.ts';
import { type Action, ActionFlag, Order } from '../model/action.ts';
import { type ClusterNode, isGuestNode } from '../model/node.ts';
import { type Resource, topOf } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { newestFirst } from '../orderings/apply.ts';
import { relate } from '../orderings/relate.ts';
import { currentNode } from '../placement/current-node.ts';
import { compareBytes, compareNames } from '../values/names.ts';
import { infinity } from '../values/scores.ts';
import type { NotificationData, NotificationEntry, NotificationTask } from './notification-data.ts';

function createPseudo(
  set: WorkingSet,
  resource: Resource,
  type: string,
  base: Action,
  task: 'notify' | 'notified',
): Action {
  const key = operationKey(resource.id, `${type}_notify_${base.task}`, 0);
  const action = createAction(set, resource, key, task, undefined, base.optional);
  action.set(ActionFlag.pseudo);
  action.meta.set('notify_key_type', type);
  action.meta.set('notify_key_operation', base.task);
  return action;
}

/** Creates what stands for notifications before and after a task (scheduler-3 12.1). */
export function createNotifications(
  set: WorkingSet,
  resource: Resource,
  task: NotificationTask,
  action: Action | undefined,
  complete: Action | undefined,
): NotificationData {
  const mark = (each: Action, type: string) => {
    each.meta.set('notify_type', type);
    each.meta.set('notify_operation', task);
  };
  let pre: Action | undefined;
  let preDone: Action | undefined;
  let post: Action | undefined;
  let postDone: Action | undefined;
  if (action !== undefined) {
    pre = createPseudo(set, resource, 'pre', action, 'notify');
    pre.set(ActionFlag.runnable);
    mark(pre, 'pre');
    preDone = createPseudo(set, resource, 'confirmed-pre', action, 'notified');
    preDone.set(ActionFlag.runnable);
    mark(preDone, 'pre');
    relate(pre, preDone, Order.seq);
    relate(preDone, action, Order.seq);
  }
  if (complete !== undefined) {
    post = createPseudo(set, resource, 'post', complete, 'notify');
    postDone = createPseudo(set, resource, 'confirmed-post', complete, 'notified');
    for (const each of [post, postDone]) {
      each.priority = infinity;
      if (complete.runnable) each.set(ActionFlag.runnable);
      else each.clear(ActionFlag.runnable);
      mark(each, 'post');
    }
    relate(complete, post, Order.firstReqThen);
    relate(post, postDone, Order.firstReqThen);
  }
  if (preDone !== undefined && post !== undefined) relate(preDone, post, Order.seq);
  return { task, pre, preDone, post, postDone, keys: new Map() };
}

type ListName = 'start' | 'stop' | 'promote' | 'demote' | 'active' | 'inactive' | 'promoted' | 'unpromoted';
type Lists = Record<ListName, NotificationEntry[]>;

function emptyLists(): Lists {
  return { start: [], stop: [], promote: [], demote: [], active: [], inactive: [], promoted: [], unpromoted: [] };
}

const notifiedTasks: ReadonlySet<string> = new Set(['start', 'stop', 'promote', 'demote']);

function collect(resource: Resource, lists: Lists): void {
  if (resource.children.length > 0) {
    for (const child of resource.children) collect(child, lists);
    return;
  }
  const entry = { resource, node: resource.activeNodes[0] };
  switch (resource.origRole) {
    case Role.stopped:
      lists.inactive.unshift(entry);
      break;
    case Role.started:
      lists.active.unshift(entry);
      break;
    case Role.unpromoted:
      lists.unpromoted.unshift(entry);
      lists.active.unshift(entry);
      break;
    case Role.promoted:
      lists.promoted.unshift(entry);
      lists.active.unshift(entry);
      break;
  }
  for (const action of newestFirst(resource.actions)) {
    if (action.optional || action.node === undefined || !notifiedTasks.has(action.task)) continue;
    if (!action.runnable && !(action.task === 'stop' && action.node.unclean)) continue;
    lists[action.task as NotificationTask].unshift({ resource, node: action.node });
  }
}

function compareEntries(a: NotificationEntry, b: NotificationEntry): number {
  return compareBytes(a.resource.id, b.resource.id) || compareBytes(a.node?.id ?? '', b.node?.id ?? '');
}

interface Names {
  readonly resources: string;
  readonly nodes: string;
}

/** Words of a list; an empty one is a blank. */
function namesOf(list: NotificationEntry[], needNode: boolean): Names {
  list.sort(compareEntries);
  const resources: string[] = [];
  const nodes: string[] = [];
  let last: string | undefined;
  for (const { resource, node } of list) {
    if (resource.id === last || (needNode && node === undefined)) continue;
    last = resource.id;
    resources.push(resource.id);
    if (node !== undefined) nodes.push(node.name);
  }
  return {
    resources: resources.length > 0 ? resources.join(' ') : ' ',
    nodes: nodes.length > 0 ? nodes.join(' ') : ' ',
  };
}

function addKeys(set: WorkingSet, clone: Resource, data: NotificationData, lists: Lists): void {
  const { keys } = data;
  const add = (name: string, names: Names) => {
    keys.set(`notify_${name}_resource`, names.resources);
    keys.set(`notify_${name}_uname`, names.nodes);
  };
  for (const name of ['stop', 'start', 'demote', 'promote', 'active'] as const) add(name, namesOf(lists[name], true));
  const unpromoted = namesOf(lists.unpromoted, true);
  add('unpromoted', unpromoted);
  add('slave', unpromoted);
  const promoted = namesOf(lists.promoted, true);
  add('promoted', promoted);
  add('master', promoted);
  keys.set('notify_inactive_resource', namesOf(lists.inactive, false).resources);
  const available = [...clone.allowed.values()].map((entry) => entry.node.name).sort(compareNames);
  keys.set('notify_available_uname', wordsOf(available));
  keys.set('notify_all_uname', wordsOf(set.nodes.map((node) => node.name)));
  if (clone.meta.get('container-attribute-target')?.toLowerCase() === 'host') {
    keys.set('notify_all_hosts', wordsOf(set.nodes.map((node) => hostName(node))));
  }
}

function wordsOf(names: readonly string[]): string {
  return names.length > 0 ? names.join(' ') : ' ';
}

function hostName(node: ClusterNode): string {
  const launcher = isGuestNode(node) ? node.connection?.launcher : undefined;
  if (launcher === undefined || launcher.activeNodes.length === 0) return node.name;
  return currentNode(launcher)?.name ?? node.name;
}

/** Makes a clone's real notifications, when it goes into the graph (scheduler-3 12.2). */
export function createCloneNotifications(set: WorkingSet, clone: Resource): void {
  const sets = clone.clone?.notifications;
  if (sets === undefined) return;
  for (const action of newestFirst(clone.actions)) clone.kind.actionFlags(action, undefined);
  for (const task of ['start', 'stop', 'promote', 'demote'] as const) {
    const data = sets[task];
    if (data === undefined) continue;
    const lists = emptyLists();
    collect(clone, lists);
    addKeys(set, clone, data, lists);
    const list = lists[task];
    const required = task === 'stop' ? data.keys.get('notify_stop_resource') !== ' ' : list.length > 0;
    if (required) {
      for (const each of [data.pre, data.preDone, data.post, data.postDone]) each?.clear(ActionFlag.optional);
    }
    createFor(set, clone, data, list.length > 0);
  }
}

/** Notifications of one primitive instance about a task. */
function createFor(set: WorkingSet, resource: Resource, data: NotificationData, inProgress: boolean): void {
  if (resource.children.length > 0) {
    for (const child of resource.children) createFor(set, child, data, inProgress);
    return;
  }
  for (const action of newestFirst(resource.actions)) {
    if (action.optional || action.node === undefined || !notifiedTasks.has(action.task)) continue;
    for (const [name, value] of data.keys) action.meta.set(name, value);
  }
  const { task } = data;
  if (task !== 'stop' && !inProgress) return;
  if (resource.origRole !== Role.stopped && (task === 'stop' || task === 'demote')) notifyLeaving(set, resource, data);
  if (resource.nextRole !== Role.stopped && (task === 'start' || task === 'promote')) {
    notifyComing(set, resource, data);
  }
}

function notifyLeaving(set: WorkingSet, resource: Resource, data: NotificationData): void {
  const stop = findFirst(resource, undefined, 'stop', undefined);
  for (const node of resource.activeNodes) {
    if (stop?.pseudo === true && (node.unclean || node.remoteReset)) continue;
    notifyBefore(set, resource, node, data);
    if (data.task === 'demote' || stop === undefined || stop.optional) notifyAfter(set, resource, node, data);
  }
}

function notifyComing(set: WorkingSet, resource: Resource, data: NotificationData): void {
  const start = findFirst(resource, undefined, 'start', undefined);
  const connection = start?.node?.connection;
  if (connection !== undefined) {
    const connect = findFirst(connection, undefined, 'start', undefined);
    if (connect !== undefined && !connect.runnable) return;
  }
  const node = resource.assigned?.node;
  if (node === undefined) return;
  if (data.task === 'promote' || start === undefined || start.optional) notifyBefore(set, resource, node, data);
  notifyAfter(set, resource, node, data);
}

function notifyBefore(set: WorkingSet, resource: Resource, node: ClusterNode, data: NotificationData): void {
  createNotify(set, resource, node, data, data.pre, data.preDone);
}

function notifyAfter(set: WorkingSet, resource: Resource, node: ClusterNode, data: NotificationData): void {
  const action = createNotify(set, resource, node, data, data.post, data.postDone);
  if (action !== undefined) action.priority = infinity;
  const { postDone } = data;
  if (postDone === undefined) return;
  for (const each of newestFirst(resource.actions)) {
    const interval = each.meta.get('interval');
    if (interval === undefined || interval === '0' || each.task === 'cancel') continue;
    relate(postDone, each, Order.seq);
  }
}

/** One notification of an instance on a node (scheduler-3 12.3). */
function createNotify(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode,
  data: NotificationData,
  pseudo: Action | undefined,
  done: Action | undefined,
): Action | undefined {
  if (pseudo === undefined || done === undefined || !node.online || !pseudo.runnable) return undefined;
  const type = pseudo.meta.get('notify_type') ?? '';
  const operation = pseudo.meta.get('notify_operation') ?? '';
  const key = operationKey(resource.id, `${type}_notify_${operation}`, 0);
  const action = createAction(set, resource, key, pseudo.task, node, pseudo.optional);
  for (const [name, value] of pseudo.meta) if (!action.meta.has(name)) action.meta.set(name, value);
  for (const [name, value] of data.keys) action.meta.set(name, value);
  relate(pseudo, action, Order.seq);
  relate(action, done, Order.seq);
  return action;
}

/** Tells a clone's other instances that one has gone with its node (scheduler-3 12.4). */
export function notifyAfterFencing(set: WorkingSet, resource: Resource, stop: Action, fence: Action): void {
  const data = createNotifications(set, resource, 'stop', undefined, fence);
  data.keys.set('notify_stop_resource', resource.id);
  data.keys.set('notify_stop_uname', stop.node?.name ?? '');
  createFor(set, topOf(resource), data, false);
}
