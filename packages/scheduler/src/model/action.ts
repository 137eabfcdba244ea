import type { Element } from '@sanode/xml';
import { ActionMeta } from './action-meta.ts';
import type { ClusterNode } from './node.ts';
import type { Resource } from './resource.ts';
import { Role } from './role.ts';

/** Flags of an action (scheduler-3 2.3). */
export const ActionFlag = {
  pseudo: 1 << 0,
  runnable: 1 << 1,
  optional: 1 << 2,
  /** Goes into the graph even if optional. */
  always: 1 << 3,
  attributesDone: 1 << 4,
  migratable: 1 << 7,
  inGraph: 1 << 8,
  migrationAbort: 1 << 11,
  reschedule: 1 << 13,
  visiting: 1 << 14,
  deduped: 1 << 15,
  onDc: 1 << 16,
} as const;

/** Flags of an ordering or a relation (scheduler-3 3.1). Whole sets are compared in places, so they stay one number. */
export const Order = {
  none: 0,
  seq: 1 << 0,
  ifFirstUnmig: 1 << 1,
  thenReqFirst: 1 << 4,
  firstReqThen: 1 << 5,
  promThenReqFirst: 1 << 6,
  unmigThenBlocks: 1 << 7,
  firstBlocks: 1 << 8,
  firstElseThen: 1 << 9,
  firstReqSameNodeThen: 1 << 10,
  nestedProbe: 1 << 11,
  restartPair: 1 << 12,
  serial: 1 << 14,
  sameNode: 1 << 15,
  thenGraphsFirst: 1 << 16,
  firstGraphsThen: 1 << 17,
  asym: 1 << 20,
  loadTarget: 1 << 21,
  minRun: 1 << 22,
  reqSameNode: 1 << 23,
  guestOk: 1 << 24,
  thenCancelsFirst: 1 << 25,
} as const;

/** One end of a relation between two actions; each end has flags of its own. */
export interface Relation {
  readonly action: Action;
  flags: number;
  /** It has become an input of the graph. */
  graphed: boolean;
  /** In a list of actions after: flags of all relations to that action, in the newest of them. */
  related: number;
}

export type OnFail =
  | 'ignore'
  | 'demote'
  | 'restart'
  | 'reset-remote'
  | 'restart-container'
  | 'ban'
  | 'block'
  | 'stop'
  | 'standby'
  | 'fence';
export type Needs = 'nothing' | 'quorum' | 'fencing';

/** Something that may have to be done (scheduler-3 2.1). */
export class Action {
  readonly id: number;
  priority = 0;
  readonly resource: Resource | undefined;
  node: ClusterNode | undefined;
  opConfig: Element | undefined = undefined;
  task: string;
  readonly key: string;
  /** The key in lower case, as look-ups compare it. */
  readonly lowerKey: string;
  /** Task of the recurring operation that a cancel ends. */
  cancelTask: string | undefined = undefined;
  reason: string | undefined = undefined;
  flags: number;
  needs: Needs = 'nothing';
  onFail: OnFail = 'restart';
  failRole: Role = Role.unknown;
  meta: ActionMeta;
  extra: Map<string, string> | undefined = undefined;
  /** How it is named as an input of others in the graph, once that is made. */
  trigger: Element | undefined = undefined;
  runnableBefore = 0;
  requiredRunnableBefore = 0;
  /** Inputs; in order of creation, until they are sorted for the graph. */
  before: Relation[] = [];
  after: Relation[] = [];
  /** The newest relations to actions after this one by these, once they are many. */
  relatedAfter: Map<Action, Relation> | undefined = undefined;

  constructor(
    id: number,
    resource: Resource | undefined,
    key: string,
    task: string,
    node: ClusterNode | undefined,
    flags: number,
    meta = new ActionMeta(),
  ) {
    this.id = id;
    this.resource = resource;
    this.key = key;
    this.lowerKey = key.toLowerCase();
    this.task = task;
    this.node = node;
    this.flags = flags;
    this.meta = meta;
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0;
  }
  set(flag: number): void {
    this.flags |= flag;
  }
  clear(flag: number): void {
    this.flags &= ~flag;
  }
  get optional(): boolean {
    return (this.flags & ActionFlag.optional) !== 0;
  }
  get runnable(): boolean {
    return (this.flags & ActionFlag.runnable) !== 0;
  }
  get pseudo(): boolean {
    return (this.flags & ActionFlag.pseudo) !== 0;
  }
  get migratable(): boolean {
    return (this.flags & ActionFlag.migratable) !== 0;
  }
}

/** A rule collected during the run: what goes before what; a key need not have an action yet (scheduler-3 3). */
export interface Ordering {
  readonly resource1: Resource | undefined;
  readonly key1: string | undefined;
  readonly action1: Action | undefined;
  readonly resource2: Resource | undefined;
  readonly key2: string | undefined;
  readonly action2: Action | undefined;
  readonly flags: number;
}
