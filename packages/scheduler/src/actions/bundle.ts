import { addInternalColocation } from '../constraints/colocations.ts';
import { Order } from '../model/action.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { orderTasks } from '../orderings/ordering.ts';
import { infinity } from '../values/scores.ts';
import { createInstancesActions, orderPromotableRestart } from './clone.ts';
import { resourcePseudo } from './create.ts';

/** Creates the actions of a bundle's parts and its own (scheduler-3 11.1). */
export function createBundleActions(set: WorkingSet, bundle: Resource): void {
  const data = bundle.bundle;
  if (data === undefined) return;
  for (const { ip, container, remote } of data.replicas) {
    for (const part of [ip, container, remote]) part?.kind.createActions(set, part);
  }
  createInstancesActions(
    set,
    bundle,
    data.replicas.map((replica) => replica.container),
  );
  const { bundled } = data;
  if (bundled === undefined) return;
  bundled.kind.createActions(set, bundled);
  if (!bundled.promotable) return;
  resourcePseudo(set, bundle, 'promote', true, true);
  resourcePseudo(set, bundle, 'promoted', true, true).priority = infinity;
  resourcePseudo(set, bundle, 'demote', true, true);
  resourcePseudo(set, bundle, 'demoted', true, true).priority = infinity;
}

/** Orderings and colocations of a bundle (scheduler-3 11.2). */
export function bundleConstraints(set: WorkingSet, bundle: Resource): void {
  const data = bundle.bundle;
  if (data === undefined) return;
  for (const { container, child, ip, remote } of data.replicas) {
    container.kind.internalConstraints(set, container);
    orderTasks(set, bundle, 'start', container, 'start', Order.firstBlocks | Order.thenGraphsFirst);
    if (child !== undefined) orderTasks(set, bundle, 'stop', child, 'stop', Order.thenGraphsFirst);
    orderTasks(set, bundle, 'stop', container, 'stop', Order.thenGraphsFirst);
    orderTasks(set, container, 'start', bundle, 'running', Order.firstGraphsThen);
    orderTasks(set, container, 'stop', bundle, 'stopped', Order.firstGraphsThen);
    if (ip !== undefined) {
      ip.kind.internalConstraints(set, ip);
      orderTasks(set, ip, 'start', container, 'start', Order.firstBlocks | Order.guestOk);
      orderTasks(set, container, 'stop', ip, 'stop', Order.thenReqFirst | Order.guestOk);
      addInternalColocation(set, '#ip-with-container', infinity, ip, container);
    }
    remote?.kind.internalConstraints(set, remote);
  }
  const { bundled } = data;
  if (bundled === undefined) return;
  orderTasks(set, bundle, 'start', bundled, 'start', Order.thenGraphsFirst);
  orderTasks(set, bundled, 'running', bundle, 'running', Order.firstGraphsThen);
  orderTasks(set, bundle, 'stop', bundled, 'stop', Order.thenGraphsFirst);
  orderTasks(set, bundled, 'stopped', bundle, 'stopped', Order.firstGraphsThen);
  bundled.kind.internalConstraints(set, bundled);
  if (!bundled.promotable) return;
  orderPromotableRestart(set, bundle);
  orderTasks(set, bundle, 'demote', bundled, 'demote', Order.thenGraphsFirst);
  orderTasks(set, bundled, 'demoted', bundle, 'demoted', Order.firstGraphsThen);
  orderTasks(set, bundle, 'promote', bundled, 'promote', Order.thenGraphsFirst);
  orderTasks(set, bundled, 'promoted', bundle, 'promoted', Order.firstGraphsThen);
}
