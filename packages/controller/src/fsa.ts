import type { Logger } from '@sanode/runtime';
import type { ControllerState } from '@sanode/transition';
import type { Element } from '@sanode/xml';
import { actionOrder, type FsaAction, type FsaInput, fsaCell } from './fsa-tables.ts';

/** What comes with an input. */
export interface FsaData {
  /** The message that it came by. */
  readonly message?: Element;
  /** Other data: the scheduler's answer. */
  readonly graph?: { readonly element: Element; readonly source: string | undefined };
}

interface Entry {
  readonly input: FsaInput;
  readonly data: FsaData | undefined;
  readonly actions: readonly FsaAction[];
  /** Why it was raised, for the log. */
  readonly why: string;
}

/** An action's code. Returning `stall` means: not now; try again when something has happened. */
export type ActionHandler = (data: FsaData | undefined, input: FsaInput) => unknown;

export interface FsaHooks {
  readonly log: Logger;
  /** Runs after each change of state, before the actions (controller.md 4.4). */
  stateChanged(from: ControllerState, to: ControllerState, input: FsaInput, why: string): void;
  /** Whether actions of the start-up must not run any more. */
  isShuttingDown(): boolean;
  readonly actions: Readonly<Record<FsaAction, ActionHandler>>;
}

const startupActions: readonly FsaAction[] = [
  'A_STARTUP',
  'A_CIB_START',
  'A_LRM_CONNECT',
  'A_HA_CONNECT',
  'A_READCONFIG',
  'A_STARTED',
  'A_CL_JOIN_QUERY',
];

/** Steps in one run; more would mean that actions raise each other for ever. */
const MAX_STEPS = 100_000;

/** The engine of the controller's state machine (controller.md 4.1): a queue of inputs and a set of pending actions. */
export class Fsa {
  readonly #hooks: FsaHooks;
  readonly #queue: Entry[] = [];
  readonly #pending = new Set<FsaAction>();
  #state: ControllerState = 'S_STARTING';
  #current: FsaData | undefined;
  #running = false;
  #stalled = false;

  constructor(hooks: FsaHooks) {
    this.#hooks = hooks;
  }

  get state(): ControllerState {
    return this.#state;
  }

  /** Adds actions to those pending. */
  add(...actions: readonly FsaAction[]): void {
    for (const action of actions) this.#pending.add(action);
  }

  remove(action: FsaAction): void {
    this.#pending.delete(action);
  }

  /** Raises an input. It is processed by the next `run`. @param options.front before all others */
  raise(
    input: FsaInput,
    why: string,
    options: { data?: FsaData | undefined; front?: boolean; actions?: readonly FsaAction[] } = {},
  ): void {
    const entry: Entry = { input, why, data: options.data, actions: options.actions ?? [] };
    if (options.front === true) this.#queue.unshift(entry);
    else this.#queue.push(entry);
  }

  /** Raises an error: what was pending is put aside until it has been processed. */
  raiseError(input: FsaInput, why: string, data?: FsaData): void {
    if (this.#pending.size > 0) {
      this.#queue.unshift({ input: 'I_NULL', data: this.#current, actions: [...this.#pending], why: 'saved actions' });
      this.#pending.clear();
    }
    this.#queue.unshift({ input, data, actions: [], why });
  }

  /** Whether an input of this kind waits. */
  hasQueued(input: FsaInput): boolean {
    return this.#queue.some((entry) => entry.input === input);
  }

  /** Processes until nothing is left, or an action stalls. Called again from inside, it does nothing. */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    this.#stalled = false;
    try {
      this.#loop();
    } finally {
      this.#running = false;
      this.#current = undefined;
    }
  }

  #loop(): void {
    if (this.#queue.length === 0 && this.#pending.size > 0) this.raise('I_NULL', 'actions were left');
    for (let steps = 0; this.#queue.length > 0 && !this.#stalled; steps += 1) {
      if (steps > MAX_STEPS) throw new Error(`the state machine does not come to rest in ${this.#state}`);
      this.#step(this.#queue.shift() as Entry);
    }
  }

  #step(entry: Entry): void {
    const cell = fsaCell(entry.input, this.#state);
    this.add(...entry.actions, ...cell.actions);
    this.#current = entry.data;
    const from = this.#state;
    this.#state = cell.next;
    this.#logActions(entry, from);
    if (this.#state === 'S_STOPPING' || this.#hooks.isShuttingDown()) {
      for (const action of startupActions) this.#pending.delete(action);
    }
    if (from !== this.#state) this.#hooks.stateChanged(from, this.#state, entry.input, entry.why);
    this.#runActions(entry);
  }

  #runActions(entry: Entry): void {
    for (let action = this.#first(); action !== undefined; action = this.#first()) {
      this.#pending.delete(action);
      const result = this.#hooks.actions[action](entry.data, entry.input);
      if (result !== 'stall') continue;
      this.#stalled = true;
      this.#pending.add(action);
      if (entry.data !== undefined) {
        this.#queue.push({ input: 'I_NULL', data: entry.data, actions: [...this.#pending], why: `${action} waits` });
        this.#pending.clear();
      }
      return;
    }
  }

  #first(): FsaAction | undefined {
    if (this.#pending.size === 0) return undefined;
    return actionOrder.find((action) => this.#pending.has(action));
  }

  /** The tables' ERROR, WARN and LOG are nothing but lines in the log. */
  #logActions(entry: Entry, state: ControllerState): void {
    const fields = { input: entry.input, state, next: this.#state };
    const text = `${entry.input} in ${state}: ${entry.why}`;
    if (this.#pending.delete('A_ERROR')) this.#hooks.log.error(fields, text);
    if (this.#pending.delete('A_WARN')) this.#hooks.log.warn(fields, text);
    if (this.#pending.delete('A_LOG')) this.#hooks.log.debug(fields, text);
  }
}
