import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from './index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keygen-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function keygen(...argv: string[]) {
  let stdout = '';
  let stderr = '';
  const io = {
    stdout(text: string) {
      stdout += text;
    },
    stderr(text: string) {
      stderr += text;
    },
    readStdin: async () => '',
    env: {},
    isTty: false,
    columns: 80,
  };
  const code = await run(argv, io);
  return { code, stdout, stderr };
}

describe('corosync-keygen', () => {
  it('writes a key that only its owner reads', async () => {
    const file = join(folder, 'authkey');
    const { code, stdout } = await keygen('-s', '128', '-k', file);
    expect(code).toBe(0);
    expect(stdout).toBe(
      'Corosync Cluster Engine Authentication key generator.\n' +
        `Gathering 1024 bits for key from /dev/urandom.\nWriting corosync key to ${file}.\n`,
    );
    expect(statSync(file).mode & 0o777).toBe(0o400);
    expect(new Set(readFileSync(file)).size).toBeGreaterThan(32);
  });

  it('refuses sizes and places', async () => {
    expect(await keygen('-s', '127')).toMatchObject({
      code: 1,
      stderr: 'corosync-keygen: Unsupported key size (supported <128,4096>)\n\n',
    });
    const file = join(folder, 'none', 'key');
    expect(await keygen('-k', file)).toMatchObject({
      code: 2,
      stderr: `corosync-keygen: Could not create ${file}: No such file or directory\n`,
    });
    expect((await keygen('--bad')).code).toBe(1);
  });
});
