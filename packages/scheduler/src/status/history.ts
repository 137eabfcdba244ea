import { integerOr, toSeconds } from '@sanode/rules';
import { attr, childElements, descend, type Element, element } from '@sanode/xml';
import { clearHistory, findAll, resourceAction } from '../actions/create.ts';
import { fenceNode } from '../actions/fence-node.ts';
import { operationKey } from '../actions/keys.ts';
import { banOrAdd } from '../constraints/ban.ts';
import { addNode, applyStartupFencing, findNode, findNodeByIdOrName } from '../inputs/nodes.ts';
import { targetRole, unpackResource } from '../inputs/resources.ts';
import { ActionFlag, type OnFail } from '../model/action.ts';
import { type ClusterNode, isGuestNode, isRemoteNode } from '../model/node.ts';
import { isBundled, type Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import { log, type WorkingSet } from '../model/working-set.ts';
import { currentNode } from '../placement/current-node.ts';
import { infinity } from '../values/scores.ts';
import { sortEntries, startStopIndex } from './entry.ts';
import { findByHistoryId, findHistoryResource } from './find-resource.ts';
import { addRemoteAttributes, determineRemoteOnline } from './node-state.ts';
import { createRecurring, type Progress, unpackEntry } from './operation.ts';
import { addRunning, block } from './running.ts';

/** Reads all histories: first of what is surely there, with fencing then of the rest (scheduler-1 8.1). */
export function unpackHistories(set: WorkingSet): void {
  while (historyPass(set, false)) {
    // Remote and guest nodes become readable once their connections' histories have been read.
  }
  historyPass(set, set.options.fencingEnabled);
  for (const container of set.stopNeeded) {
    const node = currentNode(container);
    if (node !== undefined) resourceAction(set, container, 'stop', node, false);
  }
  for (const node of set.nodes) {
    if (node.variant !== 'remote') continue;
    if (node.shutdown && node.connection !== undefined) node.connection.nextRole = Role.stopped;
    if (!node.unpacked) determineRemoteOnline(node);
  }
}

function historyPass(set: WorkingSet, all: boolean): boolean {
  let found = false;
  for (const state of set.index.nodeStates) {
    const id = attr(state, 'id');
    const name = attr(state, 'uname');
    if (id === undefined || name === undefined) continue;
    const node = findNodeByIdOrName(set, id, name);
    if (node === undefined || node.unpacked || !(all || isReadable(set, node))) continue;
    if (node.variant === 'remote') {
      determineRemoteOnline(node);
      addRemoteAttributes(set, node, state);
    }
    node.unpacked = true;
    found = true;
    unpackNodeHistory(set, node, state);
  }
  return found;
}

function isReadable(set: WorkingSet, node: ClusterNode): boolean {
  const { connection } = node;
  if (isGuestNode(node)) {
    return connection?.origRole === Role.started && connection.launcher?.origRole === Role.started;
  }
  if (isRemoteNode(node)) {
    return connection !== undefined && (set.options.shutdownLock || connection.origRole === Role.started);
  }
  return set.options.fencingEnabled || set.options.shutdownLock || node.online;
}

function unpackNodeHistory(set: WorkingSet, node: ClusterNode, state: Element): void {
  const resources = descend(state, 'lrm', 'lrm_resources');
  if (resources === undefined) return;
  const entries = childElements(resources, 'lrm_resource');
  let launched = false;
  for (const entry of entries) {
    const resource = unpackResourceHistory(set, node, entry);
    if (resource?.removedLaunched === true) launched = true;
  }
  if (launched) for (const entry of entries) linkLaunched(set, entry);
}

function linkLaunched(set: WorkingSet, entry: Element): void {
  const container = attr(entry, 'container');
  const id = attr(entry, 'id');
  if (container === undefined || id === undefined) return;
  const launcher = findByHistoryId(set, container);
  const resource = findByHistoryId(set, id);
  if (launcher === undefined || resource === undefined) return;
  if (resource.launcher !== undefined || !resource.removedLaunched) return;
  resource.launcher = launcher;
  launcher.launched.push(resource);
}

function unpackResourceHistory(set: WorkingSet, node: ClusterNode, entry: Element): Resource | undefined {
  const id = attr(entry, 'id');
  if (id === undefined) return undefined;
  const operations = childElements(entry, 'lrm_rsc_op');
  if (operations.length === 0 && !set.options.shutdownLock) return undefined;
  let resource = findHistoryResource(set, node, id);
  if (resource === undefined) {
    if (operations.length === 0) return undefined;
    resource = createRemoved(set, entry);
    if (resource === undefined) return undefined;
  }
  if (set.options.shutdownLock) readShutdownLock(set, resource, node, entry);
  const saved = resource.origRole;
  resource.origRole = Role.unknown;
  const sorted = sortEntries(operations);
  const progress: Progress = { lastFailure: undefined, onFail: 'ignore' };
  for (const [at, xml] of sorted.entries()) {
    const used = unpackEntry(set, resource, node, xml, progress);
    if (used !== xml) {
      sorted[at] = used;
      set.rescheduledEntries.set(xml, used);
    }
  }
  const { start, stop } = startStopIndex(sorted);
  createRecurring(set, resource, node, sorted, start, stop);
  processState(set, resource, node, progress.onFail);
  const wanted = targetRole(resource);
  if (wanted !== undefined && (resource.nextRole === Role.unknown || wanted < resource.nextRole)) {
    resource.nextRole = wanted;
  }
  if (saved > resource.origRole) resource.origRole = saved;
  return resource;
}

function readShutdownLock(set: WorkingSet, resource: Resource, node: ClusterNode, entry: Element): void {
  const lock = integerOr(attr(entry, 'shutdown-lock'), 0);
  if (lock === 0) return;
  const limit = set.options.shutdownLockLimitMs;
  if (limit > 0 && Math.floor(set.nowMs / 1000) > lock + toSeconds(limit)) {
    clearHistory(set, resource, node);
  } else {
    resource.lockNode = node;
    resource.lockTime = lock;
  }
}

/** Makes a resource for a history whose definition has gone (scheduler-1 8.4). */
function createRemoved(set: WorkingSet, entry: Element): Resource | undefined {
  const xml = element('primitive', entry.attributes);
  const resource = unpackResource(set, xml, undefined);
  if (resource === undefined) return undefined;
  if (resource.remoteConnection) {
    const node = findNode(set, resource.id) ?? addNode(set, resource.id, resource.id, 'remote', 0);
    node.connection = resource;
    applyStartupFencing(set, node);
    node.shutdown = true;
  }
  if (attr(entry, 'container') !== undefined) resource.removedLaunched = true;
  resource.removed = true;
  set.resources.push(resource);
  if (!set.options.stopRemovedResources) resource.managed = false;
  else banOrAdd(set, resource, 'all', -infinity);
  log(set, 'notice', `Resource ${resource.id} is in the history but not in the configuration`);
  return resource;
}

function markProbed(resource: Resource, node: ClusterNode): void {
  resource.probed.set(node.id, node);
  for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) {
    at.probed.set(node.id, node);
    if (at.unique) break;
  }
}

