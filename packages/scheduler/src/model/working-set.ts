import type { DateTime } from '@sanode/rules';
import type { Element } from '@sanode/xml';
import type { ClusterOptions } from '../inputs/options.ts';
import type { Action, Ordering } from './action.ts';
import type { Colocation, LocationConstraint, Ticket } from './constraint.ts';
import type { ClusterNode } from './node.ts';
import type { Resource } from './resource.ts';

export interface Message {
  readonly level: 'error' | 'warning' | 'notice' | 'info';
  readonly text: string;
  /** Whether it is about the configuration (`pe-error-`, `pe-warn-` series are chosen by these). */
  readonly config: boolean;
}

/** A failed (or merely recorded) operation: the history entry with `uname` and `rsc-id` added (scheduler-1 8.10). */
export type FailedOperation = Element;

/** Indexes over a CIB that never change. */
export interface CibIndex {
  readonly byId: ReadonlyMap<string, Element>;
  /** Histories by node name, then by `lrm_resource` id, where both are unambiguous. */
  readonly nodeStates: readonly Element[];
  readonly historyByNode: ReadonlyMap<string, ReadonlyMap<string, readonly Element[]>>;
}

export interface DeferredCheck {
  readonly kind: 'last-failure' | 'active';
  readonly resource: Resource;
  readonly node: ClusterNode;
  readonly entry: Element;
}

/** A line that the run would print; notices stand in the middle of the scores. */
export interface PrintedLine {
  readonly kind: 'score' | 'utilization' | 'notice';
  readonly text: string;
}

/**
 * The scheduler's model of one CIB: built once by `unpack`, then worked on by the run (scheduler-1 1). All lists are in
 * the order in which the reference makes them; the output depends on it.
 */
export interface WorkingSet {
  readonly cib: Element;
  readonly index: CibIndex;
  /** Effective time in ms since the epoch. */
  readonly nowMs: number;
  /** Effective time broken down in local time, for rules. */
  readonly now: DateTime;
  /** Offset of local time from UTC in seconds, for dates without one. */
  readonly utcOffsetSeconds: number;
  readonly options: ClusterOptions;
  /** Feature set that graphs carry. */
  readonly featureSet: string;
  readonly quorate: boolean;
  /** Passwords may be masked in the input: digests without them decide (crm_simulate on files). */
  readonly sanitized: boolean;
  /** Nodes in natural order of names. */
  readonly nodes: ClusterNode[];
  /** By id in lower case. */
  readonly nodesById: Map<string, ClusterNode>;
  /** By name in lower case. */
  readonly nodesByName: Map<string, ClusterNode>;
  /** Top-level resources, by descending priority, then as configured; removed ones last. */
  resources: Resource[];
  /** Names under which histories are kept that are not ids. */
  readonly historyIds: Set<string>;
  /** History entries whose failure has expired, by the original: they are to be rescheduled. */
  readonly rescheduledEntries: Map<Element, Element>;
  readonly templates: Map<string, string[]>;
  readonly tags: Map<string, string[]>;
  readonly tickets: Map<string, Ticket>;
  dcNode: ClusterNode | undefined;
  hasFenceDevice: boolean;
  haveRemoteNodes: boolean;
  unfencingEnabled: boolean;
  readonly failedOperations: FailedOperation[];
  /** Every resource by id, whatever its depth. */
  readonly resourcesById: Map<string, Resource>;
  /** Containers to stop because of what failed in them; most recent first. */
  readonly stopNeeded: Resource[];
  /** Counts over primitives (scheduler-1 1.1 step 12). */
  readonly counts: { total: number; disabled: number; blocked: number };
  /** Epoch seconds at which the result would change by itself. */
  recheckBy: number | undefined;

  // The run.
  nextActionId: number;
  /** All actions in order of creation; most walks go from the newest down. */
  readonly actions: Action[];
  readonly singletons: Map<string, Action>;
  readonly orderings: Ordering[];
  /** Newest first. */
  readonly locations: LocationConstraint[];
  readonly colocations: Colocation[];
  readonly deferredChecks: DeferredCheck[];
  /** What a user at a terminal may see of the run, as it comes up (`crm_simulate`). */
  readonly printed: PrintedLine[];
  readonly showUtilization: boolean;
  readonly messages: Message[];
  readonly summaryWidths: { resource: number; detail: number };
}

/** Offers a time at which the result would change; the earliest in the future is kept (scheduler-1 4.7). */
export function offerRecheck(set: WorkingSet, epochSeconds: number): void {
  if (epochSeconds * 1000 <= set.nowMs) return;
  if (set.recheckBy === undefined || epochSeconds < set.recheckBy) set.recheckBy = epochSeconds;
}

export function configError(set: WorkingSet, text: string): void {
  set.messages.push({ level: 'error', text, config: true });
}

export function configWarning(set: WorkingSet, text: string): void {
  set.messages.push({ level: 'warning', text, config: true });
}

export function log(set: WorkingSet, level: Message['level'], text: string): void {
  set.messages.push({ level, text, config: false });
}

/** Notes a text for a user at a terminal. */
export function notice(set: WorkingSet, text: string): void {
  set.printed.push({ kind: 'notice', text });
}
