import { type Action, Order } from '../model/action.ts';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { relate } from '../orderings/relate.ts';
import { hashOrder } from '../values/hash-order.ts';
import { fencingAction, isUnfenced } from './fence-node.ts';

/**
 * Has a node unfenced again (scheduler-3 16.6); where that can't be or none is meant, all usable nodes that the device
 * can be on.
 */
export function triggerUnfencing(
  set: WorkingSet,
  device: Resource | undefined,
  node: ClusterNode | undefined,
  reason: string,
  dependency?: Action,
): void {
  if (!set.unfencingEnabled || (device !== undefined && !device.fenceDevice)) return;
  const usable = (each: ClusterNode) => each.online && !each.unclean && !each.shutdown;
  if (node !== undefined && usable(node)) {
    const unfence = fencingAction(set, node, 'on', false, reason, false);
    if (dependency !== undefined) relate(unfence, dependency, Order.seq);
    return;
  }
  if (device === undefined) return;
  for (const id of hashOrder(device.allowed.keys())) {
    const each = device.allowed.get(id)?.node;
    if (each !== undefined && usable(each)) triggerUnfencing(set, device, each, reason, dependency);
  }
}

/** Puts what needs unfencing after it. */
export function orderVersusUnfencing(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode | undefined,
  action: Action,
  flag: number,
): void {
  if (node === undefined) return;
  if (!(resource.fenceDevice && set.unfencingEnabled) && !resource.needsUnfencing) return;
  const unfence = fencingAction(set, node, 'on', true, undefined, false);
  relate(unfence, action, flag);
  if (!isUnfenced(node)) triggerUnfencing(set, undefined, node, `required by ${resource.id} ${action.task}`);
}
