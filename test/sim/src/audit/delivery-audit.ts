import type { ConfigurationChange } from '@sanode/totem';
import type { AgreedOrder } from './agreed-order.ts';
import { invariant } from './invariant-error.ts';
import type { RingRecord } from './rings.ts';
import { messageKey, numberOf, type Run, type Runs } from './run.ts';

/** What a run received from one regular configuration up to the next. */
interface Stretch {
  readonly run: Run;
  readonly ring: RingRecord;
  /** In the regular configuration, and in the transitional one after it. */
  readonly regular: number[];
  readonly transitional: number[];
  inTransition: boolean;
  /** Members that were met in this ring or one shortly before, and of which no message has come yet. */
  readonly strangers: Set<number>;
  /** It was here from the ring's beginning. */
  readonly whole: boolean;
  last: number;
}

interface RunState {
  readonly run: Run;
  sentCount: number;
  /** By the sender's index: number of its last message. */
  readonly last: Map<number, number>;
  /** Senders that have been here since their last message. */
  readonly steady: Set<number>;
  stretch: Stretch | undefined;
  companions: readonly number[];
  present: boolean;
}

/**
 * Extended virtual synchrony, checked as messages come: nothing is invented or comes twice, each sender's messages come
 * in order and without a gap, all nodes have one order, and nodes that go on together have received the same messages
 * in the same configurations.
 */
export class DeliveryAudit {
  readonly #runs: Runs;
  readonly #states = new Map<Run, RunState>();
  /** Stretches that ended, by the ring they ended in. */
  readonly #ended = new Map<RingRecord, Stretch[]>();
  readonly #orders: (ring: RingRecord) => AgreedOrder;
  /** Messages that came in a transitional configuration. */
  transitionalCount = 0;
  /** Pairs of runs that went on together and were compared. */
  comparedCount = 0;
  /** Beginnings that a newcomer missed (see `#firstUnexcused`). */
  excusedCount = 0;

  constructor(runs: Runs, orders: (ring: RingRecord) => AgreedOrder) {
    this.#runs = runs;
    this.#orders = orders;
  }

