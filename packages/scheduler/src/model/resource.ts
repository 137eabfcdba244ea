import type { Element } from '@sanode/xml';
import type { NotificationSets } from '../graph/notification-data.ts';
import type { ConfiguredOperation } from '../inputs/operations.ts';
import type { Action } from './action.ts';
import type { Colocation, LocationConstraint, TicketConstraint } from './constraint.ts';
import type { Kind } from './kind.ts';
import type { ClusterNode, NodeEntry, NodeTable } from './node.ts';
import { Role } from './role.ts';

export type Variant = 'primitive' | 'group' | 'clone' | 'bundle';
export type MultipleActivePolicy = 'stop-start' | 'stop-only' | 'block' | 'stop-unexpected';

export interface GroupData {
  readonly ordered: boolean;
  readonly colocated: boolean;
}

export interface CloneData {
  max: number;
  nodeMax: number;
  readonly promotedMax: number;
  readonly promotedNodeMax: number;
  readonly ordered: boolean;
  /** The child as configured, copied for every instance. */
  readonly childXml: Element;
  /** Instances made so far. */
  total: number;
  promotionScoresAdded: boolean;
  /** Promotion priorities have been sorted; colocations with the promoted role count from then on. */
  promotionSorted: boolean;
  readonly notifications: NotificationSets;
  /** Primitives of all instances by their name without number, once placement has begun. */
  membersByName: Map<string, Resource[]> | undefined;
}

export interface BundleReplica {
  readonly offset: number;
  readonly ipAddress: string | undefined;
  container: Resource;
  ip: Resource | undefined;
  /** Connection to the remote executor inside the container. */
  remote: Resource | undefined;
  /** Instance of the bundled resource. */
  child: Resource | undefined;
  /** The bundle node, with the entry the child's table starts from. */
  node: NodeEntry | undefined;
}

export interface BundleData {
  readonly agent: 'docker' | 'podman';
  readonly image: string;
  readonly promotedMax: number;
  readonly replicasPerHost: number;
  readonly replicaCount: number;
  readonly replicas: BundleReplica[];
  /** The implicit clone of the bundled primitive. */
  bundled: Resource | undefined;
  /** How many times its assignment is under way: what runs inside may be colocated with the bundle itself. */
  nested: number;
}

/** A resource of any kind, with what the configuration, the history and the run say about it (scheduler-1 6.1). */
export class Resource {
  readonly id: string;
  readonly variant: Variant;
  /** Behaviour of its kind; promotable clones have their own. */
  kind: Kind;
  readonly parent: Resource | undefined;
  /** Members, instances, or a bundle's parts; clones' are re-sorted at stated points. */
  children: Resource[] = [];
  /** Definition after template expansion. */
  readonly xml: Element;
  readonly operations: Element | undefined;
  meta = new Map<string, string>();
  utilization = new Map<string, string>();
  readonly parameterCache = new Map<string, Map<string, string>>();
  /** Its parameters on any node, if no node's attributes matter for them. */
  parametersAnywhere: Map<string, string> | undefined = undefined;

  // Flags of the configuration and the history.
  managed = false;
  blocked = false;
  removed = false;
  removedLaunched = false;
  notify = false;
  unique = false;
  fenceDevice = false;
  promotable = false;
  critical = true;
  failed = false;
  stopIfFailed = false;
  ignoreFailure = false;
  startPending = false;
  remoteConnection = false;
  remoteNestingAllowed = false;
  exclusiveProbes = false;
  stopUnexpected = false;
  migratable = false;
  maintenance = false;
  replicaContainer = false;
  needsQuorum = false;
  needsFencing = false;
  needsUnfencing = false;
  reload = false;
  restarting = false;

  allowed: NodeTable = new Map();
  /** Nodes where its state is known. */
  readonly probed = new Map<string, ClusterNode>();
  /** Nodes where it is active, in order of discovery. */
  activeNodes: ClusterNode[] = [];
  /** Role that the history says it has. */
  origRole: Role = Role.unknown;
  /** Role it shall have after the transition; Unknown until decided. */
  nextRole: Role = Role.unknown;
  priority = 0;
  promotionPriority = 0;
  stickiness = 0;
  banAfterFailures = 0;
  /** Span after which failures expire, in ms; 0: never. */
  failureExpirationMs = 0;
  remoteReconnectMs = 0;
  multipleActive: MultipleActivePolicy = 'stop-start';
  launcher: Resource | undefined = undefined;
  readonly launched: Resource[] = [];
  partialMigrationSource: ClusterNode | undefined = undefined;
  partialMigrationTarget: ClusterNode | undefined = undefined;
  readonly danglingMigrationSources: ClusterNode[] = [];
  pendingAction: string | undefined = undefined;
  pendingNode: ClusterNode | undefined = undefined;
  /** Name used in the history where it differs from the id (instances of anonymous clones). */
  historyId: string | undefined = undefined;
  lockNode: ClusterNode | undefined = undefined;
  /** Epoch seconds. */
  lockTime = 0;

