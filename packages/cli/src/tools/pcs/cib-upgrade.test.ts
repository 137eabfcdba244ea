import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { releases } from '@sanode/runtime';
import { attr, parseXml } from '@sanode/xml';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from './index.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pcs-upgrade-'));
  file = join(folder, 'cib.xml');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function upgrade(): Promise<{ code: number; err: string }> {
  let err = '';
  const code = await run(['-f', file, 'cluster', 'cib-upgrade'], {
    stdout() {},
    stderr(text) {
      err += text;
    },
    readStdin: async () => '',
    env: {},
    isTty: false,
    columns: 80,
  });
  return { code, err };
}

function write(schema: string, resources: string): void {
  writeFileSync(
    file,
    `<cib validate-with="${schema}" admin_epoch="0" epoch="1" num_updates="0"><configuration><crm_config/><nodes/>` +
      `<resources>${resources}</resources><constraints/></configuration><status/></cib>`,
  );
}

it('brings a file to the newest schema once, and is silent the second time', async () => {
  write('pacemaker-2.10', '');
  expect(await upgrade()).toEqual({ code: 0, err: 'Cluster CIB has been upgraded to latest version\n' });
  expect(attr(parseXml(readFileSync(file, 'utf8')), 'validate-with')).toBe(releases['3.0'].newestSchema);
  expect(await upgrade()).toEqual({ code: 0, err: '' });
});

it('says why a file cannot be upgraded', async () => {
  write('pacemaker-2.10', '<nonsense/>');
  const { code, err } = await upgrade();
  expect(code).toBe(1);
  expect(err).toMatch(/^Error: unable to upgrade cluster: .*does not conform to the configured schema/);
});
