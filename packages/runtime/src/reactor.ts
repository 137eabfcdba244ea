import type { Cause } from './host.ts';

/**
 * Runs the handlers of one core and carries out their effects in order after each handler's end, never re-entrantly.
 * Names every event that enters, so that effects can say what caused them.
 */
export class Reactor {
  readonly #prefix: string;
  readonly #effects: (() => void)[] = [];
  #running = false;
  #sequence = 0;
  /** The name that the event came with; without one its name is made when it is asked for. */
  #cause: Cause | undefined;

  /** @param prefix first part of the causes it names, for example `lb1/crmd` */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The event that is being handled now (or was handled last). */
  get cause(): Cause {
    return this.#cause ?? `${this.#prefix}/${this.#sequence}`;
  }

  /**
   * Runs `handler` as the reaction to one event. When called while another handler runs (an effect that completes
   * synchronously), the event waits until that one and its effects are done.
   * @param cause name of the event when it came with one (a message from a peer); else a new name is made
   */
  enter(handler: () => void, cause?: Cause): void {
    if (this.#running) {
      this.#effects.push(() => this.#run(handler, cause));
      return;
    }
    this.#running = true;
    try {
      this.#run(handler, cause);
      for (let next = this.#effects.shift(); next !== undefined; next = this.#effects.shift()) next();
    } finally {
      this.#running = false;
    }
  }

  /** Queues an effect of the handler that runs now; outside of any handler it is carried out at once. */
  effect(action: () => void): void {
    if (this.#running) this.#effects.push(action);
    else action();
  }

  #run(handler: () => void, cause: Cause | undefined): void {
    this.#sequence += 1;
    this.#cause = cause;
    handler();
  }
}
