import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ActionRequest } from '../operation.ts';
import { ocfEnvironment } from './environment.ts';
import { lsbStatusCode, runLsbScript, runOcfProgram, runProgram } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'sanode-program-'));
afterAll(() => rmSync(folder, { recursive: true }));

function script(name: string, text: string, mode = 0o755): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode });
  return file;
}

function request(more: Partial<ActionRequest['resource']>, parameters: Record<string, string> = {}): ActionRequest {
  const resource = { id: 'web', standard: 'ocf', provider: 'heartbeat', type: 'nginx', ...more };
  return {
    resource,
    action: 'monitor',
    intervalMs: 0,
    timeoutMs: 1000,
    parameters: new Map(Object.entries(parameters)),
  };
}

const env = { PATH: '/usr/bin:/bin' };
const run = (file: string) =>
  runProgram(
    file,
    'monitor',
    env,
    () => {},
    (code) => code,
  );

describe('programs', () => {
  it('get the action, and give code, output and the last exit reason', async () => {
    const file = script(
      'agent',
      'echo "$# $1"; echo ocf-exit-reason:first >&2; echo ocf-exit-reason:second >&2; exit 7',
    );
    expect(await run(file)).toEqual({
      code: 7,
      status: 0,
      exitReason: 'second',
      stdout: '1 monitor\n',
      stderr: 'ocf-exit-reason:first\nocf-exit-reason:second\n',
    });
  });

  it('that are missing, not executable or killed', async () => {
    expect(await run(join(folder, 'none'))).toMatchObject({ code: 5, status: 7 });
    expect(await run(script('plain', 'exit 0', 0o644))).toMatchObject({ code: 4, status: 4 });
    expect(await run(script('suicide', 'kill -TERM $$'))).toMatchObject({
      code: 1,
      status: 4,
      exitReason: 'Resource agent interrupted by SIGTERM signal',
    });
  });

  it('lead a process group of their own', async () => {
    let pid = 0;
    const file = script('group', 'ps -o pgid= -p $$');
    const result = await runProgram(
      file,
      'start',
      env,
      (started) => (pid = started),
      (code) => code,
    );
    expect(Number(result.stdout)).toBe(pid);
  });

  it('whose names lead out of the folder are refused', async () => {
    expect(await runOcfProgram(request({ provider: '..', type: 'x' }), () => {})).toMatchObject({ code: 5, status: 7 });
    expect(await runOcfProgram(request({ type: 'a/../../b' }), () => {})).toMatchObject({ code: 5, status: 7 });
  });
});

it("LSB status codes are other ones; a missing script's stop is fine", async () => {
  expect([0, 1, 2, 3, 4, 150, 151, 99].map(lsbStatusCode)).toEqual([0, 7, 7, 7, 1, 5, 4, 1]);
  const absent = request({ standard: 'lsb', provider: '', type: 'sanode-absent' });
  expect(await runLsbScript({ ...absent, action: 'stop' }, () => {})).toMatchObject({ code: 0, status: 0 });
  expect(await runLsbScript(absent, () => {})).toMatchObject({ code: 5, status: 7 });
});

it('the environment is the OCF one, with the check level by its own name', () => {
  const parameters = { ip: '10.0.0.1', CRM_meta_timeout: '20000', OCF_CHECK_LEVEL: '10', 'a=b': 'x', empty: '' };
  const made = ocfEnvironment(request({}, parameters), { HOME: '/root', NOTIFY_SOCKET: '/run/x' });
  expect(made).toEqual({
    HOME: '/root',
    OCF_RA_VERSION_MAJOR: '1',
    OCF_RA_VERSION_MINOR: '1',
    OCF_ROOT: '/usr/lib/ocf',
    OCF_EXIT_REASON_PREFIX: 'ocf-exit-reason:',
    OCF_RESOURCE_INSTANCE: 'web',
    OCF_RESOURCE_TYPE: 'nginx',
    OCF_RESOURCE_PROVIDER: 'heartbeat',
    OCF_OUTPUT_FORMAT: 'text',
    LC_ALL: 'C',
    PCMK_service: 'pacemaker-execd',
    PATH: '/sbin:/bin:/usr/sbin:/usr/bin',
    OCF_RESKEY_ip: '10.0.0.1',
    OCF_RESKEY_CRM_meta_timeout: '20000',
    OCF_CHECK_LEVEL: '10',
    OCF_RESKEY_empty: '',
  });
});
