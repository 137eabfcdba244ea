import { runCommand } from '@sanode/ocf';
import type { Logger } from '@sanode/runtime';
import type { AlertRequest } from '../operation.ts';

/** Alert agents at the same time; more are dropped and logged, as nobody waits for them. */
const maxRunning = 64;
const loggedOutputChars = 500;

/** Runs alert agents as the cluster's account, without arguments (executor-fencer-attrd.md 8). */
export class AlertRunner {
  readonly #log: Logger;
  readonly #account: { uid?: number; gid?: number };
  #running = 0;

  /** @param account whom they run as; empty: this process's own */
  constructor(deps: { log: Logger }, account: { uid?: number; gid?: number }) {
    this.#log = deps.log;
    this.#account = account;
  }

  /** Starts an alert agent and logs how it ended. */
  run(request: AlertRequest): void {
    const { id, path, timeoutMs, variables } = request;
    if (this.#running >= maxRunning) {
      this.#log.error({ alert: id }, `alert ${id} was dropped: ${maxRunning} alert agents are running`);
      return;
    }
    this.#running += 1;
    const env: Record<string, string> = {};
    for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
    for (const [name, value] of variables) if (!name.includes('=')) env[name] = value;
    void runCommand(path, [], { env, cwd: '/', detached: true, timeoutMs, ...this.#account }).then((result) => {
      this.#running -= 1;
      const output = (result.stderr || result.stdout).trim().slice(0, loggedOutputChars);
      if (result.startError !== undefined) {
        this.#log.error({ alert: id }, `alert ${id}: ${path} could not be started (${result.startError})`);
      } else if (result.timedOut) this.#log.error({ alert: id }, `alert ${id} did not end within ${timeoutMs} ms`);
      else if (result.code !== 0) this.#log.warn({ alert: id, output }, `alert ${id} ended with ${result.code}`);
      else this.#log.info({ alert: id, output }, `alert ${id} was sent`);
    });
  }
}
