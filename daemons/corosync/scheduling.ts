import type { Logger } from '@sanode/runtime';

/** Once that this process was not run for most of a token timeout. */
export interface SchedulingMiss {
  /** Wall-clock time at which it was noticed, ms since 1970. */
  readonly atMs: number;
  readonly delayMs: number;
}

/** Misses that are remembered, newest first (`stats.schedmiss.0` to `.9`). */
const maxMisses = 10;

/**
 * Notices when this process was not run for so long that the token may have been missed: its event loop is looked at
 * every third of the token timeout, and more than 80 % of it is too long (corosync-services.md 10).
 */
export class SchedulingWatch {
  readonly #log: Logger;
  readonly #tokenTimeoutMs: () => number;
  #misses: SchedulingMiss[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lastMs = 0;

  /** @param tokenTimeoutMs the token timeout in effect */
  constructor(log: Logger, tokenTimeoutMs: () => number) {
    this.#log = log;
    this.#tokenTimeoutMs = tokenTimeoutMs;
  }

  /** Newest first. */
  get misses(): readonly SchedulingMiss[] {
    return this.#misses;
  }

  clear(): void {
    this.#misses = [];
  }

  start(): void {
    this.#lastMs = performance.now();
    this.#wait();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      const nowMs = performance.now();
      this.ran(nowMs - this.#lastMs, Date.now());
      this.#lastMs = nowMs;
      this.#wait();
    }, this.#tokenTimeoutMs() / 3).unref();
  }

  /** The process ran, `gapMs` after the time before. */
  ran(gapMs: number, atMs: number): void {
    const thresholdMs = 0.8 * this.#tokenTimeoutMs();
    if (gapMs <= thresholdMs) return;
    this.#misses = [{ atMs, delayMs: gapMs }, ...this.#misses.slice(0, maxMisses - 1)];
    const text = `Corosync main process was not scheduled (@${atMs}) for ${gapMs.toFixed(4)} ms`;
    const advice = `(threshold is ${thresholdMs.toFixed(4)} ms). Consider token timeout increase.`;
    this.#log.warn({ subsystem: 'MAIN' }, `${text} ${advice}`);
  }
}
