import { type ChildProcess, spawn } from 'node:child_process';
import { connectIpc } from '@sanode/ipc';
import {
  type Account,
  accountByName,
  clusterGroup,
  clusterUser,
  DaemonMissingError,
  daemonCommand,
  groupIdByName,
  idIsMapped,
  type Logger,
  paths,
} from '@sanode/runtime';
import { ProcessExitWatcher } from '@sanode/runtime/process-exit';
import type { ChildSpec } from './children.ts';
import type { ChildExit } from './supervisor.ts';

const probeTimeoutMs = 2000;
/** Before a program that could not be started is tried again. */
const retryMs = 500;

/** Events of {@link ChildProcesses}. */
export interface ChildProcessEvents {
  spawned(name: string, pid: number): void;
  exited(name: string, exit: ChildExit): void;
  probed(name: string, alive: boolean): void;
}

/** Forks, signals and probes the daemons. */
export class ChildProcesses {
  readonly #log: Logger;
  readonly #events: ChildProcessEvents;
  readonly #account: Account | undefined;
  #watcher: ProcessExitWatcher | undefined;

  constructor(deps: { log: Logger; events: ChildProcessEvents }) {
    this.#log = deps.log;
    this.#events = deps.events;
    this.#account = unprivilegedAccount(deps.log);
  }

  /** Account of the unprivileged daemons, where they can be given to it. */
  get account(): Account | undefined {
    return this.#account;
  }

  spawn(spec: ChildSpec): void {
    const { NOTIFY_SOCKET: _, ...env } = process.env;
    let child: ChildProcess;
    try {
      const { file, args } = daemonCommand(spec.name);
      const account = spec.unprivileged ? this.#account : undefined;
      child = spawn(file, args, {
        stdio: ['ignore', 'inherit', 'inherit'],
        detached: true,
        cwd: '/',
        env,
        ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
      });
    } catch (error) {
      if (!(error instanceof DaemonMissingError)) throw error;
      this.#log.error({ child: spec.name }, error.message);
      setTimeout(() => this.#events.exited(spec.name, { code: undefined, signal: undefined }), retryMs);
      return;
    }
    child.once('error', (error) => {
      this.#log.error({ err: error, child: spec.name }, `${spec.name} can't be started`);
      if (child.pid === undefined) {
        setTimeout(() => this.#events.exited(spec.name, { code: undefined, signal: undefined }), retryMs);
      }
    });
    if (child.pid === undefined) return;
    const { pid } = child;
    this.#log.info({ child: spec.name, childPid: pid }, `${spec.name} started`);
    child.once('exit', (code, signal) => {
      this.#events.exited(spec.name, { code: code ?? undefined, signal: signal ?? undefined });
    });
    this.#events.spawned(spec.name, pid);
  }

  kill(pid: number, signal: NodeJS.Signals): void {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  probe(spec: ChildSpec): void {
    Promise.all(spec.sockets.map((name) => pingSocket(name))).then(
      () => this.#events.probed(spec.name, true),
      () => this.#events.probed(spec.name, false),
    );
  }

  /** Daemons whose sockets answer already: pacemakerd was restarted while they ran on. They are watched from now on. */
  async findRunning(specs: readonly ChildSpec[]): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for (const spec of specs) {
      const pid = await pingSocket(spec.sockets[0] as string).catch(() => undefined);
      if (pid === undefined) continue;
      found.set(spec.name, pid);
      this.#watch(spec.name, pid);
    }
    return found;
  }

  #watch(name: string, pid: number): void {
    this.#watcher ??= new ProcessExitWatcher();
    this.#watcher.watch(pid, () => this.#events.exited(name, { code: undefined, signal: undefined }));
  }
}

/** @returns pid of the daemon that answered @throws {IpcError} when none does */
async function pingSocket(name: string): Promise<number> {
  const client = await connectIpc({ path: paths.socket(name) });
  try {
    await client.ping(probeTimeoutMs);
    return client.serverPid();
  } finally {
    client.close();
  }
}

function unprivilegedAccount(log: Logger): Account | undefined {
  if (process.getuid?.() !== 0) {
    log.info({}, `not root: all daemons run as this user`);
    return undefined;
  }
  const account = accountByName(clusterUser);
  if (account === undefined) {
    log.warn({}, `there is no account ${clusterUser}: all daemons run as root`);
    return undefined;
  }
  const gid = groupIdByName(clusterGroup) ?? account.gid;
  if (!idIsMapped('uid', account.uid) || !idIsMapped('gid', gid)) {
    log.info({}, `account ${clusterUser} does not exist in this user namespace: all daemons run as root`);
    return undefined;
  }
  return { ...account, gid };
}
