import { integerAtLeast, integerOr, parseBoolean, scanInteger, toSeconds } from '@sanode/rules';
import { attr, type Element, firstChild } from '@sanode/xml';
import { fenceNode } from '../actions/fence-node.ts';
import { addNodeAttributes } from '../inputs/node-attributes.ts';
import { findNodeByIdOrName } from '../inputs/nodes.ts';
import type { ClusterNode } from '../model/node.ts';
import { Role } from '../model/role.ts';
import { configError, log, offerRecheck, type WorkingSet } from '../model/working-set.ts';
import { sameText } from '../values/names.ts';
import { infinity } from '../values/scores.ts';

/** Reads one `node_state`: who is there, and who has to be fenced (scheduler-1 5.4). */
export function unpackNodeState(set: WorkingSet, state: Element): void {
  const id = attr(state, 'id');
  if (id === undefined) {
    configError(set, 'Ignoring a node_state without id');
    return;
  }
  const node = findNodeByIdOrName(set, id, attr(state, 'uname'));
  if (node === undefined) {
    log(set, 'notice', `Ignoring recorded state of node ${id}: it is not in the configuration`);
    return;
  }
  if (node.variant === 'remote') {
    node.remoteFenced = integerAtLeast(attr(state, 'node_fenced'), 0) !== 0;
    return;
  }
  addTransientAttributes(set, node, state);
  if (isTrueAttribute(node, 'standby')) node.standby = true;
  if (isTrueAttribute(node, 'maintenance')) node.maintenance = true;
  node.unclean = false;
  node.seen = true;
  node.shutdown = asksForShutdown(node);
  if (!node.shutdown && sameText(attr(state, 'expected'), 'member')) node.expectedUp = true;
  determineOnline(set, node, state);
  if (!set.quorate && node.online && set.options.noQuorumPolicy === 'fence') {
    fenceNode(set, node, 'cluster does not have quorum', false);
  }
}

/** Adds the transient attributes of a `node_state`. */
export function addTransientAttributes(set: WorkingSet, node: ClusterNode, state: Element): void {
  // Even without any, the built-in ones come in now: a remote node without state has not so much as a name.
  addNodeAttributes(set, node, firstChild(state, 'transient_attributes'), true);
}

function isTrueAttribute(node: ClusterNode, name: string): boolean {
  return parseBoolean(node.attributes.get(name)) === true;
}

function asksForShutdown(node: ClusterNode): boolean {
  const shutdown = node.attributes.get('shutdown');
  return shutdown !== undefined && shutdown !== '0';
}

/** Epoch second since when a node is a member; 0 if it is none, -1 if unknown. */
function memberTime(set: WorkingSet, state: Element): number {
  const text = attr(state, 'in_ccm');
  if (text === undefined) return -1;
  const flag = parseBoolean(text);
  if (flag !== undefined) return flag ? Math.floor(set.nowMs / 1000) : 0;
  const scanned = scanInteger(text);
  return scanned.ok && scanned.value >= 0 ? scanned.value : -1;
}

function onlineTime(state: Element): number {
  const text = attr(state, 'crmd');
  if (text === undefined || sameText(text, 'offline')) return 0;
  if (sameText(text, 'online')) return 1;
  const scanned = scanInteger(text);
  return scanned.ok && scanned.value >= 0 ? scanned.value : 0;
}

function determineOnline(set: WorkingSet, node: ClusterNode, state: Element): void {
  const member = memberTime(set, state);
  const online = onlineTime(state);
  const isOnline = set.options.fencingEnabled
    ? onlineWithFencing(set, node, state, member, online)
    : onlineWithoutFencing(set, node, state, member, online);
  if (isOnline) node.online = true;
  else node.entry.score = -infinity;
  if (node.online && node.shutdown) node.entry.score = -infinity;
}

function onlineWithoutFencing(
  set: WorkingSet,
  node: ClusterNode,
  state: Element,
  member: number,
  online: number,
): boolean {
  if (member <= 0) return false;
  if (online > 0) return sameText(attr(state, 'join'), 'member');
  if (node.expectedUp) fenceNode(set, node, 'peer is unexpectedly down', false);
  return false;
}

