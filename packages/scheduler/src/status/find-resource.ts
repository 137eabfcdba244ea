import { addInstance } from '../inputs/clones.ts';
import { unpackResource } from '../inputs/resources.ts';
import { type ClusterNode, isGuestNode } from '../model/node.ts';
import {
  baseName,
  definitionId,
  isAnonymousClone,
  isBundled,
  type Resource,
  topOf,
  withDescendants,
} from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';

/** The resource whose history an id names, depth first; by id or by history id. */
export function findByHistoryId(set: WorkingSet, id: string): Resource | undefined {
  const direct = set.resourcesById.get(id);
  if (direct !== undefined && !set.historyIds.has(id)) return direct;
  if (direct === undefined && !set.historyIds.has(id)) return undefined;
  for (const top of set.resources) {
    for (const each of withDescendants(top)) if (each.id === id || each.historyId === id) return each;
  }
  return undefined;
}

/** The resource that a history entry is about (scheduler-1 8.3). */
export function findHistoryResource(set: WorkingSet, node: ClusterNode, id: string): Resource | undefined {
  let resource = findByHistoryId(set, id);
  let parent: Resource | undefined;
  if (resource === undefined) {
    const zero = findByHistoryId(set, `${baseName(id)}:0`);
    if (zero !== undefined && !zero.unique) {
      resource = zero;
      parent = topOf(zero);
    }
  } else if (resource.variant !== 'primitive') {
    return undefined;
  } else {
    parent = topOf(resource);
  }
  if (parent !== undefined && isAnonymousClone(parent)) {
    if (isBundled(parent)) {
      resource = parent.parent?.bundle?.replicas.find((replica) => replica.node?.node === node)?.child;
    } else {
      resource = findAnonymous(set, node, parent, baseName(id));
    }
  }
  if (resource !== undefined && id !== resource.id && id !== resource.historyId) {
    resource.historyId = id;
    set.historyIds.add(id);
  }
  return resource;
}

/** The instance of an anonymous clone that a node's history is about: its own, a spare, or a new one. */
function findAnonymous(set: WorkingSet, node: ClusterNode, clone: Resource, name: string): Resource | undefined {
  let found: Resource | undefined;
  let spare: Resource | undefined;
  let skipInactive = false;
  for (const instance of clone.children) {
    const locations = locationsOf(instance);
    const member = () => memberOf(instance, name);
    if (locations.length > 0) {
      if (!locations.includes(node)) continue;
      const candidate = member();
      if (candidate === undefined) continue;
      if (candidate.activeNodes.length > 0) {
        skipInactive = true;
      } else {
        found = candidate;
        break;
      }
    } else if (!skipInactive && spare === undefined && !instance.blocked) {
      const candidate = member();
      const pendingElsewhere = candidate?.pendingNode !== undefined && candidate.pendingNode !== node;
      if (!pendingElsewhere) spare = candidate;
    }
  }
  if (found === undefined && !skipInactive) found = spare;
  if (found !== undefined && !found.needsFencing && isLostMember(node) && !isUniversal(set, clone)) found = undefined;
  if (found !== undefined) return found;
  const added = addInstance(clone, (xml, parent) => unpackResource(set, xml, parent));
  return added === undefined ? undefined : memberOf(added, name);
}

function isLostMember(node: ClusterNode): boolean {
  return (!node.online || node.unclean) && !isGuestNode(node);
}

/** A clone with an instance for every node. */
function isUniversal(set: WorkingSet, clone: Resource): boolean {
  return clone.clone?.max === set.nodes.length;
}

function locationsOf(instance: Resource): ClusterNode[] {
  const nodes: ClusterNode[] = [];
  for (const each of withDescendants(instance)) {
    for (const node of each.activeNodes) if (!nodes.includes(node)) nodes.push(node);
    if (each.pendingNode !== undefined && !nodes.includes(each.pendingNode)) nodes.push(each.pendingNode);
  }
  return nodes;
}

function memberOf(instance: Resource, name: string): Resource | undefined {
  for (const each of withDescendants(instance)) {
    if (each.id === name || definitionId(each) === name || baseName(each.id) === name) return each;
  }
  return undefined;
}
