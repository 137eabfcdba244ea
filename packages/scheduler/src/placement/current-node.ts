import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';

export interface ActiveCount {
  readonly node: ClusterNode | undefined;
  /** Nodes where it is active. */
  readonly all: number;
  /** Those of them that are online and clean. */
  readonly clean: number;
}

/** Where a resource counts as being now; with the number of nodes where it is active (scheduler-2 2.4, 15.7). */
export function countActive(resource: Resource): ActiveCount {
  const nodes = resource.variant === 'bundle' ? bundleNodes(resource) : resource.activeNodes;
  let active: ClusterNode | undefined;
  let foundSource = false;
  let clean = 0;
  for (const node of nodes) {
    const isClean = node.online && !node.unclean;
    if (isClean) clean += 1;
    if (foundSource) continue;
    if (resource.partialMigrationSource !== undefined) {
      if (node === resource.partialMigrationSource) {
        active = node;
        foundSource = true;
      }
    } else if (!resource.needsFencing && isClean) {
      if (active === undefined || !active.online || active.unclean) active = node;
    }
    active ??= node;
  }
  return { node: active, all: nodes.length, clean };
}

/** The node a resource is on now; the first of several, with preference for a migration's source. */
export function currentNode(resource: Resource): ClusterNode | undefined {
  if (resource.variant !== 'bundle' && resource.activeNodes.length < 2) return resource.activeNodes[0];
  return countActive(resource).node;
}

function bundleNodes(bundle: Resource): ClusterNode[] {
  const nodes: ClusterNode[] = [];
  for (const replica of bundle.bundle?.replicas ?? []) {
    for (const node of replica.container.activeNodes) if (!nodes.includes(node)) nodes.push(node);
  }
  return nodes;
}
