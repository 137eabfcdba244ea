import type { CoreHost, Timer } from '@sanode/runtime';

/**
 * A timer that is armed again far more often than it expires: the token's are, at every visit. Arming it only moves the
 * due time; the timer below is left running and, when it fires too early, is set for what remains.
 */
export class RearmableTimer {
  readonly #host: CoreHost;
  readonly #handler: (lateMs: number) => void;
  #timer: Timer | undefined;
  #timerDueMs = 0;
  #dueMs = 0;
  #armed = false;

  /** @param handler runs as an event of its own when the timer expires; it is told how late that is */
  constructor(host: CoreHost, handler: (lateMs: number) => void) {
    this.#host = host;
    this.#handler = handler;
  }

  get armed(): boolean {
    return this.#armed;
  }

  /** Starts it, or starts it anew, for `delayMs` from `nowMs`. */
  arm(delayMs: number, nowMs: number): void {
    this.#armed = true;
    this.#dueMs = nowMs + delayMs;
    if (this.#timer !== undefined && this.#timerDueMs <= this.#dueMs) return;
    this.#timer?.cancel();
    this.#set(delayMs);
  }

  /** Stops it; arming it again is cheap. */
  disarm(): void {
    this.#armed = false;
  }

  /** Stops it and the timer below, for good. */
  close(): void {
    this.#armed = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #set(delayMs: number): void {
    this.#timerDueMs = this.#dueMs;
    this.#timer = this.#host.setTimer(delayMs, () => this.#fired());
  }

  #fired(): void {
    this.#timer = undefined;
    if (!this.#armed) return;
    const remainingMs = this.#dueMs - this.#host.monotonicMs();
    if (remainingMs > 0) {
      this.#set(remainingMs);
      return;
    }
    this.#armed = false;
    this.#handler(-remainingMs);
  }
}
