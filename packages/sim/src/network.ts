import type { SimWorld } from './world.ts';

/** What a network does to datagrams. Probabilities 0..1, times in ms. */
export interface NetworkFaults {
  readonly loss: number;
  readonly duplication: number;
  /** Share of datagrams that may overtake or be overtaken. */
  readonly reordering: number;
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
}

/** A quiet LAN. */
export const CALM: NetworkFaults = { loss: 0, duplication: 0, reordering: 0, delayMinMs: 0.05, delayMaxMs: 0.3 };

/** Node ids are below this, so that a link is one number. */
const NODE_LIMIT = 65_536;

type Receiver = (from: number, packet: Buffer) => void;

/** Datagrams between numbered nodes (ids 0..65535). Each direction keeps its order, but for the faults. */
export class SimNetwork {
  readonly #world: SimWorld;
  readonly #receivers = new Map<number, Receiver>();
  readonly #cuts = new Set<number>();
  readonly #lastArrivalMs = new Map<number, number>();
  faults: NetworkFaults = CALM;
  /** Says which datagrams a scenario lets through, on top of the faults; undefined: all. */
  passes: ((from: number, to: number, packet: Buffer) => boolean) | undefined;
  sentCount = 0;
  lostCount = 0;
  /** Datagrams that arrived twice. */
  doubledCount = 0;
  /** Datagrams that arrived before one that was sent earlier on the same link. */
  overtakingCount = 0;

  constructor(world: SimWorld) {
    this.#world = world;
  }

  /** What arrives for `node` goes to `receiver`; undefined: nobody is there. */
  attach(node: number, receiver: Receiver | undefined): void {
    if (receiver === undefined) this.#receivers.delete(node);
    else this.#receivers.set(node, receiver);
  }

  /** Nothing goes from `from` to `to` any more; the other direction is untouched. */
  cut(from: number, to: number): void {
    this.#cuts.add(from * NODE_LIMIT + to);
  }

  /** All cables are plugged in again. */
  healAll(): void {
    this.#cuts.clear();
  }

  /** Sends a copy of `packet` to one node. */
  send(from: number, to: number, packet: Buffer): void {
    this.#sendCopy(from, to, Buffer.from(packet));
  }

  /** Sends a copy of `packet` to each of some nodes; all are given the same bytes, which nobody may change. */
  multicast(from: number, to: readonly number[], packet: Buffer): void {
    const copy = Buffer.from(packet);
    for (const node of to) this.#sendCopy(from, node, copy);
  }

  #sendCopy(from: number, to: number, packet: Buffer): void {
    this.sentCount += 1;
    const link = from * NODE_LIMIT + to;
    const { random } = this.#world;
    const { loss, duplication } = this.faults;
    const cut = this.#cuts.size > 0 && this.#cuts.has(link);
    if (cut || this.passes?.(from, to, packet) === false || (loss > 0 && random.chance(loss))) {
      this.lostCount += 1;
      return;
    }
    this.#deliver(link, from, to, packet);
    if (duplication > 0 && random.chance(duplication)) {
      this.doubledCount += 1;
      this.#deliver(link, from, to, packet);
    }
  }

  #deliver(link: number, from: number, to: number, packet: Buffer): void {
    const { random, nowMs } = this.#world;
    const { reordering, delayMinMs, delayMaxMs } = this.faults;
    const lastMs = this.#lastArrivalMs.get(link) ?? 0;
    let arrivalMs = nowMs + random.between(delayMinMs, delayMaxMs);
    if (reordering > 0 && random.chance(reordering)) {
      if (arrivalMs < lastMs) this.overtakingCount += 1;
    } else {
      if (arrivalMs < lastMs) arrivalMs = lastMs;
      this.#lastArrivalMs.set(link, arrivalMs);
    }
    this.#world.after(arrivalMs - nowMs, () => this.#receivers.get(to)?.(from, packet));
  }
}
