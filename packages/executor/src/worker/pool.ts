import type { LogLevel } from '@sanode/ocf';
import { ocf } from '@sanode/ocf';
import type { Logger } from '@sanode/runtime';
import { executionStatus } from '../client/types.ts';
import type { ActionRequest, ActionResult } from '../operation.ts';
import { ocfEnvironment } from '../runner/environment.ts';
import { failure } from '../runner/program.ts';
import { WorkerProcess } from './worker-process.ts';

interface Job {
  readonly token: number;
  readonly request: ActionRequest;
  readonly done: (result: ActionResult) => void;
}

interface Worker {
  readonly process: WorkerProcess;
  job: Job | undefined;
  /** Runs while it is idle and there are more workers than are kept warm. */
  idleTimer: NodeJS.Timeout | undefined;
}

/** Workers that stay however idle they are. */
const warmWorkers = 1;
/** After how long without work the others end. */
const idleMs = 60_000;

/** Writes an agent's line to the daemon's log. */
export function logAgentLine(log: Logger, tag: string, level: LogLevel, text: string): void {
  const line = `${tag}: ${text}`;
  if (level === 'crit' || level === 'err') log.error({}, line);
  else if (level === 'warn') log.warn({}, line);
  else if (level === 'info') log.info({}, line);
  else log.debug({}, line);
}

/**
 * Workers for TypeScript agents: one operation at a time in each, one worker always warm. A worker whose operation is
 * killed (timeout), or that crashes, is replaced; its operation ends with an error.
 */
export class WorkerPool {
  readonly #log: Logger;
  readonly #maxWorkers: number;
  readonly #workers = new Set<Worker>();
  readonly #waiting: Job[] = [];
  #closed = false;

  constructor(deps: { log: Logger }, options: { maxWorkers: number }) {
    this.#log = deps.log;
    this.#maxWorkers = options.maxWorkers;
  }

  /** Starts the first worker, so that the first operation finds it warm. */
  start(): void {
    this.#spawn();
  }

  /** Process ids of the workers, for tests and the log. */
  get pids(): number[] {
    return [...this.#workers].map((worker) => worker.process.pid).filter((pid) => pid !== undefined);
  }

  run(token: number, request: ActionRequest, done: (result: ActionResult) => void): void {
    this.#waiting.push({ token, request, done });
    this.#assign();
  }

  /** Kills the operation with its worker; false if it is none of the pool's. */
  kill(token: number): boolean {
    const at = this.#waiting.findIndex((job) => job.token === token);
    const [waiting] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (waiting !== undefined) {
      waiting.done(failure(executionStatus.error, ocf.generic, 'All workers were busy until the timeout'));
      return true;
    }
    const worker = [...this.#workers].find((one) => one.job?.token === token);
    worker?.process.kill();
    return worker !== undefined;
  }

  close(): void {
    this.#closed = true;
    for (const worker of this.#workers) worker.process.close();
  }

  #assign(): void {
    while (this.#waiting.length > 0) {
      const idle = [...this.#workers].find((worker) => worker.job === undefined);
      if (idle === undefined) {
        if (this.#workers.size >= this.#maxWorkers) return;
        this.#spawn();
        continue;
      }
      const job = this.#waiting.shift();
      if (job === undefined) return;
      clearTimeout(idle.idleTimer);
      idle.job = job;
      const { provider, type } = job.request.resource;
      const env = ocfEnvironment(job.request, process.env);
      idle.process.send({ kind: 'run', token: job.token, provider, type, action: job.request.action, env });
    }
  }

  #spawn(): void {
    const worker: Worker = {
      job: undefined,
      idleTimer: undefined,
      process: new WorkerProcess({
        message: (message) => {
          if (message.kind === 'log') logAgentLine(this.#log, message.tag, message.level, message.text);
          if (message.kind !== 'ended' || worker.job?.token !== message.token) return;
          const job = worker.job;
          worker.job = undefined;
          job.done(message.result);
          this.#assign();
          if (worker.job === undefined) this.#idle(worker);
        },
        ended: (reason) => this.#ended(worker, reason),
      }),
    };
    this.#workers.add(worker);
  }

  #idle(worker: Worker): void {
    clearTimeout(worker.idleTimer);
    worker.idleTimer = setTimeout(() => {
      if (worker.job !== undefined || this.#workers.size <= warmWorkers) return;
      this.#workers.delete(worker);
      worker.process.close();
    }, idleMs);
    worker.idleTimer.unref();
  }

  #ended(worker: Worker, reason: string): void {
    clearTimeout(worker.idleTimer);
    // An idle worker that was told to end.
    if (!this.#workers.delete(worker)) return;
    const job = worker.job;
    worker.job = undefined;
    if (job !== undefined)
      job.done(failure(executionStatus.error, ocf.generic, `Resource agent ended early: ${reason}`));
    if (this.#closed) return;
    this.#log.warn({ pid: worker.process.pid }, `a worker ended (${reason}); it is replaced`);
    if (this.#workers.size === 0) this.#spawn();
    this.#assign();
  }
}
