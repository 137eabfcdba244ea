import { integerOr, readableInterval } from '@sanode/rules';
import { attr, childElements, descend, type Element } from '@sanode/xml';
import { findOperation } from '../inputs/operations.ts';
import { ActionFlag, Order } from '../model/action.ts';
import type { ClusterNode } from '../model/node.ts';
import { isAnonymousClone, type Resource, topOf, withDescendants } from '../model/resource.ts';
import { type DeferredCheck, notice, type WorkingSet } from '../model/working-set.ts';
import { addOrdering, task } from '../orderings/ordering.ts';
import { isAvailable } from '../placement/nodes.ts';
import { compareDigests, needsHostAddress } from '../status/digests.ts';
import { sortEntries, startStopIndex } from '../status/entry.ts';
import { effectiveFailCount } from '../status/fail-counts.ts';
import { scheduleCancel } from './cancel.ts';
import { clearFailCount, createAction, resourceAction } from './create.ts';
import { operationKey } from './keys.ts';
import { triggerUnfencing } from './unfencing.ts';

/** Compares all histories with the configuration: what has to be restarted, reloaded, cancelled (scheduler-3 4). */
export function checkConfigChanges(set: WorkingSet): void {
  const byName = resourcesByHistoryName(set);
  for (const node of set.nodes) {
    if (!node.maintenance && !isAvailable(node.entry, false, false)) continue;
    const state = set.index.nodeStates.find((xml) => attr(xml, 'uname') === node.name);
    const section = state === undefined ? undefined : descend(state, 'lrm', 'lrm_resources');
    for (const history of section === undefined ? [] : childElements(section, 'lrm_resource')) {
      if (childElements(history).length === 0) continue;
      for (const resource of byName.get(attr(history, 'id') ?? '') ?? []) {
        if (resource.variant === 'primitive') checkResource(set, resource, node, history);
      }
    }
  }
}

/** Resources by id and by history id, the last found first. */
function resourcesByHistoryName(set: WorkingSet): Map<string, Resource[]> {
  const byName = new Map<string, Resource[]>();
  const add = (name: string, resource: Resource) => {
    const list = byName.get(name);
    if (list === undefined) byName.set(name, [resource]);
    else list.unshift(resource);
  };
  for (const top of set.resources) {
    for (const each of withDescendants(top)) {
      add(each.id, each);
      if (each.historyId !== undefined && each.historyId !== each.id) add(each.historyId, each);
    }
  }
  return byName;
}

function checkResource(set: WorkingSet, resource: Resource, node: ClusterNode, history: Element): void {
  if (resource.removed) {
    if (!isAnonymousClone(topOf(resource))) scheduleCleanUp(set, resource, node, false);
    return;
  }
  const active = resource.activeNodes.includes(node);
  if (agentChanged(set, resource, node, history, active)) scheduleCleanUp(set, resource, node, false);
  if (!active) return;
  const sorted = sortEntries(childElements(history, 'lrm_rsc_op').map((xml) => set.rescheduledEntries.get(xml) ?? xml));
  const { start, stop } = startStopIndex(sorted);
  if (start < stop) return;
  for (const [at, entry] of sorted.entries()) if (at >= start) checkEntry(set, resource, node, entry);
}

function checkEntry(set: WorkingSet, resource: Resource, node: ClusterNode, entry: Element): void {
  const name = attr(entry, 'operation') ?? '';
  const intervalMs = Math.max(0, integerOr(attr(entry, 'interval'), 0));
  if (intervalMs > 0 && (resource.maintenance || node.maintenance)) {
    scheduleCancel(set, resource, name, intervalMs, node, attr(entry, 'call-id'));
    return;
  }
  const compared = ['monitor', 'start', 'promote', 'migrate_from'].includes(name.toLowerCase());
  if (intervalMs === 0 && !compared) return;
  if (needsHostAddress(set, resource)) {
    set.deferredChecks.push({ kind: 'active', resource, node, entry });
  } else {
    checkActive(set, resource, node, entry);
  }
}

function checkActive(set: WorkingSet, resource: Resource, node: ClusterNode, entry: Element): void {
  if (operationChanged(set, resource, node, entry) && effectiveFailCount(set, resource, node) > 0) {
    clearFailCount(set, resource, node);
  }
}

