import { toSeconds } from '@sanode/rules';
import { type Action, ActionFlag } from '../model/action.ts';
import { type ClusterNode, isDanglingGuest, isGuestNode, isRemoteNode } from '../model/node.ts';
import { type Resource, withDescendants } from '../model/resource.ts';
import { log, notice, type WorkingSet } from '../model/working-set.ts';
import { calculateDigests } from '../status/digests.ts';
import { createAction } from './create.ts';

/** Whether fencing a node could succeed (scheduler-1 5.6). */
export function canFence(set: WorkingSet, node: ClusterNode | undefined): boolean {
  if (node !== undefined && isGuestNode(node)) {
    const hosts = node.connection?.launcher?.activeNodes ?? [];
    return hosts.every((host) => host.online || canFence(set, host));
  }
  if (!set.options.fencingEnabled) return false;
  if (!set.hasFenceDevice && !set.options.haveWatchdog) return false;
  if (set.quorate || set.options.noQuorumPolicy === 'ignore') return true;
  if (node === undefined || !node.online) return false;
  if (node.variant !== 'remote' || set.options.fenceRemoteWithoutQuorum) return true;
  return [...(node.connection?.allowed.values() ?? [])].every((entry) => entry.node.online);
}

/** Marks a node to be fenced; a guest through its guest resource (scheduler-1 5.6, scheduler-3 16.1). */
export function fenceNode(set: WorkingSet, node: ClusterNode, reason: string, priorityDelay: boolean): void {
  const { connection } = node;
  if (isGuestNode(node)) {
    const launcher = connection?.launcher;
    if (launcher === undefined || launcher.failed) return;
    if (!launcher.managed) {
      log(set, 'notice', `Not fencing guest node ${node.name}: its guest ${launcher.id} is unmanaged`);
      return;
    }
    log(
      set,
      'warning',
      `Guest node ${node.name} will be fenced (by recovering its guest resource ${launcher.id}): ${reason}`,
    );
    node.remoteReset = true;
    launcher.failed = true;
    launcher.stopIfFailed = true;
  } else if (isDanglingGuest(node)) {
    if (connection !== undefined) {
      connection.failed = true;
      connection.stopIfFailed = true;
    }
  } else if (isRemoteNode(node)) {
    if (connection !== undefined && !connection.managed) {
      log(set, 'notice', `Not fencing remote node ${node.name}: its connection is unmanaged`);
    } else if (!node.remoteReset) {
      node.remoteReset = true;
      log(set, 'warning', `Remote node ${node.name} will be fenced: ${reason}`);
    }
    node.unclean = true;
    fencingAction(set, node, undefined, true, reason, false);
  } else if (!node.unclean) {
    log(set, 'warning', `Cluster node ${node.name} will be fenced: ${reason}`);
    node.unclean = true;
    fencingAction(set, node, undefined, true, reason, priorityDelay);
  }
}

/** Creates or gets the fencing action of a node (scheduler-3 16.2). */
export function fencingAction(
  set: WorkingSet,
  node: ClusterNode,
  operation: 'reboot' | 'off' | 'on' | undefined,
  optional: boolean,
  reason: string | undefined,
  priorityDelay: boolean,
): Action {
  const op = operation ?? set.options.fencingAction;
  const key = `stonith-${node.name}-${op}`;
  let required = !optional;
  let action = set.singletons.get(key);
  if (action === undefined) {
    action = createAction(set, undefined, key, 'stonith', node, true);
    action.meta.set('on_node', node.name);
    action.meta.set('on_node_uuid', node.id);
    action.meta.set('stonith_action', op);
    if (set.unfencingEnabled && addUnfencingDigests(set, action, node)) required = true;
  }
  if (set.options.priorityFencingDelayMs > 0 && (priorityDelay || action.meta.has('priority-fencing-delay'))) {
    action.meta.set('priority-fencing-delay', String(priorityDelaySeconds(set, node)));
  }
  if (required && canFence(set, node)) {
    action.clear(ActionFlag.optional);
    action.reason ??= reason;
  } else if (reason !== undefined) {
    action.reason ??= reason;
  }
  return action;
}

/** Adds digests of the unfencing devices; true if a device's definition changed since the node was unfenced. */
function addUnfencingDigests(set: WorkingSet, action: Action, node: ClusterNode): boolean {
  let changed = false;
  let all = '';
  let secure = '';
  for (const device of unfencingDevices(set)) {
    const digests = calculateDigests(set, device, 'stonith-on', 0, node, undefined);
    const agent = device.meta.get('type') ?? '';
    const verdict = compareWithNode(set, node, device, agent, digests.all, digests.secure);
    if (verdict === 'mismatch') {
      changed = true;
      notice(set, `notice: Unfencing node ${node.name} because the definition of ${device.id} changed`);
    }
    all += `${device.id}:${agent}:${digests.all},`;
    secure += `${device.id}:${agent}:${digests.secure ?? ''},`;
  }
  action.meta.set('digests-all', all);
  action.meta.set('digests-secure', secure);
  return changed;
}

function compareWithNode(
  set: WorkingSet,
  node: ClusterNode,
  device: Resource,
  agent: string,
  all: string,
  secure: string | undefined,
): 'unknown' | 'match' | 'mismatch' {
  const recorded = node.attributes.get('#digests-all');
  if (recorded === undefined) return 'unknown';
  if (recorded.includes(`${device.id}:${agent}:${all}`)) return 'match';
  if (node.attributes.get('#digests-secure')?.includes(`${device.id}:${agent}:${secure ?? ''}`) === true) {
    notice(set, `Only 'private' parameters to ${device.id} for unfencing ${node.name} changed`);
    return 'match';
  }
  if (set.sanitized && secure !== undefined) {
    const hint = `${device.id}:${agent}:${secure}`;
    notice(set, `Parameters to ${device.id} for unfencing ${node.name} changed, try '${hint}'`);
  }
  return 'mismatch';
}

/** Devices that unfence, the last found first. */
export function unfencingDevices(set: WorkingSet): Resource[] {
  const devices: Resource[] = [];
  for (const top of set.resources) {
    for (const each of withDescendants(top)) {
      if (each.fenceDevice && (each.needsUnfencing || each.meta.get('provides')?.toLowerCase() === 'unfencing')) {
        devices.unshift(each);
      }
    }
  }
  return devices;
}

/** Seconds by which fencing a node is delayed so that the more important partition wins (scheduler-3 16.3). */
function priorityDelaySeconds(set: WorkingSet, node: ClusterNode): number {
  if (set.options.priorityFencingDelayMs <= 0 || node.variant !== 'cluster' || node.online) return 0;
  let members = 0;
  let online = 0;
  let top = Number.NEGATIVE_INFINITY;
  let lowest = Number.POSITIVE_INFINITY;
  for (const each of set.nodes) {
    if (each.variant !== 'cluster') continue;
    members += 1;
    if (each.online) online += 1;
    top = Math.max(top, each.priority);
    lowest = Math.min(lowest, each.priority);
  }
  if (online > Math.floor(members / 2) || lowest === top || node.priority < top) return 0;
  return toSeconds(set.options.priorityFencingDelayMs);
}

/** Whether a node has been unfenced since it came up. */
export function isUnfenced(node: ClusterNode): boolean {
  const value = node.attributes.get('#node-unfenced');
  return value !== undefined && value !== '0';
}
