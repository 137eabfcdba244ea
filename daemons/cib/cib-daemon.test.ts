import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CibClient, cibOption, connectCib } from '@sanode/cib';
import { attr, type Element, parseXml } from '@sanode/xml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');
let folder: string;
const children: ChildProcess[] = [];

interface Daemon {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
}

/** Starts the daemon and waits for the line that says that it runs, or for its end. */
async function start(...words: string[]): Promise<Daemon> {
  const child = spawn(process.execPath, [main, '-r', join(folder, 'cib'), ...words], {
    env: { ...process.env, SANODE_RUN_DIR: join(folder, 'run'), SANODE_PACEMAKER_LOG: join(folder, 'log') },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await new Promise<void>((resolve) => {
    let text = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('the CIB manager runs')) resolve();
    });
    void exited.then(() => resolve());
  });
  return { child, exited };
}

function connect(writable = true): Promise<CibClient> {
  return connectCib({ clientName: 'test', writable, env: {} });
}

const property = (value: string): Element =>
  parseXml(`<cluster_property_set id="s"><nvpair id="p" name="n" value="${value}"/></cluster_property_set>`);
const change = { operation: 'cib_modify', section: 'crm_config', options: cibOption.canCreate } as const;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cibd-'));
  process.env['SANODE_RUN_DIR'] = join(folder, 'run');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  delete process.env['SANODE_RUN_DIR'];
  rmSync(folder, { recursive: true });
});

describe('the cib daemon', () => {
  it('keeps what it acknowledged through a power cut', async () => {
    const first = await start('--stand-alone');
    const client = await connect();
    expect((await client.call({ ...change, data: property('kept') })).rc).toBe(0);
    first.child.kill('SIGKILL');
    await first.exited;
    client.close();
    await start('--stand-alone');
    const again = await connect(false);
    const reply = await again.call({ operation: 'cib_query', section: "//nvpair[@id='p']", options: cibOption.xpath });
    expect(reply.data && attr(reply.data, 'value')).toBe('kept');
    again.close();
  });

  it('tells clients of changes, refuses bad ones, and stops in order', async () => {
    const daemon = await start('--stand-alone');
    const client = await connect();
    const watcher = await connect(false);
    const seen: Element[] = [];
    const told = new Promise<void>((resolve) => {
      watcher.onDiff((notify) => {
        seen.push(notify);
        resolve();
      });
    });
    // A reply comes after the subscription that went before it on the same connection.
    await watcher.call({ operation: 'noop' });
    expect((await client.call({ ...change, data: property('1') })).rc).toBe(0);
    await told;
    expect(seen.map((notify) => attr(notify, 'cib_op'))).toEqual(['cib_modify']);
    const bad = await client.call({ ...change, data: parseXml('<bogus id="b"/>') });
    expect(bad.rc).toBe(-203);
    expect(bad.data?.name).toBe('cib');
    expect((await watcher.call({ ...change, data: property('2') })).rc).toBe(-13);
    const sync = await client.call({ operation: 'cib_query', options: cibOption.syncCall });
    expect(sync.data && attr(sync.data, 'epoch')).toBe('1');
    daemon.child.kill('SIGTERM');
    expect(await daemon.exited).toBe(0);
    client.close();
    watcher.close();
    expect(readFileSync(join(folder, 'cib', 'cib.xml'), 'utf8')).toContain('value="1"');
  });

  it('exits with 102 where corosync does not run, with 64 when misused', async () => {
    expect(await (await start()).exited).toBe(102);
    expect(await (await start('--bogus')).exited).toBe(64);
  });
});