function terminationRequested(node: ClusterNode): boolean {
  const text = node.attributes.get('terminate');
  if (text === undefined) return false;
  return parseBoolean(text) ?? integerOr(text, 0) > 0;
}

function onlineWithFencing(
  set: WorkingSet,
  node: ClusterNode,
  state: Element,
  member: number,
  online: number,
): boolean {
  const join = attr(state, 'join') ?? '';
  const expected = attr(state, 'expected');
  if (node.shutdown) return online > 0;
  if (member < 0) {
    fenceNode(set, node, 'peer has not been seen by the cluster', false);
    return false;
  }
  if (sameText(join, 'banned')) {
    fenceNode(set, node, 'peer failed Pacemaker membership criteria', false);
  } else if (terminationRequested(node)) {
    if (member <= 0 && online <= 0 && sameText(join, 'down')) return false;
    fenceNode(set, node, 'fencing was requested', false);
  } else if (expected === undefined || sameText(expected, 'down')) {
    if (pendingTooLong(set, member, online)) {
      fenceNode(set, node, 'peer pending timed out on joining the process group', false);
    } else if (member > 0 || online > 0) {
      node.standby = true;
      node.pending = true;
    }
  } else if (member <= 0) {
    fenceNode(set, node, 'peer is no longer part of the cluster', true);
  } else if (online <= 0) {
    fenceNode(set, node, 'peer process is no longer available', false);
  } else if (sameText(join, 'pending') || sameText(join, 'down')) {
    node.standby = true;
    node.pending = true;
  } else if (!sameText(join, 'member')) {
    fenceNode(set, node, 'peer was in an unknown state', false);
  }
  return member > 0;
}

function pendingTooLong(set: WorkingSet, member: number, online: number): boolean {
  const timeoutMs = set.options.nodePendingTimeoutMs;
  if (timeoutMs <= 0 || member <= 0 || online > 0) return false;
  const deadline = member + toSeconds(timeoutMs);
  if (Math.floor(set.nowMs / 1000) >= deadline) return true;
  offerRecheck(set, deadline);
  return false;
}

/** Whether a remote or guest node is online: its connection's history decides (scheduler-1 5.9). */
export function determineRemoteOnline(node: ClusterNode): void {
  const { connection } = node;
  if (connection === undefined) {
    node.online = false;
    return;
  }
  const { launcher } = connection;
  if (connection.origRole === Role.started) {
    node.online = true;
    if (connection.nextRole === Role.stopped) node.shutdown = true;
  }
  const host = launcher !== undefined && connection.activeNodes.length === 1 ? connection.activeNodes[0] : undefined;
  if (launcher?.failed === true) {
    node.online = false;
    node.remoteReset = true;
  } else if (connection.failed) {
    node.online = false;
  } else if (connection.origRole === Role.stopped || launcher?.origRole === Role.stopped) {
    node.online = false;
    node.remoteReset = false;
  } else if (host !== undefined && !host.online && host.unclean) {
    node.online = false;
    node.remoteReset = true;
  }
}

/** Reads what a remote or guest node's `node_state` says beside its history. */
export function addRemoteAttributes(set: WorkingSet, node: ClusterNode, state: Element): void {
  node.remoteMaintenance = integerAtLeast(attr(state, 'node_in_maintenance'), 0) !== 0;
  const { connection } = node;
  if (!node.remoteReset) {
    node.unclean = false;
    node.seen = true;
  }
  addTransientAttributes(set, node, state);
  if (asksForShutdown(node)) node.shutdown = true;
  if (isTrueAttribute(node, 'standby')) node.standby = true;
  if (isTrueAttribute(node, 'maintenance') || (connection !== undefined && !connection.managed)) {
    node.maintenance = true;
  }
  const discovery = parseBoolean(node.attributes.get('resource-discovery-enabled'));
  if (discovery === false) {
    const isRemote = connection?.launcher === undefined;
    if (isRemote && !set.options.fencingEnabled) {
      log(set, 'warning', `Ignoring resource-discovery-enabled of remote node ${node.name}: fencing is disabled`);
    } else {
      node.probesAllowed = false;
    }
  }
}
