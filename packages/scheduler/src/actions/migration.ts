import { ActionFlag, Order } from '../model/action.ts';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { orderTasks } from '../orderings/ordering.ts';
import { resourceAction } from './create.ts';

/** Whether a resource can be moved alive from where it is (scheduler-3 7.1). */
export function canMigrate(resource: Resource, current: ClusterNode | undefined): boolean {
  const target = resource.assigned?.node;
  if (!resource.migratable || !resource.managed || resource.failed || resource.startPending) return false;
  return current !== undefined && !current.unclean && target !== undefined && !target.unclean;
}

/** Creates a live migration beside stop and start, which it replaces as long as nothing forbids (scheduler-3 7.2). */
export function createMigration(set: WorkingSet, resource: Resource, current: ClusterNode, target: ClusterNode): void {
  const partial = resource.partialMigrationTarget !== undefined;
  const start = resourceAction(set, resource, 'start', target, true);
  const stop = resourceAction(set, resource, 'stop', current, true);
  const to = partial ? undefined : resourceAction(set, resource, 'migrate_to', current, true);
  const from = resourceAction(set, resource, 'migrate_from', target, true);
  start.set(ActionFlag.migratable | ActionFlag.pseudo);
  stop.set(ActionFlag.migratable);
  from.set(ActionFlag.migratable);
  if (to === undefined) {
    from.needs = start.needs;
    orderTasks(set, resource, 'monitor', resource, 'migrate_from', Order.seq);
  } else {
    to.set(ActionFlag.migratable);
    to.needs = start.needs;
    orderTasks(set, resource, 'monitor', resource, 'migrate_to', Order.seq);
    orderTasks(set, resource, 'migrate_to', resource, 'migrate_from', Order.seq | Order.unmigThenBlocks);
  }
  orderTasks(set, resource, 'migrate_from', resource, 'stop', Order.seq | Order.unmigThenBlocks);
  const replaces = Order.seq | Order.unmigThenBlocks | Order.firstElseThen;
  orderTasks(set, resource, 'migrate_from', resource, 'start', replaces);
  for (const action of [to, from]) {
    action?.meta.set('migrate_source', current.name);
    action?.meta.set('migrate_target', target.name);
  }
  if (!resource.remoteConnection) to?.meta.set('record-pending', 'true');
}