  group: GroupData | undefined = undefined;
  clone: CloneData | undefined = undefined;
  bundle: BundleData | undefined = undefined;
  /** For an instance inside a bundle, or a replica's part: its replica. */
  replica: BundleReplica | undefined = undefined;

  // The run.
  unassigned = true;
  assigning = false;
  updatingNodes = false;
  assigned: NodeEntry | undefined = undefined;
  /** Colocations in which it is the dependent. */
  readonly thisWith: Colocation[] = [];
  /** Colocations in which it is the primary. */
  readonly withThis: Colocation[] = [];
  /** Newest first. */
  readonly locations: LocationConstraint[] = [];
  readonly tickets: TicketConstraint[] = [];
  /** In order of creation; whoever wants the newest first walks down. */
  readonly actions: Action[] = [];
  /** By key in lower case; oldest first, like those by task. */
  readonly actionsByKey = new Map<string, Action[]>();
  readonly actionsByTask = new Map<string, Action[]>();
  /** Keys of operations that do not recur, by task. */
  readonly taskKeys = new Map<string, string>();
  configuredOperations: readonly ConfiguredOperation[] | undefined = undefined;
  /** Meta attributes of operations that were asked for, where they do not depend on the node. */
  readonly operationMeta = new Map<string, ReadonlyMap<string, string>>();

  constructor(
    id: string,
    variant: Variant,
    kind: Kind,
    parent: Resource | undefined,
    xml: Element,
    operations: Element | undefined,
  ) {
    this.id = id;
    this.variant = variant;
    this.kind = kind;
    this.parent = parent;
    this.xml = xml;
    this.operations = operations;
  }
}

/** Outermost ancestor below a bundle. */
export function topOf(resource: Resource): Resource {
  let at = resource;
  while (at.parent !== undefined && at.parent.variant !== 'bundle') at = at.parent;
  return at;
}

/** Outermost ancestor, bundles included. */
export function topWithBundle(resource: Resource): Resource {
  let at = resource;
  while (at.parent !== undefined) at = at.parent;
  return at;
}

/** Whether a resource is (in) a bundle. */
export function isBundled(resource: Resource): boolean {
  return topWithBundle(resource).variant === 'bundle';
}

export function isAnonymousClone(resource: Resource): boolean {
  return resource.variant === 'clone' && !resource.unique;
}

/** The primitives below (or the resource itself), in child order. */
export function* primitivesOf(resource: Resource): Generator<Resource> {
  if (resource.variant === 'primitive') yield resource;
  for (const child of resource.children) yield* primitivesOf(child);
}

/** The resource and all below it, parents first. */
export function* withDescendants(resource: Resource): Generator<Resource> {
  yield resource;
  for (const child of resource.children) yield* withDescendants(child);
}

/** Whether the resource or one below it satisfies `test`. */
export function anyRecursive(resource: Resource, test: (candidate: Resource) => boolean): boolean {
  return test(resource) || resource.children.some((child) => anyRecursive(child, test));
}

/** The id of the definition: without an instance's number. */
export function definitionId(resource: Resource): string {
  return resource.xml.attributes.get('id') ?? resource.id;
}

/** Id for people: with the instance's number only where instances differ. */
export function printableId(resource: Resource): string {
  return resource.unique ? resource.id : definitionId(resource);
}

/** A name without a trailing instance number (`r:1` gives `r`). */
export function baseName(name: string): string {
  const match = /^(.*):[0-9]+$/s.exec(name);
  return match === null ? name : (match[1] as string);
}

/** Whether `ancestor` is a (grand)parent of `resource`. */
export function isAncestor(ancestor: Resource, resource: Resource): boolean {
  for (let at = resource.parent; at !== undefined; at = at.parent) if (at === ancestor) return true;
  return false;
}

/** Number after the last `:` of an instance's id, or, if there is none, after the last `-`. */
export function instanceNumber(resource: Resource): number {
  const at = resource.id.lastIndexOf(':') >= 0 ? resource.id.lastIndexOf(':') : resource.id.lastIndexOf('-');
  return Number.parseInt(resource.id.slice(at + 1), 10) || 0;
}
