import { ActionFlag, Order } from '../model/action.ts';
import { type ClusterNode, isGuestNode, ProbeMode } from '../model/node.ts';
import { instanceNumber, isAnonymousClone, type Resource, topOf, withDescendants } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { addOrdering, task } from '../orderings/ordering.ts';
import { singleLocation } from '../placement/nodes.ts';
import { expectResult, resourceAction, resourceActions } from './create.ts';
import { fenceNode } from './fence-node.ts';
import { taskKey } from './keys.ts';
import { remoteState } from './remote-state.ts';
import { orderVersusUnfencing } from './unfencing.ts';

const rcNotRunning = 7;
const rcPromoted = 8;

/** Asks nodes for the state of what they are not known to have (scheduler-3 8). */
export function createProbes(set: WorkingSet): void {
  for (const node of set.nodes) {
    if (!node.online) {
      if (node.connection !== undefined && node.variant === 'remote' && !isGuestNode(node)) {
        if (remoteState(node) === 'failed') fenceNode(set, node, 'the connection is unrecoverable', false);
      }
      continue;
    }
    if (node.unclean || !node.probesAllowed) continue;
    for (const resource of set.resources) resource.kind.createProbe(set, resource, node);
  }
}

/** Probe of a primitive (scheduler-3 8.2). */
export function createPrimitiveProbe(set: WorkingSet, resource: Resource, node: ClusterNode): boolean {
  if (!set.options.startupProbes || !isProbeable(resource, node)) return false;
  const top = topOf(resource);
  if (resource.probed.has(node.id)) return false;
  const entry = resource.allowed.get(node.id);
  if (resource.exclusiveProbes || top.exclusiveProbes) {
    if (entry === undefined || entry.probeMode !== ProbeMode.exclusive) return false;
  }
  if ((entry ?? node.entry).probeMode === ProbeMode.never) return false;
  if (isGuestNode(node) && !guestCanBeProbed(set, resource, node)) return false;
  const probe = resourceAction(set, resource, 'monitor', node, false);
  probe.clear(ActionFlag.optional);
  orderVersusUnfencing(set, resource, node, probe, Order.seq);
  if (!resource.activeNodes.includes(node)) expectResult(probe, rcNotRunning);
  else if (resource.origRole === Role.promoted) expectResult(probe, rcPromoted);
  const target = top.variant === 'clone' ? top : resource;
  const blocks = !probe.runnable && target.activeNodes.length === 0;
  addOrdering(set, { action: probe }, task(target, 'start'), Order.seq | (blocks ? Order.firstBlocks : 0));
  const reload = { resource: target, key: taskKey(resource, 'reload-agent') };
  addOrdering(set, { action: probe }, reload, Order.seq);
  return true;
}

function isProbeable(resource: Resource, node: ClusterNode): boolean {
  if (node.variant === 'remote') {
    if (resource.fenceDevice || resource.remoteConnection) return false;
    if (isGuestNode(node) && resource.launched.some((each) => each.remoteConnection)) return false;
  }
  if (resource.launcher !== undefined && !resource.remoteConnection) return false;
  return !resource.removed;
}

/** Not while the guest is on its way; then the resource's start waits for it. */
function guestCanBeProbed(set: WorkingSet, resource: Resource, node: ClusterNode): boolean {
  const guest = node.connection?.launcher;
  if (guest === undefined) return true;
  const top = topOf(resource);
  const place = guest.assigned?.node;
  if (guest.origRole === Role.stopped) {
    if (place !== undefined && !guest.probed.has(place.id)) {
      addOrdering(set, task(guest, 'monitor'), task(top, 'start'), Order.seq);
    }
    return false;
  }
  const moves = guest.origRole > Role.stopped && place !== undefined && !guest.activeNodes.includes(place);
  if (node.remoteReset || node.unclean || guest.failed || guest.nextRole === Role.stopped || moves) {
    addOrdering(set, task(guest, 'stop'), task(top, 'start'), Order.seq);
    return false;
  }
  return true;
}

/** Probes of a group's members. */
export function createGroupProbe(set: WorkingSet, group: Resource, node: ClusterNode): boolean {
  if (!set.options.startupProbes) return false;
  let created = false;
  for (const member of group.children) created = member.kind.createProbe(set, member, node) || created;
  return created;
}

/** Of an anonymous clone, one instance speaks for all (scheduler-3 8.3). */
export function createCloneProbe(set: WorkingSet, clone: Resource, node: ClusterNode): boolean {
  if (clone.exclusiveProbes && clone.allowed.get(node.id)?.probeMode !== ProbeMode.exclusive) {
    clone.allowed.delete(node.id);
    return false;
  }
  clone.children = [...clone.children].sort((a, b) => instanceNumber(a) - instanceNumber(b));
  if (!isAnonymousClone(clone)) {
    let created = false;
    for (const child of clone.children) created = child.kind.createProbe(set, child, node) || created;
    return created;
  }
  const child =
    clone.children.find((each) => [...withDescendants(each)].some((part) => part.probed.has(node.id))) ??
    clone.children.find((each) => singleLocation(each, 'assigned') === node) ??
    clone.children[0];
  return child?.kind.createProbe(set, child, node) ?? false;
}

/** Probes of a bundle's parts (scheduler-3 8.4). */
export function createBundleProbe(set: WorkingSet, bundle: Resource, node: ClusterNode): boolean {
  let created = false;
  const data = bundle.bundle;
  for (const replica of data?.replicas ?? []) {
    const { ip, child, container, remote } = replica;
    if (ip !== undefined) created = ip.kind.createProbe(set, ip, node) || created;
    if (child !== undefined && replica.node?.node === node) {
      created = child.kind.createProbe(set, child, node) || created;
    }
    if (container.kind.createProbe(set, container, node)) {
      created = true;
      if (data?.replicasPerHost === 1) orderOtherContainers(set, bundle, container);
    }
    if (remote?.kind.createProbe(set, remote, node) === true) {
      created = true;
      const probe = resourceActions(remote, node, 'monitor', false)[0];
      if (probe !== undefined) addOrdering(set, task(container, 'start'), { action: probe }, Order.nestedProbe);
    }
  }
  return created;
}

function orderOtherContainers(set: WorkingSet, bundle: Resource, container: Resource): void {
  for (const { container: other } of bundle.bundle?.replicas ?? []) {
    if (other === container) continue;
    addOrdering(set, task(container, 'monitor'), task(other, 'start'), Order.seq | Order.sameNode);
  }
}
