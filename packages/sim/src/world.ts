import { SimRandom } from './random.ts';

/** A scheduled event that can be taken back. */
export interface Scheduled {
  cancel(): void;
}

class SimEvent implements Scheduled {
  readonly atMs: number;
  readonly order: number;
  action: (() => void) | undefined;

  constructor(atMs: number, order: number, action: () => void) {
    this.atMs = atMs;
    this.order = order;
    this.action = action;
  }

  cancel(): void {
    this.action = undefined;
  }
}

/** Virtual time: events in order of their time, then of their making. Everything random comes from one seed. */
export class SimWorld {
  readonly seed: number;
  readonly random: SimRandom;
  readonly #heap: SimEvent[] = [];
  readonly #trace: ((line: string) => void) | undefined;
  #nowMs = 0;
  #order = 0;

  /** @param trace is given a line for whatever happens; absent: no tracing */
  constructor(seed: number, trace?: (line: string) => void) {
    this.seed = seed;
    this.random = new SimRandom(seed);
    this.#trace = trace;
  }

  /** Virtual milliseconds since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Whether somebody reads the trace. */
  get traced(): boolean {
    return this.#trace !== undefined;
  }

  /** Writes a line to the trace. The text is only made when somebody reads it. */
  trace(text: () => string): void {
    this.#trace?.(`${this.#nowMs.toFixed(3).padStart(11)} ${text()}`);
  }

  /** Does `action` at `delayMs` (>= 0) from now. */
  after(delayMs: number, action: () => void): Scheduled {
    const event = new SimEvent(this.#nowMs + Math.max(0, delayMs), this.#order, action);
    this.#order += 1;
    this.#push(event);
    return event;
  }

  /** Lets time pass until `untilMs`. */
  run(untilMs: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; next = this.#heap[0]) this.#step(next);
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Lets time pass until `done` says so after an event, or until `untilMs`. @returns whether `done` did */
  runUntil(done: () => boolean, untilMs: number): boolean {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; next = this.#heap[0]) {
      if (this.#step(next) && done()) return true;
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
    return false;
  }

  /** @returns false when the event had been taken back */
  #step(event: SimEvent): boolean {
    this.#pop();
    this.#nowMs = event.atMs;
    if (event.action === undefined) return false;
    event.action();
    return true;
  }

  #push(event: SimEvent): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(event, heap[parent] as SimEvent)) break;
      heap[index] = heap[parent] as SimEvent;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as SimEvent, heap[child] as SimEvent)) child += 1;
      if (!before(heap[child] as SimEvent, last)) break;
      heap[index] = heap[child] as SimEvent;
      index = child;
    }
    heap[index] = last;
  }
}

function before(a: SimEvent, b: SimEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
