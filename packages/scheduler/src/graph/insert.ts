import { type Element, element } from '@sanode/xml';
import { parametersOf } from '../inputs/parameters.ts';
import { type Action, ActionFlag, type Relation } from '../model/action.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { newestFirst } from '../orderings/apply.ts';
import { hostAddress, needsHostAddress } from '../status/digests.ts';
import { actionElement } from './action-element.ts';
import { belongsInGraph, belongsInInputs } from './inputs.ts';
import { createCloneNotifications } from './notification-actions.ts';

/** The synapses of the graph that is being made. */
const synapsesOf = new WeakMap<WorkingSet, Element[]>();

export function graphSynapses(set: WorkingSet): Element[] {
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
  const sorted = newestFirst(action.before).sort((a, b) => a.action.id - b.action.id);
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

/** Inserts an action that belongs there into the graph. */
export function insertAction(set: WorkingSet, action: Action): void {
  dedupeInputs(action);
  if (action.has(ActionFlag.inGraph) || !belongsInGraph(action)) return;
  action.set(ActionFlag.inGraph);
  const synapses = graphSynapses(set);
  const priority =
    action.resource === undefined ? action.priority : Math.max(action.resource.priority, action.priority);
  const triggers: Element[] = [];
  const details = actionElement(set, action, true);
  for (const relation of action.before) {
    if (!belongsInInputs(action, relation)) continue;
    relation.graphed = true;
    relation.action.trigger ??= element('trigger', {}, [actionElement(set, relation.action, false)]);
    triggers.push(relation.action.trigger);
  }
  synapses.push(
    element('synapse', { id: synapses.length, priority: priority > 0 ? priority : undefined }, [
      element('action_set', {}, [details]),
      element('inputs', {}, triggers),
    ]),
  );
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
