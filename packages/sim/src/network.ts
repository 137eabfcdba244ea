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

/** Datagrams between numbered nodes. Each direction keeps its order, but for the faults. */
export class SimNetwork {
  readonly #world: SimWorld;
  readonly #receivers = new Map<number, (from: number, packet: Buffer) => void>();
  readonly #cuts = new Set<string>();
  readonly #lastArrivalMs = new Map<string, number>();
  faults: NetworkFaults = CALM;
  /** Says which datagrams a scenario lets through, on top of the faults; undefined: all. */
  passes: ((from: number, to: number, packet: Buffer) => boolean) | undefined;
  sentCount = 0;
  lostCount = 0;

  constructor(world: SimWorld) {
    this.#world = world;
  }

  /** What arrives for `node` goes to `receiver`; undefined: nobody is there. */
  attach(node: number, receiver: ((from: number, packet: Buffer) => void) | undefined): void {
    if (receiver === undefined) this.#receivers.delete(node);
    else this.#receivers.set(node, receiver);
  }

  /** Nothing goes from `from` to `to` any more; the other direction is untouched. */
  cut(from: number, to: number): void {
    this.#cuts.add(`${from}>${to}`);
  }

  /** All cables are plugged in again. */
  healAll(): void {
    this.#cuts.clear();
  }

  /** Sends a copy of `packet`. */
  send(from: number, to: number, packet: Buffer): void {
    this.sentCount += 1;
    const link = `${from}>${to}`;
    const { random } = this.#world;
    if (this.#cuts.has(link) || this.passes?.(from, to, packet) === false || random.chance(this.faults.loss)) {
      this.lostCount += 1;
      return;
    }
    const copies = random.chance(this.faults.duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) this.#deliver(link, from, to, Buffer.from(packet));
  }

  #deliver(link: string, from: number, to: number, packet: Buffer): void {
    const { random, nowMs } = this.#world;
    let arrivalMs = nowMs + random.between(this.faults.delayMinMs, this.faults.delayMaxMs);
    if (!random.chance(this.faults.reordering)) {
      arrivalMs = Math.max(arrivalMs, this.#lastArrivalMs.get(link) ?? 0);
      this.#lastArrivalMs.set(link, arrivalMs);
    }
    this.#world.after(arrivalMs - nowMs, () => this.#receivers.get(to)?.(from, packet));
  }
}
