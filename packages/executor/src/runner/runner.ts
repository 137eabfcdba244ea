import { ocf } from '@sanode/ocf';
import type { Logger } from '@sanode/runtime';
import { executionStatus } from '../client/types.ts';
import { type NativePolicy, usesNativeAgent } from '../native-agents.ts';
import type { ActionRequest, ActionResult } from '../operation.ts';
import { WorkerPool } from '../worker/pool.ts';
import { failure, runLsbScript, runOcfProgram } from './program.ts';

/** Hanging agents must not keep others waiting; workers beyond the first end when they are idle. */
const maxWorkers = 32;

/** Carries out actions by resource class: our agents in warm workers, programs as processes; tells each one's end once. */
export class Runner {
  readonly #pool: WorkerPool;
  readonly #policy: NativePolicy;
  readonly #ended: (token: number, result: ActionResult) => void;
  /** Process groups of running programs. */
  readonly #groups = new Map<number, number>();

  constructor(
    deps: { log: Logger; ended: (token: number, result: ActionResult) => void },
    options: { policy: NativePolicy },
  ) {
    this.#pool = new WorkerPool({ log: deps.log }, { maxWorkers });
    this.#ended = deps.ended;
    this.#policy = options.policy;
  }

  start(): void {
    if (this.#policy !== 'never') this.#pool.start();
  }

  get workerPids(): number[] {
    return this.#pool.pids;
  }

  run(token: number, request: ActionRequest): void {
    const { standard, provider, type } = request.resource;
    if (standard === 'ocf' && usesNativeAgent(provider, type, this.#policy)) {
      this.#pool.run(token, request, (result) => this.#ended(token, result));
      return;
    }
    const started = (pid: number): void => {
      this.#groups.set(token, pid);
    };
    const ended = (result: ActionResult): void => {
      this.#groups.delete(token);
      this.#ended(token, result);
    };
    if (standard === 'ocf') void runOcfProgram(request, started).then(ended);
    else if (standard === 'lsb') void runLsbScript(request, started).then(ended);
    else setImmediate(() => ended(unsupported(request)));
  }

  /** Kills an action: its process group, or its worker. */
  kill(token: number): void {
    if (this.#pool.kill(token)) return;
    const group = this.#groups.get(token);
    if (group === undefined) return;
    try {
      process.kill(-group, 'SIGKILL');
    } catch {
      // It has just ended.
    }
  }

  close(): void {
    this.#pool.close();
  }
}

/** Classes that can't be run yet are refused, as software that is not installed: the cluster then places elsewhere. */
function unsupported(request: ActionRequest): ActionResult {
  const { standard } = request.resource;
  return failure(
    executionStatus.notInstalled,
    ocf.installed,
    `Resources of class ${standard} are not supported by this version`,
  );
}