/** The checks that had to wait for bundles' containers to be placed, the most recent first (scheduler-3 4.6). */
export function runDeferredChecks(set: WorkingSet): void {
  const checks: DeferredCheck[] = set.deferredChecks.splice(0).reverse();
  for (const { kind, resource, node, entry } of checks) {
    if (kind === 'active') {
      checkActive(set, resource, node, entry);
      continue;
    }
    const name = attr(entry, 'operation') ?? '';
    const intervalMs = Math.max(0, integerOr(attr(entry, 'interval'), 0));
    const { verdict } = compareDigests(set, resource, node, entry, name, intervalMs);
    if (verdict !== 'unknown' && verdict !== 'match') clearFailCount(set, resource, node);
  }
}

function agentChanged(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode,
  history: Element,
  active: boolean,
): boolean {
  let changed = false;
  for (const name of ['type', 'class', 'provider']) {
    if (attr(resource.xml, name) === attr(history, name)) continue;
    changed = true;
    triggerUnfencing(set, resource, node, 'Device definition changed');
  }
  if (changed && active) {
    resourceAction(set, resource, 'stop', node, false);
    resource.startPending = true;
  }
  return changed;
}

/** Has the executor forget a resource (scheduler-3 4.5). */
export function scheduleCleanUp(set: WorkingSet, resource: Resource, node: ClusterNode, optional: boolean): void {
  if (resource.failed || node.unclean || !node.online) return;
  resourceAction(set, resource, 'delete', node, optional);
  const flags = optional ? Order.firstReqThen : Order.seq;
  addOrdering(set, task(resource, 'stop'), task(resource, 'delete'), flags);
  addOrdering(set, task(resource, 'delete'), task(resource, 'start'), flags);
}

/** Whether an operation's definition changed; schedules what has to be done about it (scheduler-3 4.3). */
function operationChanged(set: WorkingSet, resource: Resource, node: ClusterNode, entry: Element): boolean {
  const name = attr(entry, 'operation') ?? '';
  const intervalMs = Math.max(0, integerOr(attr(entry, 'interval'), 0));
  if (intervalMs > 0 && findOperation(resource, name, intervalMs, false) === undefined) {
    if (set.options.cancelRemovedActions) {
      scheduleCancel(set, resource, name, intervalMs, node, attr(entry, 'call-id'));
    }
    return true;
  }
  const { verdict, digests } = compareDigests(set, resource, node, entry, name, intervalMs);
  if (verdict === 'match') return false;
  const secure = attr(entry, 'op-secure-digest');
  if (set.sanitized && secure !== undefined && secure === digests.secure) {
    const magic = attr(entry, 'transition-magic') ?? '';
    const what = `${readableInterval(intervalMs)}-interval ${nameAtStart(name, intervalMs)}`;
    notice(set, `Only 'private' parameters to ${what} for ${resource.id} on ${node.name} changed: ${magic}`);
    return false;
  }
  if (verdict === 'restart') {
    forceRestart(set, resource, node, name, intervalMs);
  } else if (intervalMs > 0) {
    triggerUnfencing(set, resource, node, 'Device parameters changed (reschedule)');
    const key = operationKey(resource.id, name, intervalMs);
    createAction(set, resource, key, name, node, true).set(ActionFlag.reschedule);
  } else if (attr(entry, 'op-restart-digest') !== undefined) {
    triggerUnfencing(set, resource, node, 'Device parameters changed (reload)');
    scheduleReload(set, resource, node);
  } else {
    forceRestart(set, resource, node, name, intervalMs);
  }
  return true;
}

const definitionChange = 'resource definition change';

/** What an operation counts as when it once brought a resource up. */
function nameAtStart(name: string, intervalMs: number): string {
  return intervalMs === 0 && (name === 'monitor' || name === 'migrate_from' || name === 'promote') ? 'start' : name;
}

function forceRestart(set: WorkingSet, resource: Resource, node: ClusterNode, name: string, intervalMs: number): void {
  const used = nameAtStart(name, intervalMs);
  const action = createAction(set, resource, operationKey(resource.id, used, intervalMs), used, undefined, false);
  action.reason = definitionChange;
  triggerUnfencing(set, resource, node, 'Device parameters changed');
}

function scheduleReload(set: WorkingSet, resource: Resource, node: ClusterNode): void {
  if (resource.children.length > 0) {
    for (const child of resource.children) scheduleReload(set, child, node);
    return;
  }
  if (!resource.managed || resource.failed) return;
  if (resource.startPending) {
    resourceAction(set, resource, 'stop', node, false);
    return;
  }
  resource.reload = true;
  const action = resourceAction(set, resource, 'reload-agent', node, false);
  action.reason ??= definitionChange;
  const flags = Order.seq | Order.thenCancelsFirst;
  addOrdering(set, { action }, task(resource, 'stop'), flags);
  addOrdering(set, { action }, task(resource, 'demote'), flags);
}