/** Draws the consequences of a history that has been read (scheduler-1 8.8). */
function processState(set: WorkingSet, resource: Resource, node: ClusterNode, accumulated: OnFail): void {
  const known = resource.origRole > Role.stopped;
  if (resource.origRole !== Role.unknown) markProbed(resource, node);
  if (known && !node.online && !node.maintenance && resource.managed) reportLost(set, resource, node);
  const onFail = node.unclean ? 'ignore' : accumulated;
  reactToFailure(set, resource, node, onFail, known);
  const remote = resource.failed && resource.remoteConnection ? findNode(set, resource.id) : undefined;
  if (remote?.unclean === true) remote.seen = true;
  if (known) {
    addRunning(set, resource, node, accumulated !== 'ignore');
    if (onFail === 'demote' || onFail === 'block') {
      resource.failed = true;
    } else if (onFail !== 'ignore') {
      resource.failed = true;
      resource.stopIfFailed = true;
    }
  } else if (resource.historyId?.includes(':') === true) {
    resource.historyId = undefined;
  } else {
    for (const action of findAll(resource, operationKey(resource.id, 'stop', 0), node)) {
      action.set(ActionFlag.optional);
    }
  }
  if (
    resource.origRole === Role.stopped &&
    resource.activeNodes.length > 0 &&
    resource.partialMigrationTarget !== undefined &&
    resource.partialMigrationSource === node
  ) {
    resource.origRole = Role.started;
  }
}

function reportLost(set: WorkingSet, resource: Resource, node: ClusterNode): void {
  if (isGuestNode(node)) {
    resource.failed = true;
    resource.stopIfFailed = true;
    fenceNode(set, node, `${resource.id} is thought to be active there`, false);
  } else if (set.options.fencingEnabled) {
    let reason = `${resource.id} is thought to be active there`;
    if (isRemoteNode(node) && node.connection !== undefined && !node.connection.failed) {
      node.seen = false;
      reason = `${resource.id} is active there (fencing will be revoked if remote connection can be re-established elsewhere)`;
    }
    fenceNode(set, node, reason, false);
  }
}

function reactToFailure(set: WorkingSet, resource: Resource, node: ClusterNode, onFail: OnFail, known: boolean): void {
  const stopHere = () => {
    if (known) resourceAction(set, resource, 'stop', node, false);
  };
  const fail = () => {
    resource.failed = true;
    resource.stopIfFailed = true;
  };
  switch (onFail) {
    case 'demote':
      resource.failed = true;
      resourceAction(set, resource, 'demote', node, false);
      break;
    case 'fence':
      fenceNode(set, node, `${resource.id} failed there`, false);
      break;
    case 'standby':
      node.standby = true;
      node.failStandby = true;
      break;
    case 'block':
      block(resource);
      break;
    case 'ban':
      banOrAdd(set, resource, node, -infinity);
      break;
    case 'stop':
      resource.nextRole = Role.stopped;
      break;
    case 'restart':
      if (known) {
        fail();
        stopHere();
      }
      break;
    case 'restart-container':
      fail();
      if (resource.launcher !== undefined && isBundled(resource)) set.stopNeeded.unshift(resource.launcher);
      else if (resource.launcher !== undefined) resourceAction(set, resource.launcher, 'stop', node, false);
      else stopHere();
      break;
    case 'reset-remote':
      fail();
      resetRemote(set, resource);
      stopHere();
      if (resource.remoteReconnectMs > 0) resource.nextRole = Role.stopped;
      break;
  }
}

function resetRemote(set: WorkingSet, resource: Resource): void {
  if (!set.options.fencingEnabled) return;
  const remote = findNode(set, resource.id);
  if (remote !== undefined && isRemoteNode(remote) && !remote.remoteFenced) {
    fenceNode(set, remote, 'remote connection is unrecoverable', false);
  }
}
