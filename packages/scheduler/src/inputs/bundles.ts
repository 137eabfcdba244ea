import { integerAtLeast, parseBoolean } from '@sanode/rules';
import { attr, childElements, type Element, element, firstChild, type Node } from '@sanode/xml';
import { type NodeEntry, ProbeMode } from '../model/node.ts';
import { type BundleReplica, type Resource, withDescendants } from '../model/resource.ts';
import { configError, type WorkingSet } from '../model/working-set.ts';
import { infinity } from '../values/scores.ts';
import { bundledCloneXml, containerXml, ipXml, nextAddress } from './bundle-parts.ts';
import { limitInstances } from './clones.ts';
import type { UnpackChild } from './groups.ts';
import { addNode, connectionXml, findNode } from './nodes.ts';

/** No bundle has more replicas than this, whatever is configured: each is a node to place resources on. */
const maxReplicas = 200;

export const defaultControlPort = '3121';

export interface BundleMount {
  readonly source: string;
  readonly target: string;
  readonly options: string | undefined;
  readonly subDirectory: boolean;
}

export interface BundleDefinition {
  readonly id: string;
  readonly agent: 'docker' | 'podman';
  readonly launcher: Element;
  readonly network: Element | undefined;
  readonly promotedMax: number;
  readonly replicas: number;
  replicasPerHost: number;
  readonly addHost: boolean;
  readonly mounts: BundleMount[];
  readonly ports: { source: string; target: string }[];
  readonly primitive: Element | undefined;
  /** `--add-host` options of all replicas. */
  hostOptions: string;
}

/** Builds a bundle: containers, addresses, connections and the implied clone (scheduler-1 6.12). */
export function unpackBundle(set: WorkingSet, bundle: Resource, unpackChild: UnpackChild): boolean {
  const definition = readDefinition(set, bundle);
  if (definition === undefined) return false;
  bundle.bundle = {
    agent: definition.agent,
    image: attr(definition.launcher, 'image') ?? '',
    promotedMax: definition.promotedMax,
    replicasPerHost: definition.replicasPerHost,
    nested: 0,
    replicaCount: definition.replicas,
    replicas: [],
    bundled: undefined,
  };
  const bundled = definition.primitive === undefined ? undefined : unpackBundled(bundle, definition, unpackChild);
  if (definition.primitive !== undefined && bundled === undefined) return false;
  bundle.bundle.bundled = bundled;
  makeReplicas(bundle, bundled, definition);
  for (const replica of bundle.bundle.replicas) {
    if (!unpackReplica(set, bundle, replica, definition, unpackChild)) return false;
  }
  if (bundled !== undefined) bundle.children.push(bundled);
  return true;
}

function readDefinition(set: WorkingSet, bundle: Resource): BundleDefinition | undefined {
  const launcher = firstChild(bundle.xml, 'docker') ?? firstChild(bundle.xml, 'podman');
  if (launcher === undefined) {
    configError(set, `Ignoring bundle ${bundle.id}: neither docker nor podman is configured`);
    return undefined;
  }
  const promotedMax = integerAtLeast(attr(launcher, 'promoted-max'), 0);
  const replicas = attr(launcher, 'replicas');
  const network = firstChild(bundle.xml, 'network');
  const definition: BundleDefinition = {
    id: bundle.id,
    agent: launcher.name === 'docker' ? 'docker' : 'podman',
    launcher,
    network,
    promotedMax,
    replicas: limitInstances(
      set,
      bundle.id,
      replicas === undefined && promotedMax > 0 ? promotedMax : integerAtLeast(replicas, 1),
      maxReplicas,
    ),
    replicasPerHost: integerAtLeast(attr(launcher, 'replicas-per-host'), 1),
    addHost: network === undefined || parseBoolean(attr(network, 'add-host')) !== false,
    mounts: readMounts(set, bundle),
    ports: readPorts(network),
    primitive: firstChild(bundle.xml, 'primitive'),
    hostOptions: '',
  };
  // What is configured counts, also where a primitive then lowers it.
  if (definition.replicasPerHost === 1) bundle.unique = false;
  return definition.primitive === undefined ? definition : completeForPrimitive(set, definition);
}

