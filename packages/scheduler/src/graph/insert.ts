import { parametersOf } from '../inputs/parameters.ts';
import { type Action, ActionFlag, type Relation } from '../model/action.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { newestFirst } from '../orderings/apply.ts';
import { hostAddress, needsHostAddress } from '../status/digests.ts';
import { belongsInGraph, belongsInInputs } from './inputs.ts';
import { createCloneNotifications } from './notification-actions.ts';

/** An action of the graph and what it waits for. */
export interface Synapse {
  readonly action: Action;
  readonly priority: number;
  /** By ascending id. */
  readonly inputs: readonly Action[];
}

/** The synapses of the graph that is being made. */
const synapsesOf = new WeakMap<WorkingSet, Synapse[]>();

export function graphSynapses(set: WorkingSet): Synapse[] {
  let synapses = synapsesOf.get(set);
  if (synapses === undefined) {
    synapses = [];
    synapsesOf.set(set, synapses);
  }
  return synapses;
}

/** One input for each action before, by ascending id; flags of several relations come together (scheduler-3 19.3). */
function dedupeInputs(action: Action): void {
  if (action.has(ActionFlag.deduped)) return;
  // Newest first before sorting: among relations to one action the newest is the one that stays.
  const sorted = action.before.length < 2 ? action.before : newestFirst(action.before).sort(byActionId);
  const kept: Relation[] = [];
  for (const relation of sorted) {
    const last = kept.at(-1);
    if (last === undefined || last.action !== relation.action) {
      relation.graphed = false;
      kept.push(relation);
    } else {
      last.flags |= relation.flags;
      if (relation.graphed) last.graphed = true;
    }
  }
  action.before = kept;
  action.set(ActionFlag.deduped);
}

function byActionId(a: Relation, b: Relation): number {
  return a.action.id - b.action.id;
}

/** Inserts an action that belongs there into the graph. */
export function insertAction(set: WorkingSet, action: Action): void {
  dedupeInputs(action);
  if (action.has(ActionFlag.inGraph) || !belongsInGraph(action)) return;
  action.set(ActionFlag.inGraph);
  const priority =
    action.resource === undefined ? action.priority : Math.max(action.resource.priority, action.priority);
  const inputs: Action[] = [];
  for (const relation of action.before) {
    if (!belongsInInputs(action, relation)) continue;
    relation.graphed = true;
    inputs.push(relation.action);
  }
  graphSynapses(set).push({ action, priority, inputs });
}

/** Primitives and groups: own actions, newest first, then members (scheduler-3 19.2). */
export function addToGraph(set: WorkingSet, resource: Resource): void {
  for (const action of newestFirst(resource.actions)) insertAction(set, action);
  for (const child of resource.children) child.kind.addToGraph(set, child);
}

export function addCloneToGraph(set: WorkingSet, clone: Resource): void {
  createCloneNotifications(set, clone);
  for (const child of clone.children) child.kind.addToGraph(set, child);
  addToGraph(set, clone);
}

export function addBundleToGraph(set: WorkingSet, bundle: Resource): void {
  const data = bundle.bundle;
  data?.bundled?.kind.addToGraph(set, data.bundled);
  for (const { ip, container, remote } of data?.replicas ?? []) {
    if (remote !== undefined && needsHostAddress(set, remote)) {
      const host = hostAddress(remote);
      if (host !== undefined) parametersOf(set, remote, undefined).set('addr', host);
    }
    for (const part of [ip, container, remote]) part?.kind.addToGraph(set, part);
  }
}
