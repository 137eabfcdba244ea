import type { Digests } from '../status/digests.ts';
import type { Resource } from './resource.ts';

/** Discovery of resources on a node: always, never, only where listed (scheduler-2 2.1). */
export const ProbeMode = { always: 0, never: 1, exclusive: 2 } as const;
export type ProbeMode = (typeof ProbeMode)[keyof typeof ProbeMode];

/** One use of a node: in a resource's table of allowed nodes, in a constraint, or the cluster's own. */
export interface NodeEntry {
  readonly node: ClusterNode;
  score: number;
  /** Instances counted on the node while a clone's instances are placed. */
  count: number;
  probeMode: ProbeMode;
}

/** A node of the cluster: a full member, or a remote or guest node behind a connection resource (scheduler-1 5). */
export interface ClusterNode {
  readonly id: string;
  readonly name: string;
  readonly variant: 'cluster' | 'remote';
  /** The cluster's own entry: the configured score, -INFINITY once the node is known to be offline. */
  readonly entry: NodeEntry;
  online: boolean;
  unclean: boolean;
  pending: boolean;
  standby: boolean;
  /** In standby because a resource's failure asked for it. */
  failStandby: boolean;
  maintenance: boolean;
  /** A clean shutdown was asked for. */
  shutdown: boolean;
  expectedUp: boolean;
  seen: boolean;
  /** Its resource history has been read. */
  unpacked: boolean;
  isDc: boolean;
  /** To be fenced by recovering its connection or guest. */
  remoteReset: boolean;
  remoteFenced: boolean;
  remoteMaintenance: boolean;
  probesAllowed: boolean;
  /** Sum of the priorities of what runs on it, for priority-fencing-delay. */
  priority: number;
  /** Permanent and transient attributes, with the built-in `#uname`, `#id`, `#kind`... */
  readonly attributes: Map<string, string>;
  /** Capacity that is left. */
  readonly utilization: Map<string, string>;
  /** Primitives found active on it, in order of discovery. */
  readonly running: Resource[];
  /** Connection resource of a remote, guest or bundle node. */
  connection: Resource | undefined;
  /** Primitives assigned to it in this run. */
  numResources: number;
  readonly assignedResources: Resource[];
  readonly digests: Map<string, Digests>;
}

/** Makes a node that nothing is known of yet. */
export function makeNode(id: string, name: string, variant: 'cluster' | 'remote', score: number): ClusterNode {
  const node = {
    id,
    name,
    variant,
    online: false,
    unclean: false,
    pending: false,
    standby: false,
    failStandby: false,
    maintenance: false,
    shutdown: false,
    expectedUp: false,
    seen: false,
    unpacked: false,
    isDc: false,
    remoteReset: false,
    remoteFenced: false,
    remoteMaintenance: false,
    probesAllowed: true,
    priority: 0,
    attributes: new Map<string, string>(),
    utilization: new Map<string, string>(),
    running: [],
    connection: undefined,
    numResources: 0,
    assignedResources: [],
    digests: new Map<string, Digests>(),
  };
  const complete = node as unknown as ClusterNode & { entry: NodeEntry };
  complete.entry = { node: complete, score, count: 0, probeMode: ProbeMode.always };
  return complete;
}

export function copyEntry(entry: NodeEntry): NodeEntry {
  return { node: entry.node, score: entry.score, count: entry.count, probeMode: entry.probeMode };
}

/** Table of a resource's allowed nodes by node id. Its order carries no meaning: whoever needs one sorts. */
export type NodeTable = Map<string, NodeEntry>;

/** A table with an entry of its own for each of `table`'s. */
export function copyTable(table: ReadonlyMap<string, NodeEntry>): NodeTable {
  const copy: NodeTable = new Map();
  for (const [id, entry] of table) copy.set(id, copyEntry(entry));
  return copy;
}

/** Reached through an `ocf:pacemaker:remote` connection that nothing launches. */
export function isRemoteNode(node: ClusterNode): boolean {
  return node.variant === 'remote' && node.connection?.launcher === undefined;
}

/** A guest (a bundle's included): its connection is launched by another resource. */
export function isGuestNode(node: ClusterNode): boolean {
  return node.variant === 'remote' && node.connection?.launcher !== undefined;
}

/** A node that a bundle made. */
export function isBundleNode(node: ClusterNode): boolean {
  return isGuestNode(node) && node.connection?.launcher?.parent?.variant === 'bundle';
}

/** A guest whose guest resource has gone from the configuration. */
export function isDanglingGuest(node: ClusterNode): boolean {
  const connection = node.connection;
  return (
    node.variant === 'remote' &&
    connection !== undefined &&
    connection.launcher === undefined &&
    connection.removedLaunched
  );
}
