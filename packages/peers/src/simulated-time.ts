import type { CoreHost, Logger, Timer } from '@sanode/runtime';

interface Entry {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock that moves only when told to, for tests: timers run in order of their time, then of their making. */
export class SimulatedTime {
  #nowMs = 0;
  #order = 0;
  #entries: Entry[] = [];

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Runs `run` after a span; zero means after what is due now already. */
  after(delayMs: number, run: () => void): Timer {
    const entry: Entry = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, run };
    this.#order += 1;
    this.#entries.push(entry);
    return {
      cancel: () => {
        const at = this.#entries.indexOf(entry);
        if (at !== -1) this.#entries.splice(at, 1);
      },
    };
  }

  /** Moves on by a span and runs everything that falls due, what comes newly due on the way included. */
  advance(spanMs: number): void {
    const endMs = this.#nowMs + spanMs;
    for (let steps = 0; ; steps += 1) {
      if (steps > 1_000_000) throw new Error('simulated time does not come to rest: a million events in one advance');
      const next = this.#next();
      if (next === undefined || next.dueMs > endMs) break;
      this.#entries.splice(this.#entries.indexOf(next), 1);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
    }
    this.#nowMs = endMs;
  }

  /** A core's host on this clock. Random numbers are a fixed sequence from the seed. */
  host(log: Logger, seed = 1): CoreHost {
    let state = seed >>> 0 || 1;
    return {
      log,
      monotonicMs: () => this.#nowMs,
      wallMs: () => 1_795_000_000_000 + this.#nowMs,
      setTimer: (delayMs, handler) => this.after(delayMs, () => handler(0)),
      randomUint32: () => {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        state >>>= 0;
        return state;
      },
    };
  }

  #next(): Entry | undefined {
    let best: Entry | undefined;
    for (const entry of this.#entries) {
      if (best === undefined || entry.dueMs < best.dueMs || (entry.dueMs === best.dueMs && entry.order < best.order)) {
        best = entry;
      }
    }
    return best;
  }
}
