import { attr, childElements, type Element } from '@sanode/xml';
import { fenceNode } from '../actions/fence-node.ts';
import type { LossPolicy, TicketConstraint } from '../model/constraint.ts';
import { primitivesOf, type Resource } from '../model/resource.ts';
import { parseRole, Role } from '../model/role.ts';
import { configError, type WorkingSet } from '../model/working-set.ts';
import { block } from '../status/running.ts';
import { findOrCreateTicket } from '../status/tickets.ts';
import { infinity } from '../values/scores.ts';
import { banOrAdd } from './ban.ts';
import { expandSets, expandSingle, findConstrained, resourceSets } from './find.ts';

/** Reads an `rsc_ticket` and applies it if the ticket is not there (scheduler-1 12). */
export function unpackTicket(set: WorkingSet, xml: Element): void {
  const ticketId = attr(xml, 'ticket');
  if (ticketId === undefined) {
    configError(set, `Ignoring constraint '${attr(xml, 'id')}': it names no ticket`);
    return;
  }
  findOrCreateTicket(set, ticketId);
  const expanded = expandSets(set, xml) ?? expandSingle(set, xml, 'rsc-role');
  if (expanded === undefined) {
    configError(set, `Ignoring constraint '${attr(xml, 'id')}': '${attr(xml, 'rsc')}' is no resource, template or tag`);
    return;
  }
  const sets = resourceSets(set, expanded);
  for (const resourceSet of sets) {
    for (const reference of childElements(resourceSet, 'resource_ref')) {
      const resource = findConstrained(set, attr(reference, 'id'));
      if (resource === undefined) {
        configError(set, `Constraint '${attr(xml, 'id')}': there is no resource '${attr(reference, 'id')}'`);
        return;
      }
      addTicket(set, xml, ticketId, attr(resourceSet, 'id') ?? '', resource, attr(resourceSet, 'role'));
    }
  }
  if (sets.length > 0) return;
  const resource = findConstrained(set, attr(expanded, 'rsc'));
  if (resource === undefined) {
    configError(set, `Ignoring constraint '${attr(xml, 'id')}': there is no resource '${attr(xml, 'rsc')}'`);
    return;
  }
  addTicket(set, xml, ticketId, attr(xml, 'id') ?? '', resource, attr(expanded, 'rsc-role'));
}

function addTicket(
  set: WorkingSet,
  xml: Element,
  ticketId: string,
  id: string,
  resource: Resource,
  roleText: string | undefined,
): void {
  const parsed = parseRole(roleText);
  if (parsed === undefined) {
    configError(set, `Ignoring constraint '${attr(xml, 'id')}': '${roleText}' is no role`);
    return;
  }
  const role = parsed === Role.started ? Role.unknown : parsed;
  const constraint: TicketConstraint = {
    id,
    ticket: findOrCreateTicket(set, ticketId),
    resource,
    role,
    lossPolicy: lossPolicyOf(set, attr(xml, 'loss-policy'), role),
  };
  resource.tickets.push(constraint);
  if (isMissing(constraint)) {
    for (const primitive of primitivesOf(resource)) applyToPrimitive(set, primitive, constraint);
  }
}

/** Whether what depends on the ticket must do without it. */
export function isMissing(constraint: TicketConstraint): boolean {
  return !constraint.ticket.granted || constraint.ticket.standby;
}

function lossPolicyOf(set: WorkingSet, text: string | undefined, role: Role): LossPolicy {
  switch (text?.toLowerCase()) {
    case 'fence':
      return set.options.fencingEnabled ? 'fence' : 'stop';
    case 'freeze':
      return 'freeze';
    case 'demote':
      return 'demote';
    case 'stop':
      return 'stop';
    default:
      return role === Role.promoted ? 'demote' : 'stop';
  }
}

function applyToPrimitive(set: WorkingSet, resource: Resource, constraint: TicketConstraint): void {
  const { role, lossPolicy, ticket } = constraint;
  const ban = () => banOrAdd(set, resource, 'all', -infinity);
  const roleMatches = role === Role.unknown || role === resource.origRole;
  if (ticket.granted || resource.activeNodes.length === 0) {
    if (role !== Role.promoted || lossPolicy === 'stop') ban();
    return;
  }
  switch (lossPolicy) {
    case 'stop':
      ban();
      break;
    case 'demote':
      if (role !== Role.promoted) ban();
      break;
    case 'fence':
      if (!roleMatches) break;
      ban();
      for (const node of resource.activeNodes) fenceNode(set, node, 'deadman ticket was lost', false);
      break;
    case 'freeze':
      if (roleMatches) block(resource);
      break;
  }
}
