import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Step, StepResult } from './replay-runner.ts';

const namespace = `agt-n${process.pid}`;
const folder = mkdtempSync(join(tmpdir(), 'sanode-nginx-'));
const configfile = join(folder, 'nginx.conf');
const pidFile = join(folder, 'nginx.pid');

function makeNamespace(): boolean {
  if (!existsSync('/usr/sbin/nginx')) return missing(new Error('nginx is not installed'));
  try {
    execFileSync('ip', ['netns', 'add', namespace], { stdio: 'pipe' });
    execFileSync('ip', ['-n', namespace, 'link', 'set', 'lo', 'up'], { stdio: 'pipe' });
    return true;
  } catch (error) {
    return missing(error);
  }
}

/** Without nginx or root the tests are counted as not run; in CI that is a failure. */
function missing(error: unknown): false {
  if (process.env['CI'] === 'true') throw error;
  console.log(`not run: ${(error as Error).message}`);
  return false;
}

const enabled = makeNamespace();

afterAll(() => {
  if (enabled) execFileSync('ip', ['netns', 'del', namespace]);
  rmSync(folder, { recursive: true });
});

function config(server: string, pid = `pid ${pidFile};`): Step {
  const lines = [
    pid,
    `error_log ${folder}/error.log;`,
    'events {}',
    'http {',
    'access_log off;',
    'server {',
    server,
    '}',
    '}',
  ];
  return { write: configfile, text: `${lines.join('\n')}\n` };
}

const plain = config(
  'listen 8089;\nlocation /status {\nstub_status on;\n}\nlocation /hello { return 200 "Welcome home"; }',
);

function call(action: string, params: Record<string, string> = {}, level = '0'): Step {
  return { action, params: { configfile, ...params }, level };
}

function play(...steps: Step[]): StepResult[] {
  const file = join(folder, 'steps.json');
  writeFileSync(file, JSON.stringify(steps));
  const runner = fileURLToPath(new URL('./replay-runner.ts', import.meta.url));
  const output = execFileSync('ip', ['netns', 'exec', namespace, process.execPath, runner, file], { encoding: 'utf8' });
  return JSON.parse(output) as StepResult[];
}

const codes = (results: readonly StepResult[]): number[] => results.map((result) => result.code);

describe.skipIf(!enabled)('nginx, the real one', () => {
  it('starts, is found running, reloads, stops; each twice', () => {
    const actions = [
      'validate-all',
      'monitor',
      'start',
      'start',
      'monitor',
      'status',
      'reload',
      'stop',
      'stop',
      'monitor',
      'status',
    ];
    const results = play(plain, ...actions.map((action) => call(action)));
    expect(codes(results)).toEqual([0, 7, 0, 0, 0, 0, 0, 0, 0, 7, 7]);
    expect(results.at(-1)?.processes).toEqual([]);
  });

  it('checks deeper levels', () => {
    const url = 'http://127.0.0.1:8089/hello';
    const results = play(
      plain,
      {
        write: join(folder, 'tests'),
        text: `test one\nurl ${url}\nmatch nothing\nend\ntest two\nurl ${url}\nmatch home\nend\n`,
      },
      { write: join(folder, 'check'), text: '#!/bin/sh\nexit $1\n' },
      call('start'),
      call('monitor', {}, '10'),
      call('monitor', { status10url: '' }, '15'),
      call('monitor', { status10url: 'http://127.0.0.1:8089/none' }, '10'),
      call('monitor', { status10url: '/status' }, '10'),
      call('monitor', { status10url: 'http://127.0.0.1:1/status' }, '10'),
      call('monitor', { status10regex: 'ACTIVE [[:alpha:]]+' }, '10'),
      call('monitor', { client: 'curl' }, '10'),
      call('monitor', { testclient: 'wget' }, '10'),
      call('monitor', {}, '20'),
      call('monitor', { test20url: '/hello', test20regex: 'welcome' }, '20'),
      call('monitor', { test20url: url, test20regex: 'goodbye' }, '20'),
      call('monitor', { test20conffile: join(folder, 'tests') }, '20'),
      call('monitor', { test20conffile: join(folder, 'tests'), test20name: 'two' }, '20'),
      call('monitor', {}, '30'),
      call('monitor', { external_monitor30_cmd: `${folder}/check 0` }, '30'),
      call('monitor', { external_monitor30_cmd: 'false' }, '30'),
      call('monitor', { external_monitor30_cmd: `${folder}/nothing` }, '30'),
      call('stop'),
    );
    expect(codes(results)).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0, 6, 0, 1, 1, 0, 6, 0, 7, 6, 0]);
    expect(results[16]?.exitReason).toBe('false reported failure [rc=1]');
  });

  it('a broken configuration or an address that is not here is 5, a taken port 1', () => {
    const results = play(
      { write: configfile, text: `pid ${pidFile};\nnonsense;\n` },
      call('start'),
      call('monitor'),
      call('validate-all', { status10url: 'http://127.0.0.1/x' }),
      config('listen 192.0.2.1:80;'),
      call('start'),
      call('stop'),
      { remove: configfile },
      call('start'),
      call('monitor'),
      call('stop'),
    );
    expect(codes(results)).toEqual([5, 7, 6, 5, 0, 6, 7, 0]);
    expect(results[2]?.exitReason).toContain('reported a configuration error.');
    expect(results[5]?.exitReason).toBe(`Cannot parse config file [${configfile}]`);
  });

  it('a killed master is noticed, and a stop leaves no orphan that holds the port', () => {
    const results = play(
      plain,
      call('start'),
      { kill: pidFile, signal: 'SIGKILL' },
      call('monitor'),
      call('stop'),
      call('start'),
      call('stop'),
    );
    expect(codes(results)).toEqual([0, 7, 0, 0, 0]);
    expect(results[1]?.processes).toEqual(['nginx:']);
    expect(results[2]?.processes).toEqual([]);
  });

  it('a pid file that names something else is stale: nothing else is killed', () => {
    const results = play(
      plain,
      { write: pidFile, text: `${process.pid}\n` },
      call('monitor'),
      call('stop'),
      { write: pidFile, text: 'garbage\n' },
      call('monitor'),
      { remove: pidFile },
      call('start'),
      { remove: pidFile },
      call('monitor'),
      call('stop'),
    );
    expect(codes(results)).toEqual([7, 0, 7, 0, 7, 0]);
    expect(results.at(-1)?.processes).toEqual([]);
  });

  it('SIGTERM that is not obeyed is followed by SIGKILL', () => {
    const results = play(plain, call('start'), { kill: pidFile, signal: 'SIGSTOP' }, call('stop'));
    expect(codes(results)).toEqual([0, 0]);
    expect(results.at(-1)?.processes).toEqual([]);
  }, 20_000);

  it('without a program: stop and probe say that nothing runs', () => {
    const env = { ...process.env, OCF_TESTER_FAIL_HAVE_BINARY: '1', OCF_RA_VERSION_MAJOR: '1' };
    const main = fileURLToPath(new URL('./main.ts', import.meta.url));
    const code = (action: string): number => {
      try {
        execFileSync(process.execPath, [main, action], { env, stdio: 'pipe' });
        return 0;
      } catch (error) {
        return (error as { status: number }).status;
      }
    };
    expect(['start', 'stop', 'monitor', 'meta-data', 'nonsense'].map(code)).toEqual([5, 0, 7, 0, 5]);
  });
});
