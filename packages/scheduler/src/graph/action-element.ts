import { type Element, element } from '@sanode/xml';
import { operationKey } from '../actions/keys.ts';
import { parametersOf } from '../inputs/parameters.ts';
import type { Action } from '../model/action.ts';
import { type ClusterNode, isGuestNode } from '../model/node.ts';
import { definitionId, type Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { connectionHost } from '../orderings/remote.ts';
import { currentNode } from '../placement/current-node.ts';
import { hostAddress, metaName, needsHostAddress } from '../status/digests.ts';
import { compareBytes } from '../values/names.ts';

/** The key by which the executor knows an instance's operation. */
function historyKeyOf(action: Action, historyId: string): string {
  if (action.task === 'notify') {
    const type = action.meta.get('notify_type') ?? '';
    return operationKey(historyId, `${type}_notify_${action.meta.get('notify_operation') ?? ''}`, 0);
  }
  const interval = Number(action.meta.get('interval') ?? '0');
  return operationKey(historyId, action.cancelTask ?? action.task, interval);
}

function elementName(action: Action): string {
  if (action.task === 'stonith') return action.pseudo ? 'pseudo_event' : 'crm_event';
  if (action.task === 'do_shutdown' || action.task === 'clear_failcount' || action.task === 'lrm_delete') {
    return 'crm_event';
  }
  return action.pseudo ? 'pseudo_event' : 'rsc_op';
}

/**
 * An action as the graph has it (scheduler-3 19.5).
 * @param details with its parameters, or only what names it
 */
export function actionElement(set: WorkingSet, action: Action, details: boolean): Element {
  const name = elementName(action);
  const attributes = new Map<string, string>();
  if (action.task === 'lrm_delete') attributes.set('mode', 'cib');
  attributes.set('id', String(action.id));
  attributes.set('operation', action.task);
  const historyId = action.resource?.historyId;
  if (historyId === undefined) {
    attributes.set('operation_key', action.key);
  } else {
    attributes.set('operation_key', historyKeyOf(action, historyId));
    attributes.set('internal_operation_key', action.key);
  }
  const withNode = name !== 'pseudo_event' || action.task === 'stonith';
  const { node } = action;
  if (withNode && node !== undefined) addNode(action, node, attributes);
  if (!details) return element(name, attributes);
  const children: (Element | undefined)[] = [];
  if (action.resource !== undefined && !action.pseudo) {
    addLock(action, action.resource, attributes);
    children.push(resourceElement(action.resource));
  }
  children.push(attributesElement(set, action, withNode ? node : undefined));
  if (withNode && node !== undefined) children.push(downedElement(action, node));
  if (action.task === 'maintenance_nodes') children.push(maintenanceElement(set));
  return element(name, attributes, children);
}

function addNode(action: Action, node: ClusterNode, attributes: Map<string, string>): void {
  attributes.set('on_node', node.name);
  attributes.set('on_node_uuid', node.id);
  const router = connectionHost(action);
  if (router !== undefined) attributes.set('router_node', router.name);
}

function addLock(action: Action, resource: Resource, attributes: Map<string, string>): void {
  const { node } = action;
  if (node === undefined || resource.lockNode !== node) return;
  if (node.shutdown && action.task !== 'stop') return;
  attributes.set('shutdown-lock', String(resource.lockTime));
}

const resourceElements = new WeakMap<Resource, Element>();

function resourceElement(resource: Resource): Element {
  let made = resourceElements.get(resource);
  if (made === undefined) {
    made = makeResourceElement(resource);
    resourceElements.set(resource, made);
  }
  return made;
}

function makeResourceElement(resource: Resource): Element {
  const { historyId } = resource;
  let id = resource.id;
  let longId: string | undefined;
  if (resource.removed && historyId !== undefined) {
    id = historyId;
    longId = resource.id;
  } else if (!resource.unique) {
    id = definitionId(resource);
    longId = historyId !== undefined && historyId !== id ? historyId : resource.id;
  }
  return element(resource.xml.name, {
    id,
    'long-id': longId,
    class: resource.meta.get('class'),
    provider: resource.meta.get('provider'),
    type: resource.meta.get('type'),
  });
}

/** What the actions of one operation on all nodes have in common. */
interface CommonAttributes {
  readonly parameters: ReadonlyMap<string, string> | undefined;
  /** Sorted by name; what differs by node is there under its name. */
  readonly sorted: readonly (readonly [string, string])[];
  readonly children: readonly Element[];
}

const nodeName = 'CRM_meta_on_node';
const nodeId = 'CRM_meta_on_node_uuid';
const commonAttributes = new WeakMap<ReadonlyMap<string, string>, CommonAttributes>();

/** @param place node that the action names */
function attributesElement(set: WorkingSet, action: Action, place: ClusterNode | undefined): Element {
  const { resource, node } = action;
  const parameters = resource === undefined ? undefined : parametersFor(set, resource, node);
  const onGuest = node !== undefined && isGuestNode(node);
  const shares = resource !== undefined && place !== undefined && !onGuest && action.extra === undefined;
  let common = shares ? commonAttributes.get(action.meta.values) : undefined;
  if (common === undefined || common.parameters !== parameters) {
    common = readAttributes(set, action, place, parameters);
    if (shares) commonAttributes.set(action.meta.values, common);
  }
  const attributes = new Map<string, string>();
  for (const [name, value] of common.sorted) {
    const ofPlace =
      place === undefined ? undefined : name === nodeName ? place.name : name === nodeId ? place.id : undefined;
    const isOwn = ofPlace === undefined || parameters?.has(name) === true || action.extra?.has(name) === true;
    attributes.set(name, isOwn ? value : ofPlace);
  }
  return element('attributes', attributes, common.children);
}

function readAttributes(
  set: WorkingSet,
  action: Action,
  place: ClusterNode | undefined,
  parameters: ReadonlyMap<string, string> | undefined,
): CommonAttributes {
  const values = new Map<string, string>([['crm_feature_set', set.featureSet]]);
  const children: Element[] = [];
  const { resource, node } = action;
  if (action.extra !== undefined) addAbsent(values, action.extra);
  for (const [name, value] of parameters ?? []) {
    if (/^[0-9]/.test(name)) children.push(element('param', { name, value }));
    else if (!values.has(name)) values.set(name, value);
  }
  const meta =
    place === undefined ? action.meta : [...action.meta, ['on_node', place.name], ['on_node_uuid', place.id]];
  for (const [name, value] of meta as Iterable<[string, string]>) {
    const exported = metaName(name);
    if (exported !== undefined && !values.has(exported)) values.set(exported, value);
  }
  for (let at = resource; at !== undefined; at = at.parent) at.kind.addGraphMeta(at, values);
  if (node !== undefined && resource !== undefined && isGuestNode(node)) addGuestHost(action, resource, node, values);
  return { parameters, sorted: [...values].sort(([a], [b]) => compareBytes(a, b)), children };
}

function addAbsent(target: Map<string, string>, source: ReadonlyMap<string, string>): void {
  for (const [name, value] of source) if (!target.has(name)) target.set(name, value);
}

function parametersFor(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode | undefined,
): ReadonlyMap<string, string> | undefined {
  if (node === undefined) return resource.variant === 'primitive' ? parametersOf(set, resource, undefined) : undefined;
  const parameters = parametersOf(set, resource, node);
  if (parameters.get('addr') !== '#uname' || resource.replica === undefined || !resource.remoteConnection) {
    return parameters;
  }
  const general = parametersOf(set, resource, undefined);
  if (!needsHostAddress(set, resource)) return general;
  const host = hostAddress(resource);
  return host === undefined ? general : new Map([...general, ['addr', host]]);
}

/** Where an action on a guest node really takes place. */
function addGuestHost(action: Action, resource: Resource, node: ClusterNode, values: Map<string, string>): void {
  const launcher = node.connection?.launcher;
  if (launcher === undefined) return;
  const notifies = action.task === 'notify' || action.task === 'notified';
  const task = notifies ? (action.meta.get('notify_operation') ?? '') : action.task;
  let host: ClusterNode | undefined;
  if (['stop', 'stopped', 'demote', 'demoted'].includes(task)) host = currentNode(launcher);
  else if (['start', 'running', 'monitor', 'promote', 'promoted'].includes(task)) host = launcher.assigned?.node;
  if (host === undefined) return;
  const target = resource.meta.get('container-attribute-target');
  const add = (name: string, value: string | undefined) => {
    if (value !== undefined && !values.has(name)) values.set(name, value);
  };
  add('CRM_meta_container_attribute_target', target);
  add('CRM_meta_physical_host', host.name);
}

/** Nodes that are down once the action is done. */
function downedElement(action: Action, node: ClusterNode): Element | undefined {
  const ids: string[] = [];
  const { resource } = action;
  if (action.task === 'do_shutdown') {
    ids.push(node.id);
  } else if (action.task === 'stonith') {
    const op = action.meta.get('stonith_action');
    if (op !== 'off' && op !== 'reboot') return undefined;
    ids.push(node.id);
    for (const running of node.running) {
      if (running.remoteConnection && running.launcher !== undefined) ids.push(running.id);
    }
  } else if (resource?.remoteConnection === true && action.task === 'stop') {
    const migrates = action.before.some(
      (relation) => relation.action.task === 'migrate_from' && relation.action.resource === resource,
    );
    if (migrates) return undefined;
    ids.push(resource.id);
  } else {
    return undefined;
  }
  return element(
    'downed',
    {},
    ids.map((id) => element('node', { id })),
  );
}

function maintenanceElement(set: WorkingSet): Element {
  const nodes = set.nodes
    .filter((node) => node.variant === 'remote' && node.maintenance !== node.remoteMaintenance)
    .map((node) => element('node', { id: node.id, node_in_maintenance: node.maintenance ? '1' : '0' }));
  return element('maintenance', {}, nodes);
}

/** Graph meta of a primitive: which instance it is, what node it makes, what it is launched by. */
export function addPrimitiveMeta(resource: Resource, values: Map<string, string>): void {
  const set = (name: string, value: string | undefined) => {
    if (value !== undefined) values.set(name, value);
  };
  set('CRM_meta_clone', resource.meta.get('clone'));
  set('CRM_meta_remote_node', resource.meta.get('remote-node'));
  for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) {
    set('CRM_meta_container', at.launcher?.id);
  }
  set('pcmk_external_ip', resource.meta.get('external-ip'));
}

/** Graph meta of a clone. */
export function addCloneMeta(clone: Resource, values: Map<string, string>): void {
  const data = clone.clone;
  if (data === undefined) return;
  values.set('CRM_meta_globally_unique', String(clone.unique));
  values.set('CRM_meta_notify', String(clone.notify));
  values.set('CRM_meta_clone_max', String(data.max));
  values.set('CRM_meta_clone_node_max', String(data.nodeMax));
  if (!clone.promotable) return;
  values.set('CRM_meta_promoted_max', String(data.promotedMax));
  values.set('CRM_meta_promoted_node_max', String(data.promotedNodeMax));
  values.set('CRM_meta_master_max', String(data.promotedMax));
  values.set('CRM_meta_master_node_max', String(data.promotedNodeMax));
}
