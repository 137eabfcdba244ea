import { banOrAdd } from '../constraints/ban.ts';
import { findNode } from '../inputs/nodes.ts';
import type { ClusterNode, NodeEntry } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { infinity } from '../values/scores.ts';
import { applyThisWith } from './apply-colocation.ts';
import { assignBest, assignTo } from './assign-node.ts';
import { thisWithOf, withThisOf } from './colocation-lists.ts';
import { currentNode } from './current-node.ts';
import { addDependentScores } from './flow.ts';
import { showScores } from './scores.ts';

/** Chooses a primitive's node: what it must be with first, then wishes, then the best node (scheduler-2 12.1). */
export function assignPrimitive(
  set: WorkingSet,
  resource: Resource,
  prefer: ClusterNode | undefined,
  stopIfFail: boolean,
): NodeEntry | undefined {
  const { parent } = resource;
  if (parent !== undefined && !parent.assigning) parent.kind.assign(set, parent, prefer, stopIfFail);
  if (!resource.unassigned) return resource.assigned;
  if (resource.assigning) return undefined;
  resource.assigning = true;
  applyColocations(set, resource);
  applyWantedRole(set, resource);
  showScores(set, 'pcmk__primitive_assign', resource);
  const noFencing = set.options.fencingEnabled && !set.hasFenceDevice && !set.options.haveWatchdog;
  if (noFencing) resource.managed = false;
  if (!resource.managed) {
    resource.nextRole = resource.origRole;
    assignTo(set, resource, currentNode(resource)?.entry, true, stopIfFail);
  } else if (set.options.stopAllResources) {
    assignTo(set, resource, undefined, true, stopIfFail);
  } else {
    assignBest(set, resource, prefer, stopIfFail);
  }
  resource.assigning = false;
  if (resource.remoteConnection) updateRemoteNode(set, resource);
  return resource.assigned;
}

function isMandatory(score: number): boolean {
  return score >= infinity || score <= -infinity;
}

function applyColocations(set: WorkingSet, resource: Resource): void {
  const thisWith = thisWithOf(resource);
  const withThis = withThisOf(resource);
  for (const mandatory of [true, false]) {
    for (const colocation of thisWith) {
      if (isMandatory(colocation.score) === mandatory) applyThisWith(set, colocation, resource);
    }
    for (const colocation of withThis) {
      if (isMandatory(colocation.score) === mandatory) addDependentScores(set, colocation, resource);
    }
  }
}

function applyWantedRole(set: WorkingSet, resource: Resource): void {
  if (resource.nextRole === Role.stopped) {
    banOrAdd(set, resource, 'all', -infinity);
  } else if (resource.nextRole > resource.origRole && !set.quorate && set.options.noQuorumPolicy === 'freeze') {
    resource.nextRole = resource.origRole;
  }
}

/** A node behind a connection is as good as there once the connection has a place. */
function updateRemoteNode(set: WorkingSet, connection: Resource): void {
  const node = findNode(set, connection.id);
  if (node === undefined) return;
  if (connection.assigned !== undefined && connection.nextRole !== Role.stopped) {
    node.online = true;
    if (!node.seen) node.unclean = false;
  } else {
    node.shutdown = true;
  }
}
