const firstGapMs = 1000;

/**
 * Paces the runs that a watch asks for: at most one a second, and twice as rarely each time up to the monitor's own
 * interval while it goes on, so that a flapping link can't flood the cluster (ocf-agents.md 8.5).
 */
export class WatchPacer {
  #lastMs: number | undefined;
  #gapMs = firstGapMs;

  /**
   * How long the run asked for at `nowMs` has to wait; it is taken as granted for then.
   * @returns undefined when one is granted already that is still to come
   */
  waitMs(nowMs: number, intervalMs: number): number | undefined {
    const last = this.#lastMs;
    if (last !== undefined && last > nowMs) return undefined;
    if (last === undefined || nowMs - last >= Math.max(intervalMs, 2 * this.#gapMs)) {
      this.#gapMs = firstGapMs;
      this.#lastMs = nowMs;
      return 0;
    }
    const waitMs = Math.max(0, last + Math.min(this.#gapMs, intervalMs) - nowMs);
    this.#gapMs = Math.min(this.#gapMs * 2, Math.max(intervalMs, firstGapMs));
    this.#lastMs = nowMs + waitMs;
    return waitMs;
  }

  reset(): void {
    this.#lastMs = undefined;
    this.#gapMs = firstGapMs;
  }
}
