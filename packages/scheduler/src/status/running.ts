import { banEverywhereAnew, banOrAdd } from '../constraints/ban.ts';
import { type ClusterNode, isGuestNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import { configWarning, type WorkingSet } from '../model/working-set.ts';
import { countActive } from '../placement/current-node.ts';
import { infinity } from '../values/scores.ts';

/** Notes that a resource is active on a node (scheduler-1 8.8). */
export function addRunning(set: WorkingSet, resource: Resource, node: ClusterNode, failed: boolean): void {
  if (resource.activeNodes.includes(node)) return;
  resource.activeNodes.push(node);
  if (resource.variant === 'primitive') {
    node.running.push(resource);
    if (!failed) addNodePriority(resource, node);
    if (node.maintenance) {
      resource.managed = false;
      resource.maintenance = true;
    }
  }
  if (!resource.managed) {
    banOrAdd(set, resource, node, infinity);
    for (let at = resource.parent; at !== undefined; at = at.parent) at.activeNodes.push(node);
    return;
  }
  if (resource.variant === 'primitive') applyMultipleActive(set, resource);
  if (resource.parent !== undefined) addRunning(set, resource.parent, node, false);
}

function addNodePriority(resource: Resource, node: ClusterNode): void {
  if (resource.priority === 0) return;
  const amount = resource.priority + (resource.origRole === Role.promoted ? 1 : 0);
  node.priority += amount;
  if (!isGuestNode(node)) return;
  for (const host of node.connection?.launcher?.activeNodes ?? []) host.priority += amount;
}

function applyMultipleActive(set: WorkingSet, resource: Resource): void {
  const { all, clean } = countActive(resource);
  if ((resource.needsFencing ? all : clean) <= 1) return;
  if (resource.multipleActive === 'stop-only') {
    banEverywhereAnew(set, resource);
  } else if (resource.multipleActive === 'block') {
    block(resource);
    const { parent } = resource;
    if (parent !== undefined && parent.multipleActive === 'block' && parent.variant !== 'clone') {
      for (const child of parent.children) block(child);
    }
  }
  configWarning(set, `Resource ${resource.id} is active on ${all} nodes`);
}

/** Takes a resource out of the cluster's hands after what can't be repaired. */
export function block(resource: Resource): void {
  resource.managed = false;
  resource.blocked = true;
}
