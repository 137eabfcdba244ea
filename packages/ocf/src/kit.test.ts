import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type Agent,
  exitReasonOf,
  isOcfTrue,
  metadataXml,
  type OperationHost,
  ocf,
  runCommand,
  runOperation,
} from './index.ts';

const host: OperationHost = {
  program: '/usr/lib/ocf/resource.d/test/Sample',
  log() {},
  background() {},
  rerun: () => Promise.reject(new Error('not here')),
};

const sample: Agent = {
  provider: 'test',
  name: 'Sample',
  version: '1.0',
  apiVersion: '1.1',
  shortDescription: 'A <sample>',
  longDescription: 'For "tests" & more',
  parameters: [
    { name: 'color', type: 'string', default: 'red', reloadable: true, shortDescription: 's', longDescription: 'l' },
    { name: 'state', type: 'string', default: (id) => `/run/${id}`, shortDescription: 's', longDescription: 'l' },
  ],
  actions: [{ name: 'start', timeoutSeconds: 20 }],
  operations: {
    start(context) {
      context.print([context.param('color'), context.param('state'), context.checkLevel, context.isProbe].join(' '));
      return ocf.success;
    },
    monitor: (context) => (context.isProbe ? ocf.notRunning : ocf.generic),
    stop() {
      throw new Error('the disk is on fire');
    },
  },
  usage: (program) => `usage: ${program}`,
};

const env = { OCF_RA_VERSION_MAJOR: '1', OCF_RESOURCE_INSTANCE: 'x' };

describe('operations', () => {
  it('get defaults for what is unset; an empty value stays empty', async () => {
    const unset = await runOperation(sample, 'start', { ...env, OCF_CHECK_LEVEL: '10' }, host);
    expect(unset.stdout).toBe('red /run/x 10 false\n');
    const empty = await runOperation(sample, 'start', { ...env, OCF_RESKEY_color: '' }, host);
    expect(empty.stdout).toBe(' /run/x 0 false\n');
  });

  it('tell a probe from a recurring monitor', async () => {
    expect((await runOperation(sample, 'monitor', env, host)).code).toBe(7);
    const recurring = { ...env, OCF_RESKEY_CRM_meta_interval: '10000' };
    expect((await runOperation(sample, 'monitor', recurring, host)).code).toBe(1);
  });

  it('that throw fail with a reason; unknown ones are 3 with the usage', async () => {
    const thrown = await runOperation(sample, 'stop', env, host);
    expect(thrown).toMatchObject({ code: 1, exitReason: 'the disk is on fire' });
    expect(thrown.stderr).toBe('ocf-exit-reason:the disk is on fire\n');
    const unknown = await runOperation(sample, 'toString', env, host);
    expect(unknown).toMatchObject({ code: 3, stdout: 'usage: /usr/lib/ocf/resource.d/test/Sample\n' });
  });

  it('print meta-data that is escaped', () => {
    const xml = metadataXml(sample);
    expect(xml).toContain('<shortdesc lang="en">A &lt;sample&gt;</shortdesc>');
    expect(xml).toContain('default="/run/Sample"');
    expect(xml).toContain('<parameter name="color" reloadable="1">');
  });
});

describe('exit reasons', () => {
  it('are the last one, to the end of its line, 128 bytes of whole characters', () => {
    expect(exitReasonOf('a\nocf-exit-reason:one\nocf-exit-reason:two\nb')).toBe('two');
    expect(exitReasonOf('nothing')).toBe('');
    const cut = exitReasonOf(`ocf-exit-reason:${'ü'.repeat(100)}x`);
    expect(cut).toBe('ü'.repeat(64));
    expect(exitReasonOf(`ocf-exit-reason:a${'ü'.repeat(100)}`)).toBe(`a${'ü'.repeat(63)}`);
  });
});

it('booleans are the words of the shell agents', () => {
  expect(['yes', 'True', 'ON', 'ja'].every(isOcfTrue)).toBe(true);
  expect(['On', 'y', '', 'false', 'Yes'].some(isOcfTrue)).toBe(false);
});

describe('programs', () => {
  it('give their code and output', async () => {
    const result = await runCommand('/bin/sh', ['-c', 'echo out; echo err >&2; exit 3']);
    expect(result).toMatchObject({ code: 3, stdout: 'out\n', stderr: 'err\n', timedOut: false });
  });

  it('that are missing or not executable say so', async () => {
    expect(await runCommand('/nonexistent', [])).toMatchObject({ code: 127, startError: 'ENOENT' });
    expect(await runCommand('/etc/passwd', [])).toMatchObject({ code: 126, startError: 'EACCES' });
  });

  it('end when the process ends, though a daemon keeps their output open', async () => {
    const startMs = performance.now();
    const result = await runCommand('/bin/sh', ['-c', 'sleep 5 & echo done']);
    expect(result.stdout).toBe('done\n');
    expect(performance.now() - startMs).toBeLessThan(3000);
  });

  it('are killed with what they started at the timeout', async () => {
    const result = await runCommand('/bin/sh', ['-c', 'sleep 60 & echo $!; wait'], { detached: true, timeoutMs: 300 });
    expect(result).toMatchObject({ timedOut: true, signal: 'SIGKILL', code: 137 });
    const child = Number(result.stdout);
    await expect.poll(() => isAlive(child)).toBe(false);
  });

  it('that print without end keep the limit', async () => {
    const result = await runCommand('/bin/sh', ['-c', 'head -c 3000000 /dev/zero'], { maxOutputBytes: 1000 });
    expect(result.stdout).toHaveLength(1000);
    expect(result.droppedBytes).toBe(2_999_000);
  });
});

/** A zombie nobody reaps does not count. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}
