import { addInternalColocation } from '../constraints/colocations.ts';
import { type Action, ActionFlag, Order } from '../model/action.ts';
import type { ClusterNode } from '../model/node.ts';
import { type Resource, topOf } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { addOrdering, orderTasks, task } from '../orderings/ordering.ts';
import { compareNames } from '../values/names.ts';
import { infinity } from '../values/scores.ts';
import { pseudoAction } from './create.ts';
import { fencingAction } from './fence-node.ts';

/** Score with which a bundle's connection follows its container. */
const nestedConnectionScore = 10_000;

/** Orderings and colocations that every managed primitive has (scheduler-3 5.2). */
export function primitiveConstraints(set: WorkingSet, resource: Resource): void {
  if (!resource.managed) return;
  orderTasks(set, resource, 'stop', resource, 'start', Order.seq | Order.firstReqThen | Order.restartPair);
  if (topOf(resource).promotable || resource.origRole === Role.promoted) {
    orderTasks(set, resource, 'demote', resource, 'stop', Order.promThenReqFirst);
    orderTasks(set, resource, 'start', resource, 'promote', Order.firstBlocks);
  }
  orderTasks(set, resource, 'lrm_delete', resource, 'monitor', Order.sameNode | Order.thenCancelsFirst);
  if (set.unfencingEnabled && !resource.fenceDevice && resource.needsUnfencing) orderUnfencing(set, resource);
  if (resource.utilization.size > 0 && set.options.placementStrategy !== 'default') orderLoad(set, resource);
  if (resource.launcher !== undefined) followLauncher(set, resource, resource.launcher);
  if (resource.remoteConnection || resource.fenceDevice) banFromRemoteNodes(resource);
}

function allowedByName(resource: Resource): ClusterNode[] {
  const nodes = [...resource.allowed.values()].map((entry) => entry.node);
  return nodes.sort((a, b) => compareNames(a.name, b.name));
}

function orderUnfencing(set: WorkingSet, resource: Resource): void {
  for (const node of allowedByName(resource)) {
    const unfence = { action: fencingAction(set, node, 'on', true, undefined, false) };
    addOrdering(set, task(resource, 'stop'), unfence, Order.seq | Order.sameNode);
    addOrdering(set, unfence, task(resource, 'start'), Order.firstReqSameNodeThen | Order.sameNode);
  }
}

/** What leaves a node makes room before something else comes (scheduler-3 18.1). */
function orderLoad(set: WorkingSet, resource: Resource): void {
  for (const node of resource.activeNodes) {
    addOrdering(set, task(resource, 'stop'), { action: loadBarrier(set, node) }, Order.loadTarget);
  }
  for (const node of allowedByName(resource)) {
    const barrier = { action: loadBarrier(set, node) };
    addOrdering(set, barrier, task(resource, 'start'), Order.loadTarget);
    addOrdering(set, barrier, task(resource, 'migrate_to'), Order.loadTarget);
  }
}

function loadBarrier(set: WorkingSet, node: ClusterNode): Action {
  const barrier = pseudoAction(set, `load_stopped_${node.name}`);
  if (barrier.node === undefined) {
    barrier.node = node;
    barrier.clear(ActionFlag.optional);
  }
  return barrier;
}

function followLauncher(set: WorkingSet, resource: Resource, launcher: Resource): void {
  let connection: Resource | undefined;
  if (resource.remoteConnection) {
    if (!resource.remoteNestingAllowed) banFromRemoteNodes(launcher);
    orderTasks(set, launcher, 'monitor', resource, 'stop', Order.seq);
  } else {
    connection = launcher.remoteConnection ? launcher : launcher.launched.find((each) => each.remoteConnection);
  }
  if (connection !== undefined) {
    for (const entry of resource.allowed.values()) {
      if (entry.node.connection !== connection) entry.score = -infinity;
    }
    return;
  }
  orderTasks(set, launcher, 'start', resource, 'start', Order.firstReqThen | Order.firstBlocks);
  orderTasks(set, resource, 'stop', launcher, 'stop', Order.thenReqFirst);
  const score = resource.remoteNestingAllowed ? nestedConnectionScore : infinity;
  addInternalColocation(set, '#resource-with-container', score, resource, launcher);
}

function banFromRemoteNodes(resource: Resource): void {
  for (const entry of resource.allowed.values()) if (entry.node.connection !== undefined) entry.score = -infinity;
}
