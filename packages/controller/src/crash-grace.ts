/**
 * A controller that is gone while its node is still in the ring has crashed, and its pacemakerd starts it again: this
 * long nothing is decided, as its resources run on and would be started a second time elsewhere (the reference takes
 * them for lost at once). A node that leaves the ring, or asked to stop, gets no such time.
 */
const graceMs = 5000;
/** A controller that crashes again and again is waited for this long in all within the window; then its node counts. */
const budgetMs = 15_000;
const windowMs = 60_000;

interface Absence {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How long one peer's controller is still waited for; see docs/decisions/002-controller-waits.md. All times monotonic. */
export class CrashGrace {
  #goneAtMs: number | undefined;
  /** Earlier absences within the window. */
  #absences: Absence[] = [];

  /** The controller left the group. */
  gone(nowMs: number): void {
    this.#goneAtMs ??= nowMs;
  }

  /** The controller is in the group. */
  back(nowMs: number): void {
    if (this.#goneAtMs === undefined) return;
    // Waiting ended after the grace: what came later is not part of the budget, so the list stays short as well.
    this.#absences.push({ fromMs: this.#goneAtMs, toMs: Math.min(nowMs, this.#goneAtMs + graceMs) });
    this.#goneAtMs = undefined;
    this.#forgetOld(nowMs);
  }

  /** The whole node left the ring: it is not waited for, and this absence costs nothing. */
  nodeLost(): void {
    this.#goneAtMs = undefined;
  }

  /** @returns ms for which the absent controller is to be waited for; 0 when it is not absent or had its time */
  leftMs(nowMs: number): number {
    if (this.#goneAtMs === undefined) return 0;
    this.#forgetOld(this.#goneAtMs);
    const usedMs = this.#absences.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
    const allowedMs = Math.min(graceMs, budgetMs - usedMs);
    return Math.max(0, this.#goneAtMs + allowedMs - nowMs);
  }

  #forgetOld(nowMs: number): void {
    this.#absences = this.#absences.filter(({ toMs }) => toMs > nowMs - windowMs);
  }
}
