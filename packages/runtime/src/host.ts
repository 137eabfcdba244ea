import type { Logger } from './log.ts';

/**
 * Name of the event (packet, timer, operation result, operator's command) that something was caused by, for example
 * `lb1/crmd/812`. It is carried on by every effect: log lines (`cause`), and Pacemaker messages (`CAUSE_ATTRIBUTE`).
 */
export type Cause = string;

/** A running one-shot timer. */
export interface Timer {
  /** Stops the timer; its handler will not run. Calling it again, or after it ran, does nothing. */
  cancel(): void;
}

/**
 * What every pure protocol core is given. A core knows no clock, socket, file or process but through its host.
 *
 * The contract: a handler of a core (a message, a timer, a reply) runs to its end; the effects that it asked its host
 * for are carried out in order afterwards, and never call back into the core before the handler has returned.
 */
export interface CoreHost {
  /** Monotonic time in milliseconds, fractional, from an arbitrary start. For spans only. */
  monotonicMs(): number;
  /** Wall-clock time in milliseconds since 1970. For what people and other nodes read. */
  wallMs(): number;
  /**
   * Runs `handler` once after `delayMs` (>= 0) milliseconds. `lateMs` tells by how much it is late. A timer more than
   * max(20 ms, delayMs / 10) late runs only after the datagrams that already wait have been handled.
   */
  setTimer(delayMs: number, handler: (lateMs: number) => void): Timer;
  /** A random integer from 0 to 2^32 - 1. */
  randomUint32(): number;
  readonly log: Logger;
}
