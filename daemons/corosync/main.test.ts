import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'corosync-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function corosync(...options: string[]) {
  const env = { ...process.env, SANODE_RUN_DIR: join(folder, 'run') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...options], { encoding: 'utf8', env });
  return { status, stdout, stderr: stderr.replace(/^\w{3} \d\d [\d:.]+ /gm, '') };
}

function conf(change: (text: string) => string = (text) => text): string {
  const file = join(folder, 'corosync.conf');
  const text = `totem {
    version: 2
    transport: udpu
}
nodelist {
    node {
        ring0_addr: 127.0.0.1
        name: ${hostname()}
        nodeid: 1
    }
}
quorum {
    provider: corosync_votequorum
}
system {
    state_dir: ${join(folder, 'none')}
}
`;
  writeFileSync(file, change(text));
  return file;
}

// Each test starts a process, which takes seconds on a busy machine.
describe('corosync', { timeout: 30_000 }, () => {
  it('tests a configuration', () => {
    const { status, stderr } = corosync('-t', '-c', conf());
    expect([status, stderr]).toEqual([0, 'notice  [MAIN  ] Corosync Cluster Engine exiting normally\n']);
  });

  it.each([
    ['unknown option', ['-x'], 1, "corosync: invalid option -- 'x'\nusage:"],
    ['no value', ['-c'], 1, "corosync: option requires an argument -- 'c'"],
    ['no file', ['-t', '-c', '/nonexistent'], 8, "Can't read file /nonexistent: No such file or directory"],
  ])('refuses %s', (_name, options, expectedStatus, text) => {
    const { status, stderr } = corosync(...options);
    expect(status).toBe(expectedStatus);
    expect(stderr).toContain(text);
  });

  it.each([
    [
      'knet',
      (text: string) => text.replace('udpu', 'knet'),
      8,
      "transport: knet is not supported yet: write 'transport: udpu'",
    ],
    ['no nodes', (text: string) => text.replace('ring0_addr', 'ring9'), 8, 'names no nodes: write a nodelist'],
    [
      'no links',
      (text: string) => text.replace('ring0_addr', 'ring9'),
      8,
      'parse error in config: No interfaces defined',
    ],
    ['a broken line', (text: string) => `${text}oops\n`, 8, 'Line is not opening or closing section or key value'],
    [
      'a bad log setting',
      (text: string) => `${text}logging {\ndebug: maybe\n}\n`,
      7,
      'parse error in config: unknown value for debug.',
    ],
    ['a missing state directory', (text: string) => text, 16, 'Cannot chdir to state directory'],
  ])('refuses %s', (_name, change, expectedStatus, text) => {
    const { status, stderr } = corosync('-f', '-c', conf(change));
    expect(status).toBe(expectedStatus);
    expect(stderr).toContain(text);
  });

  it('shows its version', () => {
    expect(corosync('-v').stdout).toMatch(/^Corosync Cluster Engine, version '3\.1\.7'\n/);
  });
});
