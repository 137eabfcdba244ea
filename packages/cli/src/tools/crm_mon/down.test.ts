import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type IpcServer, listenXmlIpc } from '@sanode/ipc';
import { paths } from '@sanode/runtime';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { element } from '@sanode/xml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

process.env['TZ'] = 'UTC';
process.env['SANODE_RELEASE'] = '2.1';
const { run } = await import('./index.ts');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sanode-mon-'));
  process.env['SANODE_RUN_DIR'] = folder;
});
afterAll(() => {
  delete process.env['SANODE_RUN_DIR'];
  rmSync(folder, { recursive: true, force: true });
});

async function crmMon(argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const result = { code: 0, out: '', err: '' };
  result.code = await run(argv, {
    stdout: (text) => {
      result.out += text;
    },
    stderr: (text) => {
      result.err += text;
    },
    readStdin: () => Promise.resolve(''),
    env: {},
    isTty: false,
    columns: 80,
  });
  return result;
}

function captured(name: string): { code: number; out: string; err: string } {
  const read = (end: string): string => {
    const file = sharedPath('vectors', 'cli', 'down', `${name}.${end}`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  };
  return { code: Number(/exit: (\d+)/.exec(read('cmd'))?.[1]), out: read('out'), err: read('err') };
}

describe.skipIf(!haveShared())('without a cluster', () => {
  test.each([
    ['crm_mon_-1', ['-1']],
    ['crm_mon_-s', ['-s']],
    ['crm_mon_--output-as=xml', ['--output-as=xml']],
  ])('%s', async (name, argv) => {
    expect(await crmMon(argv)).toEqual(captured(name));
  });
});

describe('while the daemons start', () => {
  let server: IpcServer;
  beforeAll(async () => {
    server = await listenXmlIpc(
      { path: paths.socket('pacemakerd'), mode: 0o600 },
      {
        request(_client, _message, respond) {
          const attributes = { 'crm-timestamp': 1_795_336_862, pacemakerd_state: 'starting_daemons', result: 'ok' };
          respond(element('ping_response', attributes));
        },
      },
    );
  });
  afterAll(() => server.close());

  test('it says so, and does not ask for the CIB', async () => {
    expect(await crmMon(['-1'])).toEqual({
      code: 0,
      out: "Status of pacemakerd: 'Pacemaker daemons are starting' (last updated 2026-11-22 08:41:02Z)\n",
      err: '',
    });
  });
});
