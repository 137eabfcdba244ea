import type { CoreHost, Logger, Timer } from '@sanode/runtime';
import type { Scheduled, SimWorld } from './world.ts';

/** A timer this late, or a tenth of its span, waits for the input that waits (design: late timers). */
const TOLERATED_LATE_MS = 20;

/** A timer of a process: late when the process is paused, never after its end. */
class SimTimer implements Timer {
  readonly dueMs: number;
  readonly spanMs: number;
  scheduled: Scheduled | undefined;
  readonly #process: SimProcess;
  #handler: ((lateMs: number) => void) | undefined;

  constructor(process: SimProcess, spanMs: number, handler: (lateMs: number) => void) {
    this.#process = process;
    this.dueMs = process.monotonicMs() + spanMs;
    this.spanMs = spanMs;
    this.#handler = handler;
  }

  cancel(): void {
    this.#handler = undefined;
    this.scheduled?.cancel();
  }

  fire(): void {
    if (this.#process.alive) this.#handler?.(this.#process.monotonicMs() - this.dueMs);
  }
}

/**
 * One run of a process: it can be stopped for a while (SIGSTOP, a busy machine) and killed. After a pause what waits in
 * its sockets is handled before timers that are late, as the real host does it.
 */
export class SimProcess implements CoreHost {
  readonly log: Logger;
  readonly name: string;
  readonly #world: SimWorld;
  #alive = true;
  #pausedUntilMs = 0;
  #input: (() => void)[] = [];
  #lateTimers: SimTimer[] = [];

  constructor(world: SimWorld, name: string) {
    this.#world = world;
    this.name = name;
    this.log = worldLogger(world, name);
  }

  get alive(): boolean {
    return this.#alive;
  }

  get paused(): boolean {
    return this.#world.nowMs < this.#pausedUntilMs;
  }

  monotonicMs(): number {
    return this.#world.nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#world.nowMs;
  }

  randomUint32(): number {
    return this.#world.random.uint32();
  }

  setTimer(delayMs: number, handler: (lateMs: number) => void): Timer {
    const timer = new SimTimer(this, delayMs, handler);
    timer.scheduled = this.#world.after(delayMs, () => {
      if (this.paused) this.#lateTimers.push(timer);
      else timer.fire();
    });
    return timer;
  }

  /** What a core needs of this process, to be spread into a larger host. */
  coreHost(): CoreHost {
    return {
      log: this.log,
      monotonicMs: () => this.monotonicMs(),
      wallMs: () => this.wallMs(),
      randomUint32: () => this.randomUint32(),
      setTimer: (delayMs, handler) => this.setTimer(delayMs, handler),
    };
  }

  /** Input from outside (a datagram, the end of a disk write): handled now, or after the pause; never once it is dead. */
  input(handler: () => void): void {
    if (!this.#alive) return;
    if (this.paused) this.#input.push(handler);
    else handler();
  }

  /** Runs `handler` once the input that waits now has been handled. */
  afterWaitingInput(handler: () => void): void {
    this.#world.after(0, () => this.input(handler));
  }

  /** Stops the process for `durationMs`. */
  pause(durationMs: number): void {
    this.#world.trace(() => `${this.name} paused for ${durationMs.toFixed(0)} ms`);
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#world.nowMs + durationMs);
    this.#world.after(durationMs, () => this.#resume());
  }

  /** Kills the process: nothing of it runs any more. */
  kill(): void {
    this.#world.trace(() => `${this.name} killed`);
    this.#alive = false;
    this.#input = [];
    this.#lateTimers = [];
  }

  #resume(): void {
    if (this.paused || !this.#alive) return;
    this.#world.trace(() => `${this.name} goes on`);
    const timers = this.#lateTimers.sort((a, b) => a.dueMs - b.dueMs);
    const input = this.#input;
    this.#lateTimers = [];
    this.#input = [];
    const late = (timer: SimTimer): boolean =>
      this.#world.nowMs - timer.dueMs > Math.max(TOLERATED_LATE_MS, timer.spanMs / 10);
    for (const timer of timers) if (!late(timer)) timer.fire();
    for (const handler of input) if (this.#alive) handler();
    // afterWaitingInput of a handler above comes before the late timers, as it does with the real host's event loop.
    this.#world.after(0, () => {
      for (const timer of timers) if (late(timer)) timer.fire();
    });
  }
}

function worldLogger(world: SimWorld, name: string): Logger {
  const write =
    (level: string) =>
    (_fields: object, message: string): void => {
      if (world.traced) world.trace(() => `${name} ${level}: ${message}`);
    };
  const logger: Logger = {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
    child: () => logger,
  };
  return logger;
}
