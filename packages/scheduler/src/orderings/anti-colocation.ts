import { Order } from '../model/action.ts';
import type { Colocation } from '../model/constraint.ts';
import type { Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { orderTasks } from './ordering.ts';

/** What must not share a node stops there before the other starts there (scheduler-3 13.7). */
export function orderAntiColocated(set: WorkingSet, colocation: Colocation): void {
  const { dependent, dependentRole, primary, primaryRole } = colocation;
  orderOneWay(set, dependent, dependentRole, primary, primaryRole);
  orderOneWay(set, primary, primaryRole, dependent, dependentRole);
}

function orderOneWay(set: WorkingSet, first: Resource, firstRole: Role, then: Resource, thenRole: Role): void {
  const firstTasks = firstRole === Role.promoted ? ['demote'] : ['stop'];
  if (firstRole === Role.unpromoted) firstTasks.push('promote');
  const thenTasks = thenRole === Role.promoted ? ['promote'] : ['start'];
  if (thenRole === Role.unpromoted) thenTasks.push('demote');
  for (const firstTask of firstTasks) {
    for (const thenTask of thenTasks) orderTasks(set, first, firstTask, then, thenTask, Order.reqSameNode);
  }
}
