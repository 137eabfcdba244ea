import { integerOr, toSeconds } from '@sanode/rules';
import { attr } from '@sanode/xml';
import { clearFailCount } from '../actions/create.ts';
import { fencingAction } from '../actions/fence-node.ts';
import { findNode } from '../inputs/nodes.ts';
import { Order } from '../model/action.ts';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { offerRecheck, type WorkingSet } from '../model/working-set.ts';
import { relate } from '../orderings/relate.ts';
import { compareDigests, needsHostAddress } from './digests.ts';
import { type Entry, OpStatus, Rc } from './entry.ts';
import { failCount } from './fail-counts.ts';

function nowSeconds(set: WorkingSet): number {
  return Math.floor(set.nowMs / 1000);
}

/** Whether an entry's failure does not count any more; clears fail counts that have gone with it (scheduler-1 8.6 A). */
export function isExpired(set: WorkingSet, resource: Resource, node: ClusterNode, entry: Entry): boolean {
  if (entry.status === OpStatus.notInstalled) return false;
  let expired = false;
  let reason: string | undefined;
  const change = attr(entry.xml, 'last-rc-change');
  const expiration = toSeconds(resource.failureExpirationMs);
  if (expiration > 0 && change !== undefined) {
    const since = integerOr(change, 0);
    expired = nowSeconds(set) >= since + expiration && !ignoresTimeout(set, resource, entry);
    const effective = failCount(set, resource, node, { effective: true, launched: false, entry: entry.xml });
    if (effective.count !== 0 && nowSeconds(set) < effective.last + expiration + 1) {
      offerRecheck(set, effective.last + expiration + 1);
    }
    if (
      expired &&
      failCount(set, resource, node, { effective: false, launched: false, entry: entry.xml }).count !== 0
    ) {
      if (effective.count === 0) reason = 'it expired';
      else expired = false;
    } else if (expired && isLastFailure(entry) && resource.remoteReconnectMs > 0) {
      reason = 'reconnect interval is set';
    }
  }
  if (!expired && isLastFailure(entry) && (entry.task === 'start' || entry.task === 'monitor')) {
    reason = changedParameters(set, resource, node, entry) ?? reason;
  }
  if (reason !== undefined) clearExpired(set, resource, node);
  const found: readonly number[] = [Rc.ok, Rc.notRunning, Rc.promoted, Rc.degraded, Rc.degradedPromoted];
  return expired && !(entry.isProbe && found.includes(entry.originalCode));
}

function isLastFailure(entry: Entry): boolean {
  return entry.id.endsWith('_last_failure_0');
}

function ignoresTimeout(set: WorkingSet, resource: Resource, entry: Entry): boolean {
  if (resource.remoteReconnectMs <= 0 || !set.options.fencingEnabled) return false;
  if (entry.intervalMs === 0 || entry.task !== 'monitor') return false;
  const remote = findNode(set, resource.id);
  return remote !== undefined && !remote.remoteFenced;
}

function changedParameters(set: WorkingSet, resource: Resource, node: ClusterNode, entry: Entry): string | undefined {
  if (needsHostAddress(set, resource)) {
    set.deferredChecks.push({ kind: 'last-failure', resource, node, entry: entry.xml });
    return undefined;
  }
  const { verdict } = compareDigests(set, resource, node, entry.xml, entry.task, entry.intervalMs);
  return verdict === 'match' || verdict === 'unknown' ? undefined : 'resource parameters have changed';
}

function clearExpired(set: WorkingSet, resource: Resource, node: ClusterNode): void {
  const action = clearFailCount(set, resource, node);
  if (!set.options.fencingEnabled || resource.remoteReconnectMs <= 0) return;
  const remote = findNode(set, resource.id);
  if (remote === undefined) return;
  relate(fencingAction(set, remote, undefined, true, undefined, false), action, Order.firstReqThen);
}
