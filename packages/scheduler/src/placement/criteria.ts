import { integerOr, toSeconds } from '@sanode/rules';
import { clearHistory, findFirst } from '../actions/create.ts';
import { taskKey } from '../actions/keys.ts';
import { banOrAdd } from '../constraints/ban.ts';
import { type ClusterNode, ProbeMode } from '../model/node.ts';
import { primitivesOf, type Resource, topOf } from '../model/resource.ts';
import { offerRecheck, type WorkingSet } from '../model/working-set.ts';
import { thresholdReached } from '../status/fail-counts.ts';
import { infinity } from '../values/scores.ts';

/** Scores from locks, locations, stickiness, failures and discovery, in this order (scheduler-2 6.2). */
export function applyNodeCriteria(set: WorkingSet): void {
  if (set.options.shutdownLock) for (const resource of set.resources) applyShutdownLock(set, resource);
  for (const location of [...set.locations]) location.resource.kind.applyLocation(location.resource, location);
  for (const resource of set.resources) {
    for (const primitive of primitivesOf(resource)) applyStickiness(set, primitive);
  }
  for (const node of set.nodes) {
    for (const resource of set.resources) {
      for (const primitive of primitivesOf(resource)) applyThreshold(set, primitive, node);
      applyExclusiveDiscovery(resource, node);
    }
  }
}

function applyShutdownLock(set: WorkingSet, resource: Resource): void {
  if (resource.variant === 'group') {
    for (const member of resource.children) applyShutdownLock(set, member);
    return;
  }
  if (resource.variant !== 'primitive' || resource.fenceDevice || resource.remoteConnection) return;
  const active = resource.activeNodes;
  if (resource.lockNode !== undefined) {
    if (active.length > 0) {
      clearHistory(set, resource, resource.lockNode);
      resource.lockNode = undefined;
      resource.lockTime = 0;
    }
  } else if (active.length === 1) {
    const node = active[0] as ClusterNode;
    if (node.shutdown && !node.unclean) {
      resource.lockNode = node;
      const since = integerOr(node.attributes.get('shutdown'), 0);
      resource.lockTime = since > 0 ? since : Math.floor(set.nowMs / 1000);
    }
  }
  if (resource.lockNode === undefined) return;
  const limit = set.options.shutdownLockLimitMs;
  if (limit > 0) offerRecheck(set, resource.lockTime + toSeconds(limit) + 1);
  for (const node of set.nodes) if (node !== resource.lockNode) banOrAdd(set, resource, node, -infinity);
}

function applyStickiness(set: WorkingSet, resource: Resource): void {
  if (!resource.managed || resource.stickiness < 1 || resource.activeNodes.length !== 1) return;
  const node = resource.activeNodes[0] as ClusterNode;
  if (set.options.symmetric || resource.allowed.has(node.id)) banOrAdd(set, resource, node, resource.stickiness);
}

function applyThreshold(set: WorkingSet, resource: Resource, node: ClusterNode): void {
  // Most resources never failed anywhere; do not look through actions and attributes for them.
  if (node.attributes.size === 0) return;
  const key = taskKey(resource, 'clear_failcount');
  if (findFirst(resource, key, 'clear_failcount', node) !== undefined) return;
  const banned = thresholdReached(set, resource, node);
  if (banned !== undefined) banOrAdd(set, banned, node, -infinity);
}

function applyExclusiveDiscovery(resource: Resource, node: ClusterNode): void {
  if (!resource.exclusiveProbes && !topOf(resource).exclusiveProbes) return;
  for (const child of resource.children) applyExclusiveDiscovery(child, node);
  const entry = resource.allowed.get(node.id);
  if (entry !== undefined && entry.probeMode !== ProbeMode.exclusive) entry.score = -infinity;
}
