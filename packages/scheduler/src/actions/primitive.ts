import { type Action, ActionFlag, Order } from '../model/action.ts';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { relate } from '../orderings/relate.ts';
import { countActive } from '../placement/current-node.ts';
import { resourceAction, resourceActions } from './create.ts';
import { fencingAction } from './fence-node.ts';
import { canMigrate, createMigration } from './migration.ts';
import { createRecurringActions } from './recurring.ts';
import { orderVersusUnfencing } from './unfencing.ts';

/** Intermediate role on the way from one (row) to another (column) (scheduler-3 5.3). */
const steps: readonly (readonly Role[])[] = [
  [Role.unknown, Role.stopped, Role.stopped, Role.stopped, Role.stopped],
  [Role.stopped, Role.stopped, Role.started, Role.unpromoted, Role.unpromoted],
  [Role.stopped, Role.stopped, Role.started, Role.unpromoted, Role.promoted],
  [Role.stopped, Role.stopped, Role.stopped, Role.unpromoted, Role.promoted],
  [Role.stopped, Role.unpromoted, Role.unpromoted, Role.unpromoted, Role.promoted],
];

type Step = 'stop' | 'start' | 'promote' | 'demote' | 'none' | 'error';
/** What takes a resource from one role (row) to the next (column). */
const transitions: readonly (readonly Step[])[] = [
  ['error', 'stop', 'error', 'error', 'error'],
  ['error', 'none', 'start', 'start', 'error'],
  ['error', 'stop', 'none', 'none', 'promote'],
  ['error', 'stop', 'stop', 'none', 'promote'],
  ['error', 'demote', 'demote', 'demote', 'none'],
];

function stepTowards(from: Role, to: Role): Role {
  return steps[from]?.[to] ?? Role.stopped;
}

/** Whether a resource that must stop elsewhere is expected on a node and stays there. */
export function isExpectedNode(resource: Resource, node: ClusterNode | undefined): boolean {
  return (
    resource.stopUnexpected &&
    resource.restarting &&
    resource.nextRole > Role.stopped &&
    node !== undefined &&
    resource.assigned?.node === node
  );
}

/** Creates all that has to be done about a primitive (scheduler-3 5.3). */
export function createPrimitiveActions(set: WorkingSet, resource: Resource): void {
  const assigned = resource.assigned?.node;
  if (resource.nextRole === Role.unknown) {
    resource.nextRole = assigned === undefined ? Role.stopped : Role.started;
  }
  const { node: current, all, clean } = countActive(resource);
  for (const source of resource.danglingMigrationSources) {
    resourceAction(set, resource, 'stop', source, false).set(ActionFlag.migrationAbort);
  }
  const moving =
    current !== undefined && assigned !== undefined && current !== assigned && resource.nextRole >= Role.started;
  const plan = { needStop: moving, needPromote: false, allowMigrate: moving && canMigrate(resource, current) };
  planPartialMigration(resource, plan, { current, all, clean });
  if (resource.startPending) {
    resourceAction(set, resource, 'start', assigned, true).set(ActionFlag.always);
  }
  if (!moving) planRecovery(set, resource, plan, current);
  scheduleRestart(set, resource, current, plan.needStop, plan.needPromote);
  scheduleRoleChange(set, resource);
  createRecurringActions(set, resource);
  if (plan.allowMigrate && current !== undefined && assigned !== undefined) {
    createMigration(set, resource, current, assigned);
  }
}

interface Plan {
  needStop: boolean;
  needPromote: boolean;
  allowMigrate: boolean;
}

function planPartialMigration(
  resource: Resource,
  plan: Plan,
  active: { current: ClusterNode | undefined; all: number; clean: number },
): void {
  const { partialMigrationSource: source, partialMigrationTarget: target } = resource;
  let multiplyActive = false;
  const continues =
    source !== undefined &&
    target !== undefined &&
    plan.allowMigrate &&
    active.all === 2 &&
    active.current === source &&
    resource.assigned?.node === target;
  if (!continues) {
    if (source !== undefined || target !== undefined) {
      plan.needStop = true;
      plan.allowMigrate = false;
      resource.partialMigrationSource = undefined;
      resource.partialMigrationTarget = undefined;
    } else {
      multiplyActive = (resource.needsFencing ? active.all : active.clean) > 1;
    }
  }
  if (!multiplyActive) {
    resource.stopUnexpected = false;
  } else if (resource.multipleActive === 'stop-start') {
    plan.needStop = true;
  } else if (resource.multipleActive === 'stop-unexpected') {
    plan.needStop = true;
    resource.stopUnexpected = true;
  }
}

