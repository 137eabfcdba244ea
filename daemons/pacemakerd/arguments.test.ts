import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listenIpc } from '@sanode/ipc';
import { describe, expect, it } from 'vitest';
import { answerArguments, answerOtherOne } from './arguments.ts';

describe('the command line of pacemakerd', () => {
  it('starts the daemon without options, and with the one its unit may give', () => {
    expect(answerArguments([])).toBeUndefined();
    expect(answerArguments(['-f'])).toBeUndefined();
  });

  it.each([
    ['-$', 0, /^Pacemaker \d/],
    ['--version', 0, /^Pacemaker \d/],
    ['--features', 0, /Supporting v3\.\d+\.\d+/],
    ['--help', 0, /^Usage: pacemakerd/],
  ])('answers %s and starts nothing', (arg, exitCode, says) => {
    expect(answerArguments([arg])).toMatchObject({ exitCode, stdout: expect.stringMatching(says) });
  });

  it('refuses what it does not know', () => {
    expect(answerArguments(['--nonsense'])).toMatchObject({
      exitCode: 64,
      stderr: expect.stringMatching(/--nonsense/),
    });
  });

  it('refuses to start beside another one, and starts where a dead one left its socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sanode-pacemakerd-'));
    const path = join(folder, 'pacemakerd.sock');
    expect(await answerOtherOne(path)).toBeUndefined();
    const server = await listenIpc(
      { path, mode: 0o600 },
      { request: (_client, _body, respond) => respond(Buffer.alloc(0)) },
    );
    expect(await answerOtherOne(path)).toMatchObject({
      exitCode: 69,
      stderr: expect.stringMatching(/another one runs/),
    });
    await server.close();
    expect(await answerOtherOne(path)).toBeUndefined();
    rmSync(folder, { recursive: true });
  });
});
