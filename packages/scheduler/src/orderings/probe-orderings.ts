import { findAll, resourceActions } from '../actions/create.ts';
import { type Action, ActionFlag, Order, type Ordering, type Relation } from '../model/action.ts';
import { primitivesOf, type Resource, topOf } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { compatibleInstance, interleaves } from '../placement/instances.ts';
import { relate } from './relate.ts';

/** What has to wait for probes because of what probes may find (scheduler-3 8.5). */
export function orderProbes(set: WorkingSet): void {
  for (const top of set.resources) {
    for (const primitive of primitivesOf(top)) orderAfterProbes(set, primitive);
  }
  const count = set.orderings.length;
  for (let at = 0; at < count; at += 1) orderLikeStop(set.orderings[at] as Ordering);
}

function orderAfterProbes(set: WorkingSet, primitive: Resource): void {
  for (const probe of resourceActions(primitive, undefined, 'monitor', false)) {
    for (let at = probe.after.length - 1; at >= 0; at -= 1) {
      const relation = probe.after[at] as Relation;
      orderStarts(probe, relation);
      const visited: Action[] = [];
      orderRestarts(set, probe, relation.action, visited);
      for (const action of visited) action.clear(ActionFlag.visiting);
    }
  }
}

/** A probe that can't be run blocks the starts of a clone's inactive instances. */
function orderStarts(probe: Action, relation: Relation): void {
  const then = relation.action;
  const resource = then.resource;
  if (resource === undefined || resource.variant === 'primitive' || resource.variant === 'group') return;
  if (probe.runnable || (relation.flags & Order.firstBlocks) !== 0) return;
  if (probe.resource === undefined || topOf(probe.resource) !== resource || then.task !== 'start') return;
  for (let at = then.after.length - 1; at >= 0; at -= 1) {
    const { action } = then.after[at] as Relation;
    const own = action.resource;
    if (own === undefined || own.activeNodes.length > 0 || topOf(own) !== resource || action.task !== 'start') continue;
    relate(probe, action, Order.seq | Order.firstBlocks);
  }
}

function orderRestarts(set: WorkingSet, probe: Action, then: Action, visited: Action[]): void {
  const own = probe.resource;
  if (own?.variant !== 'primitive' || probe.task !== 'monitor' || then.has(ActionFlag.visiting)) return;
  then.set(ActionFlag.visiting);
  visited.push(then);
  const resource = then.resource;
  if (resource?.variant === 'primitive' && resource !== own) orderBeforeDown(probe, then, resource);
  let pairs = false;
  let partner: Resource | undefined;
  if (resource !== undefined && (resource.variant === 'clone' || resource.variant === 'bundle')) {
    pairs = interleaves(resource);
    if (pairs) partner = compatibleInstance(set, own, resource, Role.unknown, false);
  }
  for (let at = then.after.length - 1; at >= 0; at -= 1) {
    const relation = then.after[at] as Relation;
    if ((relation.flags & Order.firstReqThen) === 0) {
      if (!isOwnMember(own, resource, relation.action.resource)) continue;
      if (pairs && relation.action.resource !== partner) continue;
    }
    orderRestarts(set, probe, relation.action, visited);
  }
}

function orderBeforeDown(probe: Action, then: Action, resource: Resource): void {
  const down = then.task === 'start' ? 'stop' : then.task === 'promote' ? 'demote' : undefined;
  if (down === undefined) return;
  for (const action of resourceActions(resource, undefined, down, false)) {
    if (!action.pseudo) relate(probe, action, Order.seq);
  }
}

function isOwnMember(own: Resource, collective: Resource | undefined, member: Resource | undefined): boolean {
  if (collective === undefined || collective.variant === 'primitive' || own.parent === collective) return false;
  if (member === undefined || (member.variant !== 'primitive' && member.variant !== 'group')) return false;
  return member.parent === collective;
}

/** A probe goes before what would have to wait for the resource's stop. */
function orderLikeStop(ordering: Ordering): void {
  const { resource1: first, resource2: then, action1, action2, key1, key2 } = ordering;
  if (ordering.flags === 0 || first === undefined || first === then) return;
  if ((action1 === undefined && key1 === undefined) || (action2 === undefined && key2 === undefined)) return;
  if (!(action1?.task === 'stop' || (action1 === undefined && key1?.endsWith('_stop_0') === true))) return;
  const stops = action2?.task === 'stop' || (action2 === undefined && key2?.endsWith('_stop_0') === true);
  if (then !== undefined && first.launcher === then && stops) return;
  let flags: number = Order.seq | (ordering.flags & (Order.ifFirstUnmig | Order.sameNode));
  if (ordering.flags === Order.reqSameNode || ordering.flags === Order.loadTarget) ({ flags } = ordering);
  const probes = resourceActions(first, undefined, 'monitor', false);
  if (probes.length === 0) return;
  const actions = action2 !== undefined ? [action2] : then === undefined ? [] : findAll(then, key2 ?? '', undefined);
  for (const probe of probes) {
    for (const action of actions) if (!skipsProbe(probe, action)) relate(probe, action, flags);
  }
}

function skipsProbe(probe: Action, then: Action): boolean {
  if (then.task === 'stonith') return then.meta.get('stonith_action') === 'on' && then.node === probe.node;
  if (then.task !== 'do_shutdown') return false;
  return probe.node !== undefined && then.node !== undefined && probe.node !== then.node;
}
