import type { ClusterNode, NodeEntry } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { showScores } from './scores.ts';
import { addNeeds, collectColocated } from './utilization.ts';

/** Chooses a group's nodes, member after member (scheduler-2 12.2). */
export function assignGroup(
  set: WorkingSet,
  group: Resource,
  prefer: ClusterNode | undefined,
  stopIfFail: boolean,
): NodeEntry | undefined {
  if (!group.unassigned || group.assigning) return undefined;
  const first = group.children[0];
  if (first === undefined) {
    group.unassigned = false;
    return undefined;
  }
  group.assigning = true;
  group.origRole = first.origRole;
  showScores(set, 'pcmk__group_assign', group);
  let firstNode: NodeEntry | undefined;
  for (const member of group.children) {
    const node = member.kind.assign(set, member, prefer, stopIfFail);
    firstNode ??= node;
  }
  group.nextRole = first.nextRole;
  group.assigning = false;
  group.unassigned = false;
  return group.group?.colocated === true ? firstNode : undefined;
}

function sharesNode(group: Resource): boolean {
  return group.group?.colocated === true || group.parent?.variant === 'clone';
}

/** Members that share a node are all in (scheduler-2 16.4). */
export function colocatedResourcesOfGroup(group: Resource, original: Resource, list: Resource[]): void {
  if (sharesNode(group)) {
    list.unshift(group);
    for (const member of group.children) member.kind.colocatedResources(member, original, list);
  } else if (group.children.length > 0) {
    collectColocated(group, original, list);
  }
}

export function addUtilizationOfGroup(group: Resource, list: readonly Resource[], need: Map<string, number>): void {
  if (!group.unassigned) return;
  const members = sharesNode(group) ? group.children : group.children.slice(0, 1);
  for (const member of members) if (member.unassigned && !list.includes(member)) addNeeds(member, need);
}
