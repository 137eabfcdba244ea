import type { LocationConstraint } from '../model/constraint.ts';
import { copyEntry, ProbeMode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import { addScores } from '../values/scores.ts';

/** Applies a location constraint to a resource's own table (scheduler-2 5.7). */
export function applyLocation(resource: Resource, location: LocationConstraint): void {
  if (location.role !== Role.unknown && location.role !== resource.nextRole) return;
  for (const entry of location.nodes) {
    let allowed = resource.allowed.get(entry.node.id);
    if (allowed === undefined) {
      allowed = copyEntry(entry);
      resource.allowed.set(entry.node.id, allowed);
    } else {
      allowed.score = addScores(allowed.score, entry.score);
    }
    if (allowed.probeMode < location.probeMode) {
      if (location.probeMode === ProbeMode.exclusive) resource.exclusiveProbes = true;
      allowed.probeMode = location.probeMode;
    }
  }
}

/** A group's scores go to its first member; the others only learn which nodes are allowed. */
export function applyLocationToGroup(group: Resource, location: LocationConstraint): void {
  applyLocation(group, location);
  let reduced: LocationConstraint | undefined;
  for (const [at, member] of group.children.entries()) {
    if (at > 0 && group.group?.colocated === true) {
      reduced ??= { ...location, nodes: location.nodes.map((entry) => ({ ...copyEntry(entry), score: 0 })) };
    }
    member.kind.applyLocation(member, reduced ?? location);
  }
}

export function applyLocationToClone(clone: Resource, location: LocationConstraint): void {
  applyLocation(clone, location);
  for (const instance of clone.children) instance.kind.applyLocation(instance, location);
}

/** A bundle's scores go to containers and addresses; role-bound ones to what runs inside. */
export function applyLocationToBundle(bundle: Resource, location: LocationConstraint): void {
  applyLocation(bundle, location);
  for (const { container, ip } of bundle.bundle?.replicas ?? []) {
    container.kind.applyLocation(container, location);
    ip?.kind.applyLocation(ip, location);
  }
  const bundled = bundle.bundle?.bundled;
  if (bundled === undefined || location.role < Role.unpromoted) return;
  bundled.kind.applyLocation(bundled, location);
  bundled.locations.unshift(location);
}
