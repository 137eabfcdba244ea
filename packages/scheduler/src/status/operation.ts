import { integerOr } from '@sanode/rules';
import { attr, type Element, withAttributes } from '@sanode/xml';
import { createAction, resourceAction } from '../actions/create.ts';
import { canFence } from '../actions/fence-node.ts';
import { banEverywhereAnew, banOrAdd } from '../constraints/ban.ts';
import { findNode } from '../inputs/nodes.ts';
import { failRoleOf, findOperation, moreSevere, onFailOf, operationMeta } from '../inputs/operations.ts';
import type { OnFail } from '../model/action.ts';
import type { ClusterNode } from '../model/node.ts';
import { isBundled, type Resource, topOf } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import { log, type WorkingSet } from '../model/working-set.ts';
import { sameText } from '../values/names.ts';
import { infinity } from '../values/scores.ts';
import { type Entry, isMaskedProbeFailure, OpStatus, Rc, readEntry } from './entry.ts';
import { isExpired } from './expiry.ts';
import { failedMigrateFrom, failedMigrateTo, successfulMigrateTo } from './migration.ts';
import { block } from './running.ts';

/** What a history has come to while its entries are read, oldest first. */
export interface Progress {
  lastFailure: Entry | undefined;
  onFail: OnFail;
}

const readTasks = new Set(['monitor', 'start', 'stop', 'promote', 'demote', 'migrate_to', 'migrate_from', 'asyncmon']);

/**
 * Reads one entry of a resource's history on a node (scheduler-1 8.6).
 * @returns the entry to use from now on (it may be marked for rescheduling)
 */
export function unpackEntry(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode,
  xml: Element,
  progress: Progress,
): Element {
  const entry = readEntry(xml);
  if (entry === undefined) {
    log(set, 'error', `Ignoring a history entry of ${resource.id} on ${node.name}: it is not valid`);
    return xml;
  }
  if (!readTasks.has(entry.task)) return xml;
  const bundled = isBundled(resource);
  const expired = isExpired(set, resource, node, entry);
  remap(set, resource, node, entry, expired, bundled, progress);
  if (expired) {
    const outcome = handleExpired(resource, node, entry, bundled);
    if (outcome === 'done') return xml;
    if (outcome === 'reschedule') return withAttributes(xml, { 'op-restart-digest': 'calculated-failure-timeout' });
  }
  if (!bundled && isMaskedProbeFailure(xml, entry.originalStatus, entry.originalCode)) {
    maskedProbe(set, resource, node, entry, progress);
    return xml;
  }
  applyStatus(set, resource, node, entry, progress);
  return xml;
}

// B. Remapping of results

function remap(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode,
  entry: Entry,
  expired: boolean,
  bundled: boolean,
  progress: Progress,
): void {
  const before = entry.code;
  if (entry.code === Rc.degraded) entry.code = Rc.ok;
  else if (entry.code === Rc.degradedPromoted) entry.code = Rc.promoted;
  if (entry.code !== before && !expired && (!node.shutdown || node.online)) recordFailed(set, resource, node, entry);
  const masked = isMaskedProbeFailure(entry.xml, entry.status, before);
  if (!bundled && masked && !(entry.status === OpStatus.done && entry.code === Rc.notRunning)) {
    entry.status = OpStatus.done;
    entry.code = Rc.notRunning;
  }
  if (entry.status === OpStatus.noFenceDevice || entry.status === OpStatus.noSecrets) {
    entry.status = OpStatus.hardError;
    return;
  }
  if (entry.status !== OpStatus.done && entry.status !== OpStatus.error) return;
  entry.status = entry.expected >= 0 && entry.code === entry.expected ? OpStatus.done : OpStatus.error;
  remapCode(set, resource, node, entry, expired, progress);
}

function remapCode(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode,
  entry: Entry,
  expired: boolean,
  progress: Progress,
): void {
  const isExpected = entry.code === entry.expected;
  switch (entry.code) {
    case Rc.ok:
      if (entry.isProbe && entry.expected === Rc.notRunning) entry.status = OpStatus.done;
      break;
    case Rc.notRunning:
      if (entry.isProbe || isExpected || !resource.managed) {
        entry.status = OpStatus.done;
        resource.origRole = Role.stopped;
        progress.onFail = 'ignore';
        resource.nextRole = Role.unknown;
      }
      break;
    case Rc.promoted:
      if (entry.isProbe && !isExpected) entry.status = OpStatus.done;
      if (!expired || isExpected) resource.origRole = Role.promoted;
      break;
    case Rc.failedPromoted:
      if (!expired) resource.origRole = Role.promoted;
      entry.status = OpStatus.error;
      break;
    case Rc.notConfigured:
      entry.status = OpStatus.fatalError;
      break;
    case Rc.unimplemented:
      if (entry.intervalMs > 0) {
        entry.status = OpStatus.notSupported;
        break;
      }
      if (!expired) blockIfUnrecoverable(set, resource, node, entry);
      entry.status = OpStatus.hardError;
      break;
    case Rc.notInstalled:
    case Rc.invalidParameter:
    case Rc.insufficientPrivileges:
      if (!expired) blockIfUnrecoverable(set, resource, node, entry);
      entry.status = OpStatus.hardError;
      break;
    default:
      if (entry.status === OpStatus.done) entry.status = OpStatus.error;
  }
}

