import { addInternalColocation } from '../constraints/colocations.ts';
import type { Colocation } from '../model/constraint.ts';
import { type ClusterNode, isBundleNode, type NodeEntry } from '../model/node.ts';
import { anyRecursive, type BundleReplica, type Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { thresholdReached } from '../status/fail-counts.ts';
import { mergeSorted } from '../values/merge-sort.ts';
import { infinity } from '../values/scores.ts';
import { applyColocation, intersect, sumScores } from './apply-colocation.ts';
import { assignInstances, assignNowhere, compareInstances, matchesNode } from './instances.ts';
import { singleLocation, sortedNodes } from './nodes.ts';
import { showScores } from './scores.ts';

/** Places a bundle: containers, their addresses and connections, then what runs inside (scheduler-2 15.2). */
export function assignBundle(
  set: WorkingSet,
  bundle: Resource,
  prefer: ClusterNode | undefined,
  stopIfFail: boolean,
): NodeEntry | undefined {
  const data = bundle.bundle;
  // Each replica and the clone may come back here once; who comes more often does so without end (the reference crashes).
  if (data === undefined || data.nested > data.replicas.length + 1) return undefined;
  data.nested += 1;
  bundle.assigning = true;
  showScores(set, 'pcmk__bundle_assign', bundle);
  const replicas = data.replicas.map((replica) => replica.container);
  const containers = mergeSorted(replicas, (a, b) => compareInstances(set, a, b));
  assignInstances(set, bundle, containers, data.replicaCount, data.replicasPerHost);
  for (const replica of data.replicas) assignReplica(set, replica, data.bundled, prefer, stopIfFail);
  if (data.bundled !== undefined) {
    const own = new Set(data.replicas.map((replica) => replica.node?.node));
    for (const entry of data.bundled.allowed.values()) entry.score = own.has(entry.node) ? 0 : -infinity;
    data.bundled.kind.assign(set, data.bundled, prefer, stopIfFail);
  }
  data.nested -= 1;
  bundle.assigning = false;
  bundle.unassigned = false;
  return undefined;
}

function assignReplica(
  set: WorkingSet,
  replica: BundleReplica,
  bundled: Resource | undefined,
  prefer: ClusterNode | undefined,
  stopIfFail: boolean,
): void {
  const { ip, remote, container, child } = replica;
  ip?.kind.assign(set, ip, prefer, stopIfFail);
  if (remote !== undefined) {
    const host = container.assigned?.node;
    if (host?.connection !== undefined) {
      addInternalColocation(set, '#replica-remote-with-host-remote', infinity, remote, host.connection);
    }
    remote.kind.assign(set, remote, prefer, stopIfFail);
  }
  if (child === undefined || bundled === undefined) return;
  const own = replica.node?.node;
  for (const entry of child.allowed.values()) {
    if (entry.node !== own) entry.score = -infinity;
    else if (thresholdReached(set, child, entry.node) === undefined) entry.score = infinity;
  }
  bundled.assigning = true;
  child.kind.assign(set, child, own, stopIfFail);
  bundled.assigning = false;
}

/** The real host: for a bundle node that of its container. */
function hostOf(node: ClusterNode): ClusterNode | undefined {
  if (!isBundleNode(node)) return node;
  const container = node.connection?.launcher;
  return container === undefined ? undefined : singleLocation(container, 'assigned');
}

function compatibleContainer(set: WorkingSet, dependent: Resource, bundle: Resource): Resource | undefined {
  const containers = bundle.bundle?.replicas.map((replica) => replica.container) ?? [];
  const find = (host: ClusterNode | undefined) =>
    host === undefined
      ? undefined
      : containers.find((container) => matchesNode(container, host, Role.unknown, false, undefined));
  const place = singleLocation(dependent, 'assigned');
  if (place !== undefined) return find(hostOf(place));
  for (const entry of sortedNodes(set, dependent.allowed, undefined)) {
    const found = find(hostOf(entry.node));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A bundle as primary of a primitive: its containers are the places (scheduler-2 15.5). */
export function applyColocationOfBundle(
  set: WorkingSet,
  dependent: Resource,
  bundle: Resource,
  colocation: Colocation,
): number {
  const { score } = colocation;
  if (bundle.unassigned) return 0;
  if (colocation.dependent.variant === 'clone' || colocation.dependent.variant === 'bundle') {
    const container = compatibleContainer(set, dependent, bundle);
    if (container !== undefined) return applyColocation(set, dependent, container, colocation, true);
    if (score >= infinity) assignNowhere(set, dependent);
    return 0;
  }
  const replicas = bundle.bundle?.replicas ?? [];
  if (score < infinity) {
    return sumScores(replicas, ({ container }) => applyColocation(set, dependent, container, colocation, false));
  }
  const places: NodeEntry[] = [];
  for (const { container, child } of replicas) {
    const place = singleLocation(container, 'assigned');
    if (place === undefined || anyRecursive(container, (each) => each.blocked)) continue;
    if (colocation.primaryRole >= Role.promoted && (child?.nextRole ?? Role.unknown) < Role.promoted) continue;
    places.unshift(place.entry);
  }
  intersect(dependent, places, false);
  return 0;
}

/** A bundle's needs are its first container's. */
export function addUtilizationOfBundle(bundle: Resource, list: readonly Resource[], need: Map<string, number>): void {
  const container = bundle.unassigned ? bundle.bundle?.replicas[0]?.container : undefined;
  container?.kind.addUtilization(container, list, need);
}
