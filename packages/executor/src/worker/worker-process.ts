import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FromWorker, ToWorker } from './protocol.ts';

const heapMegabytes = 96;

/** One worker process, leader of its own process group: a kill takes what its operation started along. */
export class WorkerProcess {
  readonly #child: ChildProcess;

  constructor(handlers: { message(message: FromWorker): void; ended(reason: string): void }) {
    this.#child = fork(workerModule(), [], {
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      cwd: '/',
      execArgv: [...process.execArgv, `--max-old-space-size=${heapMegabytes}`],
      env: { ...process.env, NOTIFY_SOCKET: undefined },
    });
    let ended = false;
    const end = (reason: string): void => {
      if (ended) return;
      ended = true;
      handlers.ended(reason);
    };
    this.#child.on('message', (message: FromWorker) => handlers.message(message));
    this.#child.on('error', (error) => end(error.message));
    this.#child.on('exit', (code, signal) => end(signal === null ? `exit code ${code}` : `signal ${signal}`));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(message: ToWorker): void {
    // A worker that dies right now: its end is told by `exit`.
    this.#child.send(message, () => {});
  }

  /** SIGKILL to the whole group. Daemons that an agent left behind have sessions of their own and live on. */
  kill(): void {
    if (this.#child.pid === undefined) return;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      this.#child.kill('SIGKILL');
    }
  }

  /** Lets it end by itself. */
  close(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}

/** The worker's module: beside this one in the sources, beside this one's chunk in a bundle (daemons/lrmd/worker.ts). */
function workerModule(): string {
  const name = import.meta.url.endsWith('.ts') ? './main.ts' : './daemon-lrmd-worker.mjs';
  return fileURLToPath(new URL(name, import.meta.url));
}
