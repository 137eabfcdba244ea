import { nodeAttribute } from '../inputs/node-attributes.ts';
import type { Colocation } from '../model/constraint.ts';
import { type ClusterNode, isBundleNode } from '../model/node.ts';
import { isBundled, type Resource, topOf, topWithBundle } from '../model/resource.ts';
import { Role } from '../model/role.ts';

/** What a container's role is: that of what runs inside. */
export function roleResource(resource: Resource): Resource {
  return resource.replicaContainer ? (resource.replica?.child ?? resource) : resource;
}

/** What a colocation has to do with the dependent now (scheduler-2 9.2). */
export function affects(
  dependent: Resource,
  primary: Resource,
  colocation: Colocation,
  preview: boolean,
): 'nothing' | 'location' | 'role' {
  if (!preview && primary.unassigned) return 'nothing';
  const dependentRole = roleResource(dependent);
  if (
    colocation.dependentRole >= Role.unpromoted &&
    dependentRole.parent?.promotable === true &&
    !dependentRole.unassigned
  ) {
    return 'role';
  }
  if (!preview && !dependent.unassigned) return 'nothing';
  if (colocation.dependentRole !== Role.unknown && colocation.dependentRole !== dependentRole.nextRole) {
    return 'nothing';
  }
  if (colocation.primaryRole !== Role.unknown && colocation.primaryRole !== roleResource(primary).nextRole) {
    return 'nothing';
  }
  return 'location';
}

/** A node's attribute as colocations compare it (scheduler-2 9.1). */
export function colocationAttribute(
  node: ClusterNode | undefined,
  name: string,
  resource: Resource | undefined,
): string | undefined {
  if (node === undefined) return undefined;
  if (resource !== undefined && isBundleNode(node) && isBundled(resource)) {
    if (topOf(resource) === topWithBundle(resource).bundle?.bundled) {
      return node.connection?.launcher?.assigned?.node.attributes.get(name);
    }
  }
  return nodeAttribute(node, name, resource, 'assigned');
}

/** Whether the dependent's preferences count for the primary (scheduler-2 10.1). */
export function hasInfluence(colocation: Colocation, resource: Resource = colocation.primary): boolean {
  if (colocation.dependent.remoteNestingAllowed && !resource.failed && resource.activeNodes.length === 1) return false;
  return colocation.influence || resource.activeNodes.length === 0;
}
