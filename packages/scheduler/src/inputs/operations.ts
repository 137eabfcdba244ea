import {
  evaluateSets,
  intervalOrZero,
  parseBoolean,
  parseDateTime,
  parseMilliseconds,
  toEpoch,
  toSeconds,
} from '@sanode/rules';
import { attr, childElements, type Element } from '@sanode/xml';
import type { OnFail } from '../model/action.ts';
import { type ClusterNode, isRemoteNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import { configError, type WorkingSet } from '../model/working-set.ts';
import { sameText } from '../values/names.ts';
import { findNode } from './nodes.ts';
import { parametersOf } from './parameters.ts';
import { agentInput } from './resource-meta.ts';
import { addDefaults } from './rule-input.ts';

const defaultTimeoutMs = 20_000;
const maxInt = 2147483647;

/** The interval of an `op` element in ms. */
export function opInterval(op: Element): number {
  return intervalOrZero(attr(op, 'interval'));
}

export function opEnabled(op: Element): boolean {
  return parseBoolean(attr(op, 'enabled')) !== false;
}

/** A configured operation, read. */
export interface ConfiguredOperation {
  readonly xml: Element;
  readonly name: string | undefined;
  readonly intervalMs: number;
  readonly enabled: boolean;
}

/** A resource's configured operations in document order, read once. */
export function configuredOperations(resource: Resource): readonly ConfiguredOperation[] {
  resource.configuredOperations ??= operationsOf(resource).map((xml) => ({
    xml,
    name: attr(xml, 'name'),
    intervalMs: opInterval(xml),
    enabled: opEnabled(xml),
  }));
  return resource.configuredOperations;
}

/** The configured operation of a name and interval; the first in the document (scheduler-1 7.1). */
export function findOperation(
  resource: Resource,
  name: string,
  intervalMs: number,
  includeDisabled: boolean,
): Element | undefined {
  const operations = configuredOperations(resource);
  const find = (wanted: string, interval: number) =>
    operations.find((op) => op.name === wanted && op.intervalMs === interval && (includeDisabled || op.enabled))?.xml;
  const found = find(name, intervalMs);
  if (found !== undefined || (name !== 'migrate_to' && name !== 'migrate_from')) return found;
  return find('migrate', 0);
}

export function operationsOf(resource: Resource): Element[] {
  return resource.operations === undefined ? [] : childElements(resource.operations, 'op');
}

/** Meta attributes of an operation, with every default filled in (scheduler-1 7.2, scheduler-3 2.6). */
export function operationMeta(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode | undefined,
  name: string,
  intervalMs: number,
  op: Element | undefined,
): ReadonlyMap<string, string> {
  // Only fence devices' parameters on the node count.
  if (resource.fenceDevice) return buildMeta(set, resource, node, name, intervalMs, op);
  const key = `${name} ${intervalMs} ${op === undefined ? '' : attr(op, 'id')}`;
  let meta = resource.operationMeta.get(key);
  if (meta === undefined) {
    meta = buildMeta(set, resource, node, name, intervalMs, op);
    resource.operationMeta.set(key, meta);
  }
  return meta;
}

function buildMeta(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode | undefined,
  name: string,
  intervalMs: number,
  op: Element | undefined,
): Map<string, string> {
  const meta = new Map<string, string>();
  const input = { ...agentInput(set, resource.xml), operation: { name, intervalMs } };
  if (op !== undefined) {
    evaluateSets(op, 'meta_attributes', input, meta);
    for (const [key, value] of op.attributes) meta.set(key, value);
  }
  const isProbe = name === 'monitor' && intervalMs === 0;
  if (isProbe && !meta.has('timeout')) {
    const timeout = probeTimeout(resource);
    if (timeout !== undefined) meta.set('timeout', timeout);
  }
  addDefaults(set, 'op_defaults', input, meta);
  meta.delete('id');
  if (intervalMs > 0) meta.set('interval', String(intervalMs));
  else meta.delete('interval');
  if (resource.fenceDevice && (name === 'start' || isProbe)) {
    const timeout = parametersOf(set, resource, node).get('pcmk_monitor_timeout');
    if (timeout !== undefined) meta.set('timeout', timeout);
  }
  const timeout = parseMilliseconds(meta.get('timeout') ?? '') ?? 0;
  meta.set('timeout', String(timeout <= 0 ? defaultTimeoutMs : Math.min(timeout, maxInt)));
  validateOnFail(set, resource, name, op, meta);
  setStartDelay(set, intervalMs, meta);
  return meta;
}

/** The timeout of the most frequent enabled recurring monitor. */
function probeTimeout(resource: Resource): string | undefined {
  let best: Element | undefined;
  let smallest = Number.POSITIVE_INFINITY;
  for (const op of operationsOf(resource)) {
    if (attr(op, 'name') !== 'monitor' || !opEnabled(op)) continue;
    const interval = opInterval(op);
    if (interval > 0 && interval < smallest) {
      smallest = interval;
      best = op;
    }
  }
  return best === undefined ? undefined : attr(best, 'timeout');
}

function isPromotedRole(role: string | undefined): boolean {
  return sameText(role, 'Promoted') || sameText(role, 'Master');
}

function validateOnFail(
  set: WorkingSet,
  resource: Resource,
  name: string,
  op: Element | undefined,
  meta: Map<string, string>,
): void {
  const value = meta.get('on-fail');
  const lower = value?.toLowerCase();
  if (name === 'stop' && (lower === 'standby' || lower === 'demote' || lower === 'stop')) {
    configError(set, `Resetting on-fail of ${resource.id} stop: '${value}' is not allowed for stop`);
    meta.delete('on-fail');
    return;
  }
  if (name === 'demote' && value === undefined) {
    for (const other of operationsOf(resource)) {
      const onFail = attr(other, 'on-fail');
      const usable = attr(other, 'name') === 'monitor' && isPromotedRole(attr(other, 'role')) && opEnabled(other);
      if (onFail !== undefined && usable && opInterval(other) > 0 && !sameText(onFail, 'demote')) {
        meta.set('on-fail', onFail);
      }
    }
    return;
  }
  if (sameText(name, 'lrm_delete') && lower !== 'ignore') {
    meta.set('on-fail', 'ignore');
    return;
  }
  if (lower !== 'demote') return;
  const opName = op === undefined ? undefined : attr(op, 'name');
  const promotedMonitor =
    opName === 'monitor' && op !== undefined && opInterval(op) > 0 && isPromotedRole(attr(op, 'role'));
  if (opName === 'promote' || promotedMonitor) return;
  configError(set, `Resetting on-fail of ${resource.id} ${name}: 'demote' is only for promoted roles`);
  meta.delete('on-fail');
}

function setStartDelay(set: WorkingSet, intervalMs: number, meta: Map<string, string>): void {
  const configured = meta.get('start-delay');
  if (configured !== undefined) {
    const delay = parseMilliseconds(configured) ?? 0;
    meta.set('start-delay', String(Math.min(Math.max(delay, 0), maxInt)));
    return;
  }
  const originText = meta.get('interval-origin');
  if (originText === undefined || intervalMs <= 0) return;
  const origin = parseDateTime(originText, set.now);
  const seconds = toSeconds(intervalMs);
  if (origin === undefined || seconds === 0) return;
  const rest = (toEpoch(set.now) - toEpoch(origin)) % seconds;
  meta.set('start-delay', String((rest <= 0 ? -rest : seconds - rest) * 1000));
}

const severity: readonly OnFail[] = [
  'ignore',
  'demote',
  'restart',
  'reset-remote',
  'restart-container',
  'ban',
  'block',
  'stop',
  'standby',
  'fence',
];

/** Compares two reactions to failures by severity. */
export function moreSevere(a: OnFail, b: OnFail): boolean {
  return severity.indexOf(a) > severity.indexOf(b);
}

/** What shall happen if an operation fails (scheduler-1 7.3). */
export function onFailOf(
  set: WorkingSet,
  resource: Resource,
  name: string,
  intervalMs: number,
  value: string | undefined,
): OnFail {
  const resets = remoteResetApplies(set, resource, name, intervalMs);
  const used = resets && !resource.managed ? undefined : value?.toLowerCase();
  switch (used) {
    case 'block':
    case 'standby':
    case 'ignore':
    case 'stop':
    case 'restart':
    case 'demote':
      return used;
    case 'nothing':
      return 'ignore';
    case 'migrate':
      return 'ban';
    case 'fence':
      if (set.options.fencingEnabled) return 'fence';
      configError(set, `Resetting on-fail of ${resource.id} ${name} to 'stop' because fencing is disabled`);
      return 'stop';
    case 'restart-container':
      if (resource.launcher !== undefined) return 'restart-container';
      break;
  }
  if (resource.launcher !== undefined) return 'restart-container';
  if (resets) return resource.managed ? 'reset-remote' : 'stop';
  if (sameText(name, 'stop')) return set.options.fencingEnabled ? 'fence' : 'block';
  return 'restart';
}

function remoteResetApplies(set: WorkingSet, resource: Resource, name: string, intervalMs: number): boolean {
  if (!resource.remoteConnection || sameText(name, 'start')) return false;
  if (sameText(name, 'monitor') && intervalMs === 0) return false;
  const node = findNode(set, resource.id);
  return node !== undefined && isRemoteNode(node);
}

/** The role a resource shall have after an operation failed. */
export function failRoleOf(resource: Resource, name: string, onFail: OnFail): Role {
  if (onFail === 'stop') return Role.stopped;
  if (onFail === 'reset-remote' && resource.remoteReconnectMs > 0) return Role.stopped;
  return sameText(name, 'promote') ? Role.unpromoted : Role.started;
}
