import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '@sanode/runtime';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChildSpec } from './children.ts';
import { ChildProcesses } from './process-host.ts';
import type { ChildExit } from './supervisor.ts';

const ipcServer = fileURLToPath(new URL('../../packages/ipc/src/server.ts', import.meta.url));
const spec: ChildSpec = { name: 'lrmd', sockets: ['lrmd'], unprivileged: false, needsCluster: false, escalates: true };

let folder: string;
const before = { ...process.env };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sanode-pacemakerd-'));
  mkdirSync(join(folder, 'run'));
  process.env['SANODE_DAEMON_DIR'] = folder;
  process.env['SANODE_RUN_DIR'] = join(folder, 'run');
  process.env['NOTIFY_SOCKET'] = '/nonexistent/notify';
});
afterEach(() => {
  process.env = { ...before };
  rmSync(folder, { recursive: true, force: true });
});

/** Processes with their events as promises. */
function host(): {
  processes: ChildProcesses;
  pid: Promise<number>;
  exit: Promise<ChildExit>;
  probe(): Promise<boolean>;
} {
  let answered: (alive: boolean) => void = () => {};
  let spawned: (pid: number) => void = () => {};
  let ended: (exit: ChildExit) => void = () => {};
  const pid = new Promise<number>((resolve) => {
    spawned = resolve;
  });
  const exit = new Promise<ChildExit>((resolve) => {
    ended = resolve;
  });
  const processes = new ChildProcesses({
    log: silentLogger,
    events: {
      spawned: (_name, id) => spawned(id),
      exited: (_name, how) => ended(how),
      probed: (_name, alive) => answered(alive),
    },
  });
  const probe = (): Promise<boolean> =>
    new Promise((resolve) => {
      answered = resolve;
      processes.probe(spec);
    });
  return { processes, pid, exit, probe };
}

/** A daemon that listens and, told to stop, ends with what its environment says of NOTIFY_SOCKET. */
const listening = `
import { listenIpc } from ${JSON.stringify(ipcServer)};
await listenIpc({ path: process.env.SANODE_RUN_DIR + '/lrmd.sock', mode: 0o600 }, { request() {} });
process.on('SIGTERM', () => process.exit(process.env.NOTIFY_SOCKET === undefined ? 0 : 3));
`;

async function untilAlive(probe: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await probe()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('the daemon never answered');
}

describe('child processes', () => {
  test('a daemon is started, answers, and is stopped; it does not get the way to tell systemd', async () => {
    writeFileSync(join(folder, 'lrmd.mjs'), listening);
    const { processes, pid, exit, probe } = host();
    processes.spawn(spec);
    expect(await probe()).toBe(false);
    await untilAlive(probe);
    processes.kill(await pid, 'SIGTERM');
    expect(await exit).toEqual({ code: 0, signal: undefined });
  });

  test('one that runs already is found by its socket, and its end is seen', async () => {
    writeFileSync(join(folder, 'lrmd.mjs'), listening);
    const first = host();
    first.processes.spawn(spec);
    await untilAlive(first.probe);
    const second = host();
    const pid = await first.pid;
    expect(await second.processes.findRunning([spec])).toEqual(new Map([['lrmd', pid]]));
    second.processes.kill(pid, 'SIGKILL');
    expect(await second.exit).toEqual({ code: undefined, signal: undefined });
    expect(await first.exit).toEqual({ code: undefined, signal: 'SIGKILL' });
  });

  test('exit codes come through, and a missing program is an end too', async () => {
    writeFileSync(join(folder, 'lrmd.mjs'), 'process.exit(100);');
    const fatal = host();
    fatal.processes.spawn(spec);
    expect(await fatal.exit).toEqual({ code: 100, signal: undefined });
    rmSync(join(folder, 'lrmd.mjs'));
    const missing = host();
    missing.processes.spawn(spec);
    expect(await missing.exit).toEqual({ code: undefined, signal: undefined });
  });
});
