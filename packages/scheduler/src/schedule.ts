import type { Element } from '@sanode/xml';
import { checkConfigChanges, runDeferredChecks } from './actions/config-changes.ts';
import { clearFailCount } from './actions/create.ts';
import { createNodeActions } from './actions/fencing.ts';
import { createProbes } from './actions/probes.ts';
import { applyNodeHealth } from './constraints/health.ts';
import { unpackConstraints } from './constraints/unpack.ts';
import { createGraph } from './graph/graph.ts';
import { unpackCib } from './inputs/unpack.ts';
import { Order } from './model/action.ts';
import { withDescendants } from './model/resource.ts';
import type { Message, PrintedLine, WorkingSet } from './model/working-set.ts';
import { applyOrderings } from './orderings/apply.ts';
import { addOrdering, task } from './orderings/ordering.ts';
import { orderRemoteActions } from './orderings/remote.ts';
import { transitionSummary } from './output/transition-summary.ts';
import { assignAll } from './placement/assign-all.ts';
import { applyNodeCriteria } from './placement/criteria.ts';
import { effectiveFailCount } from './status/fail-counts.ts';

export interface ScheduleOptions {
  /** Effective time, ms since the epoch; used unless the CIB carries `execution-date` and `useExecutionDate` is set. */
  readonly nowMs: number;
  /** Take the time from `cib/@execution-date` where it is there (crm_simulate). Default false. */
  readonly useExecutionDate?: boolean;
  /** Offset of local time from UTC in seconds, for dates that name none. Default 0. */
  readonly utcOffsetSeconds?: number;
  /** Sensitive parameters may be masked in the input (files given to crm_simulate). Default false. */
  readonly sanitized?: boolean;
  /** Feature set that the graph carries; default the newest release's. */
  readonly featureSet?: string;
  /** Number of the transition, from 1. Default 1. */
  readonly transitionId?: number;
  /** Also list nodes' capacities and resources' utilization. Default false. */
  readonly showUtilization?: boolean;
  /** This node's name, where it is to exist even if the CIB does not know it. */
  readonly localNode?: string;
}

export interface ScheduleResult {
  /** `<transition_graph>`, ready for the transition engine; made when it is first asked for. */
  readonly graph: Element;
  /** Score rows and notices in the order in which they came up, without line feeds. */
  readonly printed: readonly PrintedLine[];
  /** Every primitive's assigned node's name by resource id; absent: nowhere. */
  readonly placement: ReadonlyMap<string, string>;
  readonly messages: readonly Message[];
  /** Epoch seconds at which the result changes by itself. */
  readonly recheckBy: number | undefined;
  /** The model after the run, for those who print it. */
  readonly set: WorkingSet;
}

/** Builds the model of a CIB. Never throws on what the schema accepts; oddities are in `messages` (scheduler-1). */
export function unpack(cib: Element, options: ScheduleOptions): WorkingSet {
  return unpackCib(cib, options);
}

/** Runs on a model that `unpack` made; to be called once for each model (scheduler-3 1.1). */
export function scheduleWorkingSet(set: WorkingSet, options: ScheduleOptions): ScheduleResult {
  applyNodeHealth(set);
  unpackConstraints(set);
  applyNodeCriteria(set);
  for (const resource of set.resources) resource.kind.internalConstraints(set, resource);
  checkConfigChanges(set);
  assignAll(set);
  runDeferredChecks(set);
  if (set.options.startupProbes) createProbes(set);
  if (set.options.stopRemovedResources) clearRemovedFailCounts(set);
  for (const resource of set.resources) resource.kind.createActions(set, resource);
  orderRemoteActions(set);
  createNodeActions(set);
  applyOrderings(set);
  transitionSummary(set);
  const makeGraph = createGraph(set, options.transitionId ?? 1);
  let graph: Element | undefined;
  return {
    get graph() {
      graph ??= makeGraph();
      return graph;
    },
    printed: set.printed,
    placement: placementOf(set),
    messages: set.messages,
    recheckBy: set.recheckBy,
    set,
  };
}

function clearRemovedFailCounts(set: WorkingSet): void {
  for (const resource of set.resources) {
    if (!resource.removed) continue;
    for (const node of set.nodes) {
      if (!node.online || effectiveFailCount(set, resource, node) === 0) continue;
      const action = clearFailCount(set, resource, node);
      addOrdering(set, { action }, task(resource, 'stop'), Order.seq);
    }
  }
}

function placementOf(set: WorkingSet): Map<string, string> {
  const placement = new Map<string, string>();
  for (const top of set.resources) {
    for (const each of withDescendants(top)) {
      if (each.assigned !== undefined) placement.set(each.id, each.assigned.node.name);
    }
  }
  return placement;
}

/** What to do about a CIB: a pure function; same input, same bytes out (scheduler-1 to -3). */
export function schedule(cib: Element, options: ScheduleOptions): ScheduleResult {
  return scheduleWorkingSet(unpack(cib, options), options);
}