function completeForPrimitive(set: WorkingSet, definition: BundleDefinition): BundleDefinition | undefined {
  const network = definition.network;
  const hasAddress = network !== undefined && attr(network, 'ip-range-start') !== undefined;
  const controlPort = network === undefined ? undefined : attr(network, 'control-port');
  if (!hasAddress && controlPort === undefined) {
    configError(set, `Ignoring bundle ${definition.id}: its primitive needs ip-range-start or control-port`);
    return undefined;
  }
  if (!hasAddress && definition.replicasPerHost > 1) {
    configError(set, `Bundle ${definition.id} needs ip-range-start for more than one replica per host`);
    definition.replicasPerHost = 1;
  }
  const authkey = '/etc/pacemaker/authkey';
  const logTaken = definition.mounts.some((mount) => mount.target === '/var/log');
  definition.mounts.push({ source: authkey, target: authkey, options: undefined, subDirectory: false });
  if (!logTaken) {
    const source = '/var/log/pacemaker/bundles';
    definition.mounts.push({ source, target: '/var/log', options: undefined, subDirectory: true });
  }
  const port = controlPort ?? defaultControlPort;
  definition.ports.push({ source: port, target: port });
  return definition;
}

function readMounts(set: WorkingSet, bundle: Resource): BundleMount[] {
  const mounts: BundleMount[] = [];
  const storage = firstChild(bundle.xml, 'storage');
  for (const mapping of storage === undefined ? [] : childElements(storage, 'storage-mapping')) {
    const root = attr(mapping, 'source-dir-root');
    const source = attr(mapping, 'source-dir') ?? root;
    const target = attr(mapping, 'target-dir');
    if (source === undefined || target === undefined) {
      configError(set, `Ignoring a storage-mapping of bundle ${bundle.id}: source or target is missing`);
      continue;
    }
    const subDirectory = attr(mapping, 'source-dir') === undefined;
    mounts.push({ source, target, options: attr(mapping, 'options'), subDirectory });
  }
  return mounts;
}

function readPorts(network: Element | undefined): { source: string; target: string }[] {
  const ports: { source: string; target: string }[] = [];
  for (const mapping of network === undefined ? [] : childElements(network, 'port-mapping')) {
    const port = attr(mapping, 'port');
    const source = port ?? attr(mapping, 'range');
    if (source === undefined) continue;
    ports.push({ source, target: (port === undefined ? undefined : attr(mapping, 'internal-port')) ?? source });
  }
  return ports;
}

function unpackBundled(bundle: Resource, definition: BundleDefinition, unpackChild: UnpackChild): Resource | undefined {
  return unpackChild(bundledCloneXml(definition), bundle);
}

function makeReplicas(bundle: Resource, bundled: Resource | undefined, definition: BundleDefinition): void {
  const start = definition.network === undefined ? undefined : attr(definition.network, 'ip-range-start');
  let previous: string | undefined;
  let target: string | undefined;
  const count = bundled === undefined ? definition.replicas : bundled.children.length;
  for (let offset = 0; offset < count; offset += 1) {
    const child = bundled?.children[offset];
    if (child !== undefined) {
      child.exclusiveProbes = true;
      if (child.notify && bundled !== undefined) bundled.notify = true;
      target = child.meta.get('container-attribute-target') ?? target;
    }
    const ipAddress = start === undefined ? undefined : previous === undefined ? start : nextAddress(previous);
    previous = ipAddress ?? previous;
    if (ipAddress !== undefined) {
      definition.hostOptions += definition.addHost
        ? ` --add-host=${definition.id}-${offset}:${ipAddress}`
        : ` --hosts-entry=${ipAddress}=${definition.id}-${offset}`;
    }
    const replica = { offset, ipAddress, ip: undefined, remote: undefined, child, node: undefined };
    // The container is made right after all replicas are known.
    bundle.bundle?.replicas.push(replica as unknown as BundleReplica);
    if (child !== undefined) child.replica = replica as unknown as BundleReplica;
  }
  if (target !== undefined) {
    bundle.meta.set('container-attribute-target', target);
    bundled?.meta.set('container-attribute-target', target);
  }
}

