import { existsSync } from 'node:fs';
import type { Watch, WatchContext } from '@sanode/ocf';
import { ProcessExitWatcher, type WatchedProcess } from '@sanode/runtime/process-exit';
import { type ProcessInfo, processInfo, runningMaster } from './processes.ts';
import { findProgram, inspectProgram, readSetup } from './program.ts';

const rereadMs = 50;
/** A binary upgrade or a package's restart may be without a master for some 100 ms. */
const upgradeGapMs = 1000;

/**
 * Watches the master process (ocf-agents.md 8.2). When it ends, the pid file decides: another master there (a binary
 * upgrade) is watched instead; a file that vanished orderly is given a second; anything else is reported at once.
 */
export async function watch(context: WatchContext): Promise<Watch> {
  const path = findProgram(context);
  const setup = path === undefined ? undefined : readSetup(context, await inspectProgram(path));
  const watcher = new ProcessExitWatcher();
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let watched: WatchedProcess | undefined;
  const arm = (master: ProcessInfo): void => {
    watched = watcher.watch(master.pid, () => {
      if (!closed) ended(master.pid, performance.now() + upgradeGapMs);
    });
    // The pid could have been reused before the watch was armed: it must still be the same process.
    if (processInfo(master.pid)?.startTicks !== master.startTicks) ended(master.pid, 0);
  };
  const ended = (pid: number, deadlineMs: number): void => {
    watched?.cancel();
    if (closed || setup === undefined) return;
    const next = runningMaster(setup.pidFile, setup.program.path);
    if (next !== undefined && next.pid !== pid) {
      context.log('info', `nginx master ${pid} has handed over to ${next.pid}`);
      arm(next);
    } else if (performance.now() < deadlineMs && orderly(setup.pidFile)) {
      timer = setTimeout(() => ended(pid, deadlineMs), rereadMs);
    } else context.report(`nginx master process ${pid} ended`);
  };
  const master = setup === undefined ? undefined : runningMaster(setup.pidFile, setup.program.path);
  if (master === undefined) context.report('nginx is not running');
  else arm(master);
  return {
    close() {
      closed = true;
      clearTimeout(timer);
      watched?.cancel();
      watcher.close();
    },
  };
}

function orderly(pidFile: string): boolean {
  return !existsSync(pidFile);
}
