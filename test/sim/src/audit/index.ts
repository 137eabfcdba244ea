import { type ConfigurationChange, formatRingId } from '@sanode/totem';
import { AgreedOrder } from './agreed-order.ts';
import { DeliveryAudit } from './delivery-audit.ts';
import { invariant } from './invariant-error.ts';
import { checkCompanions, checkLists } from './memberships.ts';
import { type RingRecord, Rings } from './rings.ts';
import { messageKey, type Run, Runs } from './run.ts';
import { WireAudit } from './wire-audit.ts';

export { InvariantError, invariant } from './invariant-error.ts';
export type { Run } from './run.ts';

/** Numbers from here on name changes of process groups instead of messages. */
const GROUP_CHANGES_FROM = 2 ** 31;
const GUEST_PIDS_FROM = 100_000;

/**
 * Watches a simulated cluster all the time (design.md, what must always hold, 5 and 12). Every method throws an
 * InvariantError at the very event that breaks a rule.
 */
export class Audit {
  readonly runs = new Runs();
  readonly rings = new Rings();
  readonly wire = new WireAudit(this.rings);
  /** Messages of the ring. */
  readonly ring = new DeliveryAudit(this.runs, (ring) => ring.order);
  /** Messages and changes of a process group. */
  readonly cpg = new DeliveryAudit(this.runs, (ring) => this.#cpgOrder(ring));
  readonly #cpgOrders = new Map<RingRecord, AgreedOrder>();
  readonly #steps = new Map<Run, { ring: RingRecord | undefined; transitional: ConfigurationChange | undefined }>();
  readonly #groupChanges = new Map<string, number>();
  #guests = 0;
  /** Transitional configurations of more than one node. */
  sharedTransitions = 0;

  start(node: number): Run {
    const run = this.runs.start(node);
    this.ring.start(run, true);
    this.cpg.start(run, false);
    this.#steps.set(run, { ring: undefined, transitional: undefined });
    return run;
  }

  /** The ring handed up a configuration. */
  changed(run: Run, change: ConfigurationChange): void {
    const step = this.#steps.get(run);
    invariant(step !== undefined, () => `${run.name} was never started`);
    const name = formatRingId(change.ringId);
    if (change.type === 'transitional') {
      invariant(step.transitional === undefined, () => `${run.name} has two transitional configurations in a row`);
      step.transitional = change;
      if (change.members.length > 1) this.sharedTransitions += 1;
      this.ring.transition(run, change);
      this.cpg.transition(run, change);
      return;
    }
    const { transitional, ring: from } = step;
    invariant(transitional !== undefined, () => `${run.name} installed ring ${name} without a transition`);
    invariant(formatRingId(transitional.ringId) === name, () => `${run.name} went to another ring than ${name}`);
    checkLists(run, from, transitional, change);
    const ring = this.rings.installed(run, change);
    checkCompanions(ring, { run, from, transitional: transitional.members });
    this.ring.installed(run, change, ring);
    this.cpg.installed(run, change, ring);
    step.ring = ring;
    step.transitional = undefined;
  }

  /** The services of `run` have come to terms in its ring; all members do so at the same point of the agreed order. */
  synchronized(run: Run, agreement: string): void {
    const ring = this.#steps.get(run)?.ring;
    invariant(ring !== undefined, () => `${run.name} synchronized outside of a ring`);
    if (ring.ambiguous) return;
    ring.agreement ??= agreement;
    invariant(ring.agreement === agreement, () => {
      return `in ring ${ring.name} the services agreed on "${ring.agreement}", but at ${run.name} on "${agreement}"`;
    });
  }

  /** Process ids of programs that come and go. */
  nextGuestPid(): number {
    this.#guests += 1;
    return GUEST_PIDS_FROM + this.#guests;
  }

  /** A process group changed by a message of node `cause`. @param text what changed; it names nothing else */
  groupChanged(run: Run, cause: number, text: string): void {
    let key = this.#groupChanges.get(text);
    if (key === undefined) {
      key = messageKey(this.runs.of(cause), GROUP_CHANGES_FROM + this.#groupChanges.size);
      this.#groupChanges.set(text, key);
    }
    this.cpg.event(run, key);
  }

  #cpgOrder(ring: RingRecord): AgreedOrder {
    let order = this.#cpgOrders.get(ring);
    if (order === undefined) {
      order = new AgreedOrder();
      this.#cpgOrders.set(ring, order);
    }
    return order;
  }
}