  /** @param present whether the run receives messages from its first ring on; else from `join` on */
  start(run: Run, present: boolean): void {
    this.#states.set(run, {
      run,
      sentCount: 0,
      last: new Map(),
      steady: new Set(),
      stretch: undefined,
      companions: [],
      present,
    });
  }

  /** The run receives messages from now on. */
  join(run: Run): void {
    this.#state(run).present = true;
  }

  /** The number that the run's next message is to have. */
  nextNumber(run: Run): number {
    return this.#state(run).sentCount;
  }

  sent(run: Run): void {
    this.#state(run).sentCount += 1;
  }

  /** A message came. */
  delivered(run: Run, sender: Run, number: number): void {
    const state = this.#state(run);
    const name = (): string => this.#runs.nameOf(messageKey(sender, number));
    invariant(number < this.#state(sender).sentCount, () => `${run.name} received ${name()}, which nobody sent`);
    const before = state.last.get(sender.index);
    if (before !== undefined) {
      invariant(number > before, () => `${run.name} received ${name()} twice, or after number ${before}`);
      const gap = number !== before + 1 && state.steady.has(sender.index);
      invariant(!gap, () => `${run.name} received ${name()} after number ${before}`);
    }
    state.last.set(sender.index, number);
    state.steady.add(sender.index);
    this.event(run, messageKey(sender, number));
  }

  /** Something that has a place in the agreed order came: a message, or a change of a group. */
  event(run: Run, key: number): void {
    const { stretch } = this.#state(run);
    if (stretch === undefined) return;
    if (stretch.inTransition) {
      stretch.transitional.push(key);
      this.transitionalCount += 1;
    } else stretch.regular.push(key);
    const { ring } = stretch;
    const fits = ring.ambiguous || this.#orders(ring).add(stretch.last, key);
    invariant(fits, () => `in ring ${ring.name} ${run.name} received ${this.#runs.nameOf(key)} in another order`);
    stretch.last = key;
  }

  /** Whether changes of groups that come now have a place in the agreed order. */
  inTransition(run: Run): boolean {
    return this.#state(run).stretch?.inTransition === true;
  }

  transition(run: Run, change: ConfigurationChange): void {
    const state = this.#state(run);
    state.companions = change.members;
    for (const index of state.steady) {
      if (!change.members.includes(this.#runs.byIndex(index).node)) state.steady.delete(index);
    }
    if (state.stretch !== undefined) state.stretch.inTransition = true;
  }

  /** @returns the stretch that ended was compared with so many others */
  installed(run: Run, change: ConfigurationChange, ring: RingRecord): void {
    const state = this.#state(run);
    const ended = state.stretch;
    const strangers = new Set<number>();
    const heard = new Set<number>();
    for (const key of [...(ended?.regular ?? []), ...(ended?.transitional ?? [])]) {
      heard.add(this.#runs.senderOf(key).node);
    }
    for (const node of change.members) {
      const known = state.companions.includes(node) && !(ended?.strangers.has(node) === true && !heard.has(node));
      if (!known) strangers.add(node);
    }
    if (ended?.whole === true) this.#compareWithOthers(ended, state.companions, ring);
    state.stretch = {
      run,
      ring,
      regular: [],
      transitional: [],
      inTransition: false,
      strangers,
      whole: state.present,
      last: 0,
    };
  }

  /** Numbers of the run's own messages that it has not received. */
  ownMissing(run: Run): number {
    const { sentCount, last } = this.#state(run);
    return sentCount - 1 - (last.get(run.index) ?? -1);
  }

  /** The run's last message that `at` received; -1: none. */
  lastReceived(at: Run, sender: Run): number {
    return this.#state(at).last.get(sender.index) ?? -1;
  }

  #compareWithOthers(stretch: Stretch, companions: readonly number[], next: RingRecord): void {
    const others = this.#ended.get(next) ?? [];
    for (const other of others) {
      if (other.ring !== stretch.ring || !companions.includes(other.run.node)) continue;
      if (stretch.ring.ambiguous || next.ambiguous) continue;
      this.comparedCount += 1;
      this.#compare(stretch, other);
    }
    others.push(stretch);
    this.#ended.set(next, others);
  }

  #compare(a: Stretch, b: Stretch): void {
    if (sameLists(a.regular, b.regular) && sameLists(a.transitional, b.transitional)) return;
    const missing = this.#firstUnexcused(a, b) ?? this.#firstUnexcused(b, a);
    invariant(missing === undefined, () => {
      const who = `${a.run.name} and ${b.run.name}`;
      const what = missing === undefined ? '' : this.#runs.nameOf(missing);
      return `in ring ${a.ring.name} ${who} went on together, but did not both receive ${what} in one configuration`;
    });
    this.excusedCount += 1;
  }

  /**
   * The first message of `has` that `lacks` should have received too, in the same configuration. Excused: what a sender
   * began to send before it and `lacks` met. Messages are cut in pieces; who did not see the first piece drops
   * everything up to the next packet that ends with a whole message (totem.md 10.4). It is always the beginning of what
   * that sender sent.
   */
  #firstUnexcused(has: Stretch, lacks: Stretch): number | undefined {
    return (
      this.#unexcusedIn(has.regular, lacks.regular, lacks) ??
      this.#unexcusedIn(has.transitional, lacks.transitional, lacks)
    );
  }

  #unexcusedIn(has: readonly number[], lacking: readonly number[], lacks: Stretch): number | undefined {
    const there = new Set(lacking);
    return has.find((key) => {
      if (there.has(key)) return false;
      const sender = this.#runs.senderOf(key);
      if (!lacks.strangers.has(sender.node) || lacks.run === sender) return true;
      const earlier = (other: number): boolean =>
        this.#runs.senderOf(other) === sender && numberOf(other) < numberOf(key);
      return lacks.regular.some(earlier) || lacks.transitional.some(earlier);
    });
  }

  #state(run: Run): RunState {
    return this.#states.get(run) as RunState;
  }
}

function sameLists(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
