import { notifyAfterFencing } from '../graph/notification-actions.ts';
import { type Action, ActionFlag, Order } from '../model/action.ts';
import { type ClusterNode, isGuestNode } from '../model/node.ts';
import { isAnonymousClone, isBundled, type Resource, topOf, withDescendants } from '../model/resource.ts';
import { log, type WorkingSet } from '../model/working-set.ts';
import { addOrdering } from '../orderings/ordering.ts';
import { relate } from '../orderings/relate.ts';
import { createAction, findFirst, resourceActions } from './create.ts';
import { canFence, fencingAction } from './fence-node.ts';

/** Fences and shuts down nodes, the DC last (scheduler-3 16.4). */
export function createNodeActions(set: WorkingSet): void {
  const haveManaged = set.resources.some((top) => [...withDescendants(top)].some((each) => each.managed));
  const fences: Action[] = [];
  const shutdowns: Action[] = [];
  let dcDown: Action | undefined;
  for (const node of set.nodes) {
    if (isGuestNode(node)) {
      if (node.remoteReset && haveManaged && canFence(set, node)) fenceGuest(set, node);
      continue;
    }
    if (haveManaged && node.unclean && canFence(set, node)) {
      const fence = fencingAction(set, node, undefined, false, 'node is unclean', false);
      orderVersusFencing(set, fence, node);
      if (node.isDc) {
        dcDown = fence;
      } else {
        if (!set.options.concurrentFencing) relate(fences.at(-1), fence, Order.seq);
        fences.push(fence);
      }
    } else if (node.variant !== 'remote' && node.online && node.shutdown) {
      const shutdown = createShutdown(set, node);
      if (node.isDc) dcDown = shutdown;
      else shutdowns.push(shutdown);
    } else if (node.unclean) {
      log(set, 'warning', `Node ${node.name} is unclean but cannot be fenced`);
    }
  }
  if (dcDown !== undefined) orderDcLast(set, dcDown, fences, shutdowns);
}

function orderDcLast(set: WorkingSet, dcDown: Action, fences: readonly Action[], shutdowns: readonly Action[]): void {
  if (dcDown.task === 'do_shutdown')
    for (const shutdown of [...shutdowns].reverse()) relate(shutdown, dcDown, Order.seq);
  if (set.options.concurrentFencing) for (const fence of [...fences].reverse()) relate(fence, dcDown, Order.seq);
  else relate(fences.at(-1), dcDown, Order.seq);
}

function createShutdown(set: WorkingSet, node: ClusterNode): Action {
  const shutdown = createAction(set, undefined, `do_shutdown-${node.name}`, 'do_shutdown', node, false);
  for (let at = set.actions.length - 1; at >= 0; at -= 1) {
    const action = set.actions[at] as Action;
    const { resource } = action;
    if (action.task !== 'stop' || action.node !== node || resource === undefined) continue;
    if (resource.maintenance || node.maintenance || (!resource.managed && !resource.blocked)) continue;
    action.clear(ActionFlag.optional);
    addOrdering(set, { action }, { action: shutdown }, Order.seq | Order.firstBlocks);
  }
  shutdown.meta.set('op_no_wait', 'true');
  return shutdown;
}

/** What waits for fencing, and what fencing does by itself (scheduler-3 16.5). */
export function orderVersusFencing(set: WorkingSet, fence: Action, node: ClusterNode): void {
  for (const top of set.resources) {
    for (const resource of withDescendants(top)) {
      if (resource.children.length > 0 || !resource.managed) continue;
      orderStarts(resource, fence, node);
      orderStops(set, resource, fence, node);
    }
  }
}

function orderStarts(resource: Resource, fence: Action, node: ClusterNode): void {
  for (let at = resource.actions.length - 1; at >= 0; at -= 1) {
    const action = resource.actions[at] as Action;
    if (action.needs === 'fencing') {
      relate(fence, action, Order.seq);
    } else if (action.needs === 'quorum' && action.task === 'start') {
      if (resource.allowed.has(node.id) && !isKnownOn(resource, node)) {
        relate(fence, action, Order.seq | Order.firstBlocks);
      }
    }
  }
}

function isKnownOn(resource: Resource, node: ClusterNode): boolean {
  if (resource.probed.has(node.id)) return true;
  const { parent } = resource;
  if (parent === undefined || resource.variant !== 'primitive') return false;
  return isAnonymousClone(parent) && parent.probed.has(node.id);
}

function orderStops(set: WorkingSet, resource: Resource, fence: Action, node: ClusterNode): void {
  const implied = resource.needsFencing || isGuestNode(node);
  const stops = resourceActions(resource, node, 'stop', false);
  const top = topOf(resource);
  const parentStop = stops.length > 0 && implied ? findFirst(top, undefined, 'stop', undefined) : undefined;
  const bundled = isBundled(resource);
  for (const stop of stops) {
    stop.set(ActionFlag.pseudo | ActionFlag.runnable);
    if (implied && !bundled) relate(fence, stop, Order.guestOk);
    if (implied) relate(fence, parentStop, Order.guestOk);
    if (resource.notify) notifyAfterFencing(set, resource, stop, fence);
  }
  for (const demote of resourceActions(resource, node, 'demote', false)) {
    const where = demote.node;
    if (!resource.failed && where !== undefined && where.online && !where.unclean) continue;
    demote.set(ActionFlag.pseudo | ActionFlag.runnable);
    if (implied && !bundled) relate(fence, demote, Order.guestOk | Order.seq);
  }
}

/** A guest is fenced by stopping its guest resource. */
function fenceGuest(set: WorkingSet, node: ClusterNode): void {
  const { connection } = node;
  const guest = connection?.launcher;
  if (connection === undefined || guest === undefined) return;
  const stop = findFirst(guest, undefined, 'stop', undefined);
  const comesBack = findFirst(guest, undefined, 'start', undefined) !== undefined;
  const fence = fencingAction(set, node, comesBack ? 'reboot' : 'off', false, 'guest is unclean', false);
  fence.set(ActionFlag.pseudo | ActionFlag.runnable);
  const flags = Order.firstBlocks | Order.firstReqThen;
  if (stop?.pseudo === true && stop.node !== undefined) {
    relate(fencingAction(set, stop.node, undefined, false, undefined, false), fence, flags);
  } else if (stop !== undefined) {
    relate(stop, fence, flags);
  } else {
    relate(findFirst(connection, undefined, 'stop', undefined), fence, Order.seq);
  }
  orderVersusFencing(set, fence, node);
}
