import { randomBytes } from 'node:crypto';
import type { CoreHost, Timer } from './host.ts';
import type { Logger } from './log.ts';
import type { Reactor } from './reactor.ts';

/** Settings of a {@link NodeHost}. */
export interface NodeHostOptions {
  /**
   * Count of datagrams or messages received so far. A timer that is late waits, one turn of the event loop after the
   * other, until a turn in which this did not change: after a pause what the peers sent meanwhile is read first.
   */
  receivedCount?: () => number;
}

/** The real host of a core: Node.js timers, clocks and randomness; handlers run in a {@link Reactor}. */
export class NodeHost implements CoreHost {
  readonly log: Logger;
  readonly #reactor: Reactor;
  readonly #receivedCount: (() => number) | undefined;

  constructor(deps: { reactor: Reactor; log: Logger }, options: NodeHostOptions = {}) {
    this.#reactor = deps.reactor;
    this.log = deps.log;
    this.#receivedCount = options.receivedCount;
  }

  monotonicMs(): number {
    return performance.now();
  }

  wallMs(): number {
    return Date.now();
  }

  randomUint32(): number {
    return randomBytes(4).readUInt32LE();
  }

  setTimer(delayMs: number, handler: (lateMs: number) => void): Timer {
    const dueMs = performance.now() + delayMs;
    const toleratedMs = Math.max(20, delayMs / 10);
    let cancelled = false;
    const fire = (): void => {
      if (cancelled) return;
      cancelled = true;
      this.#reactor.enter(() => handler(Math.max(0, performance.now() - dueMs)));
    };
    const timeout = setTimeout(() => {
      if (performance.now() - dueMs > toleratedMs) this.#afterWaitingInput(fire);
      else fire();
    }, delayMs);
    return {
      cancel() {
        cancelled = true;
        clearTimeout(timeout);
      },
    };
  }

  #afterWaitingInput(fire: () => void): void {
    const before = this.#receivedCount?.();
    setImmediate(() => {
      setImmediate(() => {
        if (this.#receivedCount?.() === before) fire();
        else this.#afterWaitingInput(fire);
      });
    });
  }
}