function planRecovery(set: WorkingSet, resource: Resource, plan: Plan, current: ClusterNode | undefined): void {
  const assigned = resource.assigned?.node;
  if (resource.failed) {
    if (resource.stopIfFailed) plan.needStop = true;
    else if (resource.nextRole === Role.promoted) plan.needPromote = true;
  } else if (resource.blocked) {
    plan.needStop = true;
  } else if (resource.origRole > Role.started && current !== undefined && assigned !== undefined) {
    if (!resourceAction(set, resource, 'start', assigned, true).optional) plan.needStop = true;
  }
}

/** Takes the resource down and up again, optionally unless it has to be (scheduler-3 5.3 step 9). */
function scheduleRestart(
  set: WorkingSet,
  resource: Resource,
  current: ClusterNode | undefined,
  needStop: boolean,
  needPromote: boolean,
): void {
  resource.restarting = true;
  let role = resource.origRole;
  while (role !== Role.stopped) {
    const next = stepTowards(role, Role.stopped);
    if (!takeStep(set, resource, role, next, current, !needStop)) break;
    role = next;
  }
  while (resource.origRole <= resource.nextRole && role !== resource.origRole && !resource.blocked) {
    const next = stepTowards(role, resource.origRole);
    const required = needStop || (next === Role.promoted && needPromote);
    if (!takeStep(set, resource, role, next, resource.assigned?.node, !required)) break;
    role = next;
  }
  resource.restarting = false;
}

function scheduleRoleChange(set: WorkingSet, resource: Resource): void {
  let role = resource.origRole;
  while (role !== resource.nextRole) {
    const next = stepTowards(role, resource.nextRole);
    if (!takeStep(set, resource, role, next, resource.assigned?.node, false)) break;
    role = next;
  }
}

function takeStep(
  set: WorkingSet,
  resource: Resource,
  from: Role,
  to: Role,
  node: ClusterNode | undefined,
  optional: boolean,
): boolean {
  switch (transitions[from]?.[to]) {
    case 'stop':
      stop(set, resource, optional);
      return true;
    case 'start':
      start(set, resource, node, optional);
      return true;
    case 'promote':
      promote(set, resource, node, optional);
      return true;
    case 'demote':
      demote(set, resource, optional);
      return true;
    case 'error':
      return to !== from;
    default:
      return false;
  }
}

function stop(set: WorkingSet, resource: Resource, wanted: boolean): void {
  let optional = wanted;
  const assigned = resource.assigned?.node;
  for (const node of resource.activeNodes) {
    if (isExpectedNode(resource, node)) continue;
    if (resource.partialMigrationTarget !== undefined) {
      if (node === resource.partialMigrationTarget && node === assigned) continue;
      optional = false;
    }
    const action = resourceAction(set, resource, 'stop', node, optional);
    if (assigned === undefined) action.reason = 'node availability';
    else if (resource.restarting && resource.stopUnexpected) action.reason = 'being multiply active';
    if (!resource.managed) action.clear(ActionFlag.runnable);
    if (resource.needsUnfencing) {
      const unfence = fencingAction(set, node, 'on', true, undefined, false);
      relate(action, unfence, Order.thenReqFirst);
    }
  }
}

function start(set: WorkingSet, resource: Resource, node: ClusterNode | undefined, optional: boolean): void {
  const action = resourceAction(set, resource, 'start', node, true);
  orderVersusUnfencing(set, resource, node, action, Order.firstReqThen);
  if (action.runnable && !optional) action.clear(ActionFlag.optional);
  if (isExpectedNode(resource, node)) action.set(ActionFlag.pseudo);
}

function promote(set: WorkingSet, resource: Resource, node: ClusterNode | undefined, optional: boolean): void {
  const runnable = resourceActions(resource, node, 'start', true).every((action: Action) => action.runnable);
  if (!runnable) {
    for (const action of resourceActions(resource, node, 'promote', true)) action.clear(ActionFlag.runnable);
    return;
  }
  const action = resourceAction(set, resource, 'promote', node, optional);
  if (isExpectedNode(resource, node)) action.set(ActionFlag.pseudo);
}

function demote(set: WorkingSet, resource: Resource, optional: boolean): void {
  for (const node of resource.activeNodes) {
    if (!isExpectedNode(resource, node)) resourceAction(set, resource, 'demote', node, optional);
  }
}