function blockIfUnrecoverable(set: WorkingSet, resource: Resource, node: ClusterNode, entry: Entry): void {
  if (entry.task === 'stop' && !canFence(set, node)) block(resource);
}

// C. Expired results

function handleExpired(
  resource: Resource,
  node: ClusterNode,
  entry: Entry,
  bundled: boolean,
): 'done' | 'reschedule' | 'continue' {
  const masked = isMaskedProbeFailure(entry.xml, entry.originalStatus, entry.originalCode);
  if (!bundled && masked && entry.originalCode !== entry.expected) {
    if (resource.origRole <= Role.stopped) resource.origRole = Role.unknown;
    return 'done';
  }
  if (entry.code === entry.expected) return 'continue';
  if (entry.intervalMs === 0) return 'done';
  return node.online && !node.unclean ? 'reschedule' : 'continue';
}

// D. Results that count

function maskedProbe(set: WorkingSet, resource: Resource, node: ClusterNode, entry: Entry, progress: Progress): void {
  updateState(set, resource, node, { ...entry, code: entry.expected }, progress);
  recordFailed(set, resource, node, entry);
  banOrAdd(set, resource.unique ? resource : topOf(resource), node, -infinity);
}

function applyStatus(set: WorkingSet, resource: Resource, node: ClusterNode, entry: Entry, progress: Progress): void {
  const parent = resource.unique ? resource : topOf(resource);
  switch (entry.status) {
    case OpStatus.pending:
      applyPending(set, resource, node, entry, progress);
      return;
    case OpStatus.done:
      updateState(set, resource, node, entry, progress);
      return;
    case OpStatus.notInstalled: {
      const { onFail, failRole } = failureHandling(set, resource, node, entry);
      if (onFail === 'ignore') progress.onFail = 'ban';
      banOrAdd(set, parent, node, -infinity);
      applyFailure(set, resource, node, entry, progress, onFail, failRole);
      return;
    }
    case OpStatus.notConnected:
      if (node.variant === 'remote' && node.connection?.managed === true) {
        node.connection.failed = true;
        node.connection.stopIfFailed = true;
      }
      break;
  }
  const { onFail, failRole } = failureHandling(set, resource, node, entry);
  if (onFail === 'ignore' || (onFail === 'restart-container' && entry.task === 'stop')) {
    updateState(set, resource, node, { ...entry, code: entry.expected }, progress);
    resource.ignoreFailure = true;
    recordFailed(set, resource, node, entry);
    if (onFail === 'restart-container' && !moreSevere(progress.onFail, 'restart')) progress.onFail = onFail;
    return;
  }
  applyFailure(set, resource, node, entry, progress, onFail, failRole);
  if (entry.status === OpStatus.hardError) banOrAdd(set, parent, node, -infinity);
  else if (entry.status === OpStatus.fatalError) banOrAdd(set, parent, 'all', -infinity);
}

function failureHandling(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode,
  entry: Entry,
): { onFail: OnFail; failRole: Role } {
  const op = findOperation(resource, entry.task, entry.intervalMs, true);
  const meta = operationMeta(set, resource, node, entry.task, entry.intervalMs, op);
  const onFail = onFailOf(set, resource, entry.task, entry.intervalMs, meta.get('on-fail'));
  return { onFail, failRole: failRoleOf(resource, entry.task, onFail) };
}

/** Adds a failure to the list that is shown; once for each key and node, only of online nodes (scheduler-1 8.10). */
function recordFailed(set: WorkingSet, resource: Resource, node: ClusterNode, entry: Entry): void {
  if (!node.online) return;
  const known = set.failedOperations.some(
    (xml) => (attr(xml, 'operation_key') ?? attr(xml, 'id')) === entry.key && sameText(attr(xml, 'uname'), node.name),
  );
  if (known) return;
  set.failedOperations.push(withAttributes(entry.xml, { uname: node.name, 'rsc-id': resource.id }));
}

// E. Success

function setActive(resource: Resource): void {
  resource.origRole = topOf(resource).promotable ? Role.unpromoted : Role.started;
}

