import { ActionFlag } from '../model/action.ts';
import { type ClusterNode, copyEntry, isGuestNode, type NodeEntry } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { currentNode } from './current-node.ts';
import { isAvailable, sortedNodes } from './nodes.ts';
import { banInsufficientCapacity, changeCapacity, utilizationText } from './utilization.ts';

/** Takes back a resource's assignment, and those of all below it (scheduler-2 12.4). */
export function unassign(resource: Resource): void {
  resource.unassigned = true;
  const { assigned } = resource;
  if (resource.variant === 'primitive') {
    if (assigned === undefined) return;
    const { node } = assigned;
    const at = node.assignedResources.lastIndexOf(resource);
    if (at >= 0) node.assignedResources.splice(at, 1);
    node.numResources -= 1;
    changeCapacity(node, resource, 1);
    resource.assigned = undefined;
    return;
  }
  for (const child of resource.children) unassign(child);
}

/**
 * Assigns a resource (all below it) to a node, or to none.
 * @param force even if the node can't take it
 * @param stopIfFail the resource stops if there is no node
 * @returns whether the assignment changed
 */
export function assignTo(
  set: WorkingSet,
  resource: Resource,
  entry: NodeEntry | undefined,
  force: boolean,
  stopIfFail: boolean,
): boolean {
  if (resource.variant !== 'primitive') {
    let changed = false;
    for (const child of resource.children) changed = assignTo(set, child, entry, force, stopIfFail) || changed;
    return changed;
  }
  let chosen = entry;
  if (!force && chosen !== undefined) {
    const usable = chosen.score >= 0 && (isAvailable(chosen, true, false) || isGuestNode(chosen.node));
    if (!usable) {
      if (stopIfFail) resource.nextRole = Role.stopped;
      chosen = undefined;
    }
  }
  const changed = resource.assigned?.node !== chosen?.node;
  unassign(resource);
  resource.unassigned = false;
  if (chosen === undefined) {
    if (stopIfFail) stopNowhere(resource);
    return changed;
  }
  resource.assigned = copyEntry(chosen);
  const { node } = chosen;
  node.assignedResources.push(resource);
  node.numResources += 1;
  chosen.count += 1;
  changeCapacity(node, resource, -1);
  if (set.showUtilization) {
    const text = utilizationText(resource.utilization);
    const line = `pcmk__assign_resource: ${resource.id} utilization on ${node.name}:${text}`;
    set.printed.push({ kind: 'utilization', text: line });
  }
  return changed;
}

/** With no node to be on: what exists of the resource's actions is adjusted (scheduler-3 5.1). */
function stopNowhere(resource: Resource): void {
  resource.nextRole = Role.stopped;
  for (const action of resource.actions) {
    if (action.task === 'stop') {
      action.clear(ActionFlag.optional);
    } else if (action.task === 'start') {
      action.clear(ActionFlag.runnable);
    } else {
      const interval = action.meta.get('interval');
      const recurs = interval !== undefined && interval !== '0';
      if (recurs && action.meta.get('op_target_rc') !== '7') action.clear(ActionFlag.runnable);
    }
  }
}

/** Assigns a primitive to the best node it can have (scheduler-2 12.3). */
export function assignBest(
  set: WorkingSet,
  resource: Resource,
  prefer: ClusterNode | undefined,
  stopIfFail: boolean,
): void {
  const mostFree = banInsufficientCapacity(set, resource);
  const wanted = prefer ?? mostFree;
  const nodes = sortedNodes(set, resource.allowed, currentNode(resource));
  const best = nodes[0];
  let chosen: NodeEntry | undefined;
  if (wanted !== undefined && best !== undefined) {
    const candidate = resource.allowed.get(wanted.id);
    if (candidate !== undefined && candidate.score >= best.score && isAvailable(candidate, true, false)) {
      chosen = candidate;
    }
  }
  if (chosen === undefined && best !== undefined) chosen = preferCurrent(resource, nodes, best);
  assignTo(set, resource, chosen, false, stopIfFail);
}

/** With equal positive scores a resource stays where it is. */
function preferCurrent(resource: Resource, nodes: readonly NodeEntry[], best: NodeEntry): NodeEntry {
  const inUnique = resource.parent?.variant === 'clone' && resource.parent.unique;
  if (inUnique || best.score <= 0 || !isAvailable(best, false, false)) return best;
  const running = currentNode(resource);
  if (running === undefined || !isAvailable(running.entry, true, false)) return best;
  for (const entry of nodes.slice(1)) {
    if (entry.score !== best.score) break;
    if (entry.node === running) return entry;
  }
  return best;
}
