import type { Resource } from '../model/resource.ts';
import { Role, type Role as RoleType } from '../model/role.ts';

/** Whether a resource is active, in whole or in part (scheduler-3 20.6). */
export function isActive(resource: Resource, all: boolean): boolean {
  switch (resource.variant) {
    case 'primitive':
      return resource.activeNodes.some((node) => node.unclean || node.online || !resource.managed);
    case 'bundle':
      return isBundleActive(resource, all);
    default: {
      const test = (child: Resource) => isActive(child, all);
      return all ? resource.children.every(test) : resource.children.some(test);
    }
  }
}

function isBundleActive(bundle: Resource, all: boolean): boolean {
  for (const replica of bundle.bundle?.replicas ?? []) {
    for (const part of [replica.ip, replica.child, replica.container, replica.remote]) {
      if (part !== undefined && isActive(part, all) !== all) return !all;
    }
  }
  return all;
}

/** Role of a resource now or after the transition; the highest of a collective's, Unknown for bundles. */
export function stateOf(resource: Resource, current: boolean): RoleType {
  if (resource.variant === 'primitive') return current ? resource.origRole : resource.nextRole;
  if (resource.variant === 'bundle') return Role.unknown;
  let highest: RoleType = Role.unknown;
  for (const child of resource.children) {
    const role = stateOf(child, current);
    if (role > highest) highest = role;
  }
  return highest;
}