function updateState(set: WorkingSet, resource: Resource, node: ClusterNode, entry: Entry, progress: Progress): void {
  let clear = false;
  const masked = isMaskedProbeFailure(entry.xml, entry.originalStatus, entry.originalCode);
  if (entry.code === Rc.notInstalled || (!isBundled(resource) && masked)) {
    resource.origRole = Role.stopped;
  } else if (entry.code === Rc.notRunning) {
    clear = true;
  } else {
    switch (entry.task) {
      case 'monitor':
        clear = progress.lastFailure?.key === entry.key;
        if (resource.origRole < Role.started) setActive(resource);
        break;
      case 'start':
      case 'migrate_from':
        resource.origRole = Role.started;
        clear = true;
        break;
      case 'stop':
        resource.origRole = Role.stopped;
        clear = true;
        break;
      case 'promote':
        resource.origRole = Role.promoted;
        clear = true;
        break;
      case 'demote':
        clear = progress.onFail === 'demote';
        resource.origRole = Role.unpromoted;
        break;
      case 'migrate_to':
        successfulMigrateTo(set, resource, node, entry);
        break;
      default:
        if (resource.origRole < Role.started) setActive(resource);
    }
  }
  if (clear) clearFailure(resource, progress);
}

function clearFailure(resource: Resource, progress: Progress): void {
  switch (progress.onFail) {
    case 'stop':
    case 'ban':
    case 'standby':
    case 'fence':
      return;
    case 'reset-remote':
      if (resource.remoteReconnectMs > 0) return;
  }
  progress.onFail = 'ignore';
  resource.nextRole = Role.unknown;
}

// F. Pending

function applyPending(set: WorkingSet, resource: Resource, node: ClusterNode, entry: Entry, progress: Progress): void {
  const failure = progress.lastFailure;
  if (failure !== undefined && failure.task === entry.task && failure.intervalMs === entry.intervalMs) {
    const failed = integerOr(attr(failure.xml, 'last-rc-change'), 0);
    if (failed >= integerOr(attr(entry.xml, 'last-rc-change'), 0)) return;
  }
  if (entry.task === 'start') {
    resource.startPending = true;
    setActive(resource);
  } else if (entry.task === 'promote') {
    resource.origRole = Role.promoted;
  } else if (entry.task === 'migrate_to' && node.unclean) {
    const target = findNode(set, attr(entry.xml, 'migrate_target'));
    if (target !== undefined) resourceAction(set, resource, 'stop', target, false);
  }
  if (resource.pendingAction === undefined && !entry.isProbe) {
    resource.pendingAction = entry.task;
    resource.pendingNode = node;
  }
}

// G. Failure

function applyFailure(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode,
  entry: Entry,
  progress: Progress,
  onFail: OnFail,
  failRole: Role,
): void {
  progress.lastFailure = entry;
  if (entry.code !== Rc.notInstalled || set.options.symmetric) recordFailed(set, resource, node, entry);
  if (moreSevere(onFail, progress.onFail)) progress.onFail = onFail;
  switch (entry.task) {
    case 'stop':
      banOrAdd(set, resource, node, -infinity);
      break;
    case 'migrate_to':
      failedMigrateTo(set, resource, node, entry);
      break;
    case 'migrate_from':
      failedMigrateFrom(set, resource, node, entry);
      break;
    case 'promote':
      resource.origRole = Role.promoted;
      break;
    case 'demote':
      if (onFail === 'block') {
        resource.origRole = Role.promoted;
        resource.nextRole = Role.stopped;
      } else {
        resource.origRole = entry.code === Rc.notRunning ? Role.stopped : Role.unpromoted;
      }
      break;
  }
  if (entry.isProbe && entry.code === Rc.notInstalled) resource.origRole = Role.stopped;
  else if (resource.origRole < Role.started) setActive(resource);
  if (failRole !== Role.started && resource.nextRole < failRole) resource.nextRole = failRole;
  if (failRole === Role.stopped) {
    const top = topOf(resource);
    const isAnonymous = resource.parent !== undefined && top.variant === 'clone' && !top.unique;
    banEverywhereAnew(set, isAnonymous ? top : resource);
  }
}

/** Creates the (optional) action that stands for a recurring operation that is running. */
export function createRecurring(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode,
  sorted: readonly Element[],
  start: number,
  stop: number,
): void {
  if (!node.online) return;
  for (const [at, xml] of sorted.entries()) {
    if ((start < stop && at <= stop) || at < start) continue;
    const intervalMs = Math.max(0, integerOr(attr(xml, 'interval'), 0));
    if (intervalMs === 0 || attr(xml, 'op-status') === '-1') continue;
    const task = attr(xml, 'operation') ?? '';
    createAction(set, resource, `${resource.id}_${task}_${intervalMs}`, task, node, true);
  }
}
