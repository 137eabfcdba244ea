import { integerOr, isTrue } from '@sanode/rules';
import { attr, childElements, type Element } from '@sanode/xml';
import type { Ticket } from '../model/constraint.ts';
import type { WorkingSet } from '../model/working-set.ts';

/** Reads the tickets' state (scheduler-1 12). */
export function unpackTicketState(set: WorkingSet, tickets: Element): void {
  for (const state of childElements(tickets, 'ticket_state')) {
    const id = attr(state, 'id');
    if (id === undefined || id === '') continue;
    const ticket = findOrCreateTicket(set, id);
    for (const [name, value] of state.attributes) if (name !== 'id') ticket.state.set(name, value);
    ticket.granted = isTrue(attr(state, 'granted'));
    ticket.standby = isTrue(attr(state, 'standby'));
    const last = attr(state, 'last-granted');
    ticket.lastGranted = last === undefined ? -1 : integerOr(last, 0);
  }
}

/** The ticket of an id; an unknown one is not granted. */
export function findOrCreateTicket(set: WorkingSet, id: string): Ticket {
  const known = set.tickets.get(id);
  if (known !== undefined) return known;
  const ticket: Ticket = { id, granted: false, standby: false, lastGranted: -1, state: new Map() };
  set.tickets.set(id, ticket);
  return ticket;
}
