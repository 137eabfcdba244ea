import type { TotemTimings } from '../config.ts';
import { RearmableTimer } from './rearmable-timer.ts';
import type { RingHost } from './ring-state.ts';

/** What happens when a timer of the ring expires (totem.md 6.5). */
export interface TimerHandlers {
  /** A timer is late: is it so late that this process was not run? Called before the timer's own handler. */
  late(lateMs: number): void;
  token(): void;
  tokenWarning(): void;
  tokenRetransmit(): void;
  tokenHold(): void;
  join(): void;
  consensus(): void;
  merge(): void;
  pause(): void;
  /** Every 1.5 s: is the ring unable to form? (7.2 step 6) */
  health(): void;
}

/** The timers of the ring (totem.md 6.5). Arming an armed one restarts it. */
export class RingTimers {
  readonly #host: RingHost;
  readonly token: RearmableTimer;
  readonly tokenWarning: RearmableTimer;
  readonly tokenRetransmit: RearmableTimer;
  readonly tokenHold: RearmableTimer;
  readonly join: RearmableTimer;
  readonly consensus: RearmableTimer;
  readonly merge: RearmableTimer;
  readonly pause: RearmableTimer;
  readonly heartbeat: RearmableTimer;
  readonly health: RearmableTimer;

  constructor(host: RingHost, handlers: TimerHandlers) {
    const timer = (handler: () => void): RearmableTimer =>
      new RearmableTimer(host, (lateMs) => {
        handlers.late(lateMs);
        handler();
      });
    this.#host = host;
    this.token = timer(() => handlers.token());
    this.tokenWarning = timer(() => handlers.tokenWarning());
    this.tokenRetransmit = timer(() => handlers.tokenRetransmit());
    this.tokenHold = timer(() => handlers.tokenHold());
    this.join = timer(() => handlers.join());
    this.consensus = timer(() => handlers.consensus());
    this.merge = timer(() => handlers.merge());
    this.pause = timer(() => handlers.pause());
    this.heartbeat = timer(() => handlers.token());
    this.health = timer(() => handlers.health());
  }

  /** Starts the token timer anew, and its warning. */
  armToken(timings: TotemTimings, nowMs = this.#host.monotonicMs()): void {
    this.token.arm(timings.tokenMs, nowMs);
    if (timings.tokenWarningPercent > 0) {
      this.tokenWarning.arm(Math.trunc((timings.tokenMs * timings.tokenWarningPercent) / 100), nowMs);
    }
  }

  disarmToken(): void {
    this.token.disarm();
    this.tokenWarning.disarm();
  }

  armTokenRetransmit(timings: TotemTimings, nowMs = this.#host.monotonicMs()): void {
    this.tokenRetransmit.arm(timings.tokenRetransmitMs, nowMs);
  }

  arm(timer: RearmableTimer, delayMs: number): void {
    timer.arm(delayMs, this.#host.monotonicMs());
  }

  /** Stops all of them for good. */
  close(): void {
    const all = [this.token, this.tokenWarning, this.tokenRetransmit, this.tokenHold, this.join, this.consensus];
    for (const timer of [...all, this.merge, this.pause, this.heartbeat, this.health]) timer.close();
  }
}
