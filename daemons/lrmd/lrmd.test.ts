import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectExecutor, type ExecutorClient } from '@sanode/executor';
import { attr, type Element, element } from '@sanode/xml';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

const namespace = `agt-l${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), 'sanode-lrmd-'));
process.env['SANODE_RUN_DIR'] = folder;

function makeNamespace(): boolean {
  try {
    execFileSync('ip', ['netns', 'add', namespace], { stdio: 'pipe' });
    ip('link', 'set', 'lo', 'up');
    ip('link', 'add', 'e0', 'type', 'veth', 'peer', 'name', 'p0');
    for (const name of ['e0', 'p0']) ip('link', 'set', name, 'up');
    ip('addr', 'add', '10.89.1.1/24', 'dev', 'e0');
    return true;
  } catch (error) {
    if (process.env['CI'] === 'true') throw error;
    console.log(`not run, network namespaces can't be used: ${(error as Error).message}`);
    return false;
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', ['-n', namespace, ...args], { stdio: 'pipe' });
}

const enabled = makeNamespace();

afterAll(() => {
  if (enabled) execFileSync('ip', ['netns', 'del', namespace]);
  rmSync(folder, { recursive: true });
});

let daemon: ChildProcess;
let client: ExecutorClient;
let told: Element[];

async function startDaemon(): Promise<void> {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  rmSync(join(folder, 'lrmd.sock'), { force: true });
  daemon = spawn('ip', ['netns', 'exec', namespace, process.execPath, main], {
    env: { ...process.env, SANODE_NATIVE_AGENTS: 'always', SANODE_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  await expect.poll(() => existsSync(join(folder, 'lrmd.sock')), { timeout: 10_000 }).toBe(true);
  told = [];
  client = await connectExecutor({ clientName: 'crmd', onNotify: (message) => told.push(message), onClose: () => {} });
}

function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

async function command(op: string, data: Record<string, string | number>, attributes = {}): Promise<Element> {
  const rsc = element('lrmd_rsc', data, [element('attributes', attributes)]);
  const call = element('lrmd_command', { lrmd_op: op, lrmd_callopt: 4 }, [element('lrmd_calldata', {}, [rsc])]);
  return await client.request(call);
}

async function register(id: string, provider: string, type: string): Promise<void> {
  await command('lrmd_rsc_register', { lrmd_rsc_id: id, lrmd_class: 'ocf', lrmd_provider: provider, lrmd_type: type });
}

async function exec(
  id: string,
  action: string,
  parameters: object,
  intervalMs = 0,
  timeoutMs = 20_000,
): Promise<string> {
  const reply = await command(
    'lrmd_rsc_exec',
    { lrmd_rsc_id: id, lrmd_rsc_action: action, lrmd_rsc_interval: intervalMs, lrmd_timeout: timeoutMs },
    intervalMs > 0 ? { ...parameters, CRM_meta_interval: String(intervalMs) } : parameters,
  );
  return attr(reply, 'lrmd_rc') ?? '';
}

/** rc/status of the results told for a call so far. */
function results(callId: string): string[] {
  return told
    .filter((message) => attr(message, 'lrmd_callid') === callId && attr(message, 'lrmd_op') === 'lrmd_rsc_exec')
    .map((message) => `${attr(message, 'lrmd_exec_rc')}/${attr(message, 'lrmd_exec_op_status')}`);
}

async function result(callId: string, count = 1): Promise<string | undefined> {
  await expect.poll(() => results(callId).length, { timeout: 10_000, interval: 5 }).toBe(count);
  return results(callId).at(-1);
}

describe.skipIf(!enabled)('the executor daemon', () => {
  beforeEach(startDaemon);
  afterEach(async () => {
    client.close();
    daemon.kill('SIGTERM');
    await ended(daemon);
  });

  it('kills what hangs, and other resources go on meanwhile', async () => {
    await register('slow', 'pacemaker', 'Dummy');
    await register('quick', 'pacemaker', 'Dummy');
    const state = join(folder, 'slow.state');
    const hung = await exec('slow', 'start', { state, op_sleep: '60' }, 0, 4000);
    const other = await exec('quick', 'start', { state: join(folder, 'quick.state') });
    expect(await result(other)).toBe('0/0');
    expect(results(hung)).toEqual([]);
    expect(await result(hung)).toBe('1/2');
    const again = await exec('slow', 'stop', { state });
    expect(await result(again)).toBe('0/0');
  }, 20_000);

  it('reports an address that is taken away at once, though its monitor comes once a minute', async () => {
    await register('vip', 'heartbeat', 'IPaddr2');
    const parameters = { ip: '10.89.1.50', cidr_netmask: '24' };
    expect(await result(await exec('vip', 'start', parameters))).toBe('0/0');
    const monitor = await exec('vip', 'monitor', parameters, 60_000);
    expect(await result(monitor)).toBe('0/0');
    // The watch is armed by a process that has just been started.
    await expect.poll(() => watcherIsArmed(), { timeout: 10_000 }).toBe(true);
    ip('addr', 'del', '10.89.1.50/24', 'dev', 'e0');
    const startMs = performance.now();
    expect(await result(monitor, 2)).toBe('7/0');
    expect(performance.now() - startMs).toBeLessThan(1000);
    expect(await result(await exec('vip', 'stop', parameters))).toBe('0/0');
  });

  it('a service survives SIGKILL of the executor, and is found by the next one', async () => {
    const configfile = join(folder, 'nginx.conf');
    const lines = [
      `pid ${folder}/nginx.pid;`,
      `error_log ${folder}/error.log;`,
      'events {}',
      'http { access_log off; server {',
      'listen 8089;',
      '} }',
    ];
    writeFileSync(configfile, `${lines.join('\n')}\n`);
    await register('web', 'heartbeat', 'nginx');
    expect(await result(await exec('web', 'start', { configfile }))).toBe('0/0');
    daemon.kill('SIGKILL');
    await ended(daemon);
    const pid = Number(readFileSync(join(folder, 'nginx.pid'), 'utf8'));
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('nginx: master process');
    await startDaemon();
    await register('web', 'heartbeat', 'nginx');
    expect(await result(await exec('web', 'monitor', { configfile }))).toBe('0/0');
    const monitor = await exec('web', 'monitor', { configfile }, 60_000);
    expect(await result(monitor)).toBe('0/0');
    await command('lrmd_rsc_cancel', { lrmd_rsc_id: 'web', lrmd_rsc_action: 'monitor', lrmd_rsc_interval: 60_000 });
    expect(await result(await exec('web', 'stop', { configfile }))).toBe('0/0');
    // What is left of it, if nobody reaps it, has no command line.
    const rest = existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
    expect(rest).toBe('');
  }, 20_000);

  it('ends with 0 on SIGTERM and leaves resources alone; refuses what it can not run', async () => {
    await command('lrmd_rsc_register', { lrmd_rsc_id: 'unit', lrmd_class: 'systemd', lrmd_type: 'nginx' });
    const refused = await exec('unit', 'start', {});
    expect(await result(refused)).toBe('5/7');
    daemon.kill('SIGTERM');
    expect(await ended(daemon)).toBe(0);
  });
});

/** Netlink sockets with multicast groups in the namespace: the watch's. */
function watcherIsArmed(): boolean {
  const table = execFileSync('ip', ['netns', 'exec', namespace, 'cat', '/proc/net/netlink'], { encoding: 'utf8' });
  return table.split('\n').some((line) => {
    const [, protocol, pid, groups] = line.trim().split(/\s+/);
    return protocol === '0' && pid !== '0' && groups !== undefined && /[1-9a-f]/.test(groups);
  });
}