function unpackReplica(
  set: WorkingSet,
  bundle: Resource,
  replica: BundleReplica,
  definition: BundleDefinition,
  unpackChild: UnpackChild,
): boolean {
  const container = unpackChild(containerXml(definition, replica), bundle);
  if (container === undefined) return false;
  container.replicaContainer = true;
  replica.container = container;
  addPart(bundle, replica, container);
  if (replica.ipAddress !== undefined) {
    replica.ip = unpackChild(ipXml(definition, replica.ipAddress, replica.offset), bundle);
    if (replica.ip === undefined) return false;
    addPart(bundle, replica, replica.ip);
  }
  if (replica.child === undefined) return true;
  if (!unpackConnection(set, bundle, replica, replica.child, definition, unpackChild)) return false;
  [container.utilization, replica.child.utilization] = [replica.child.utilization, container.utilization];
  return true;
}

function addPart(bundle: Resource, replica: BundleReplica, part: Resource): void {
  part.replica = replica;
  bundle.children.push(part);
}

/** Score that lets a replica's child prefer its own node. */
const replicaNodeScore = 500;

function unpackConnection(
  set: WorkingSet,
  bundle: Resource,
  replica: BundleReplica,
  child: Resource,
  definition: BundleDefinition,
  unpackChild: UnpackChild,
): boolean {
  let id = `${bundle.id}-${replica.offset}`;
  if (set.resourcesById.has(id)) id = `pcmk-internal-${child.id}-remote-${replica.offset}`;
  const port = definition.network === undefined ? undefined : attr(definition.network, 'control-port');
  const xml = connectionXml({
    name: id,
    container: replica.container.id,
    server: replica.ipAddress ?? '#uname',
    port: port ?? defaultControlPort,
  });
  const node = findNode(set, id) ?? addNode(set, id, id, 'remote', -infinity);
  node.entry.score = -infinity;
  node.entry.probeMode = ProbeMode.never;
  for (const top of set.resources) {
    for (const each of withDescendants(top)) {
      const entry = each.allowed.get(node.id);
      if (entry === undefined) continue;
      entry.score = -infinity;
      entry.probeMode = ProbeMode.never;
    }
  }
  const own: NodeEntry = { node, score: replicaNodeScore, count: 0, probeMode: ProbeMode.exclusive };
  replica.node = own;
  child.allowed = new Map([[node.id, { ...own }]]);
  bundle.bundle?.bundled?.allowed.set(node.id, { ...own, score: -infinity });
  const remote = unpackChild(xml, bundle);
  if (remote === undefined) return false;
  for (const entry of remote.allowed.values()) if (entry.node.variant === 'remote') entry.score = -infinity;
  replica.remote = remote;
  node.connection = remote;
  remote.launcher = replica.container;
  node.attributes.set('#kind', 'container');
  if (replica.ipAddress !== undefined) child.meta.set('external-ip', replica.ipAddress);
  remote.remoteNestingAllowed = true;
  addPart(bundle, replica, remote);
  return true;
}

/** Children of an element made for a bundle's part. */
export function pairSet(name: string, id: string, values: readonly (readonly [string, string | undefined])[]): Element {
  const pairs: Node[] = [];
  for (const [key, value] of values) {
    if (value !== undefined) pairs.push(element('nvpair', { id: `${id}-${key}`, name: key, value }));
  }
  return element(name, { id }, pairs);
}
