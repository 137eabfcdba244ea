import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { attr, parseXml } from '@sanode/xml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ToolIo } from '../../io.ts';
import { run as crmAttribute } from '../crm_attribute/index.ts';
import { run as crmStandby } from '../crm_standby/index.ts';
import { run as cibadmin } from './index.ts';

let folder: string;
let file: string;

interface UpgradeCase {
  name: string;
  before: string;
  after_3_0_3: string | null;
  rc_3_0_3: number;
  messages_3_0_3: string[];
}

interface Outcome {
  code: number;
  out: string;
  err: string;
}

async function call(
  tool: (argv: string[], io: ToolIo) => Promise<number>,
  argv: string[],
  stdin = '',
): Promise<Outcome> {
  const outcome: Outcome = { code: 0, out: '', err: '' };
  outcome.code = await tool(argv, {
    stdout: (text) => {
      outcome.out += text;
    },
    stderr: (text) => {
      outcome.err += text;
    },
    readStdin: async () => stdin,
    env: { CIB_file: file },
    isTty: false,
    columns: 80,
  });
  return outcome;
}

/** What a captured case printed, and its exit code. */
function captured(name: string): Outcome {
  const read = (extension: string): string => {
    try {
      return readFileSync(sharedPath('vectors', 'cli', 'tools', `${name}.${extension}`), 'utf8');
    } catch {
      return '';
    }
  };
  return { code: Number(/exit: (\d+)/.exec(read('cmd'))?.[1]), out: read('out'), err: read('err') };
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cibadmin-'));
  file = join(folder, 'cib.xml');
  if (haveShared()) copyFileSync(sharedPath('vectors', 'cli', 'cib', '02-running.xml'), file);
  if (haveShared()) chmodSync(file, 0o600);
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.skipIf(!haveShared())('cibadmin on a file', () => {
  it('prints the document as the reference does, byte for byte', async () => {
    const { out, code } = await call(cibadmin, ['-Q']);
    expect(out).toBe(readFileSync(file, 'utf8'));
    expect(code).toBe(0);
  });

  const tmp1 = '<primitive id="tmp1" class="ocf" provider="pacemaker" type="Dummy"/>';
  it.each([
    ['cib-create-dup', ['-C', '-o', 'resources', '-X', tmp1], [['-C', '-o', 'resources', '-X', tmp1]]],
    ['cib-create-nodata', ['-C', '-o', 'resources'], []],
    ['cib-create-noscope', ['-C', '-X', '<primitive id="tmp2" class="ocf" provider="pacemaker" type="Dummy"/>'], []],
    ['cib-create-cib', ['-C', '-X', '<cib/>'], []],
    ['cib-delete-again', ['-D', '-X', '<primitive id="tmp3"/>'], []],
    ['cib-delete-all', ['-d', '-A', '//nvpair[@name="nosuch"]'], []],
    ['cib-delete-xpath-none', ['-D', '-A', '//primitive[@id="tmp1"]'], []],
    ['cib-erase', ['-E'], []],
    ['cib-modify-none', ['-M', '-o', 'resources', '-X', '<primitive id="nosuch" description="x"/>'], []],
    ['cib-q-none', ['-Q', '-A', '//nosuch'], []],
    ['cib-q-scope-n', ['-Q', '-n', '-o', 'resources'], []],
    ['cib-q-xpath-n', ['-Q', '-n', '-A', '//group'], []],
    ['cib-q-xpath', ['-Q', '-A', "//nvpair[@name='target-role']"], []],
    ['cib-replace-junk', ['-R', '-X', '<junk/>'], []],
    ['cib-replace-old', ['-R', '-X', '<cib epoch="1" num_updates="0" admin_epoch="0"/>'], []],
    ['cib-nofile', ['-R', '-x', '/nonexistent'], []],
    ['cib-upgrade', ['-u'], []],
    ['cib-bump', ['-B'], []],
  ])('does as captured: %s', async (name, argv, before) => {
    for (const words of before) await call(cibadmin, words);
    expect(await call(cibadmin, argv)).toEqual(captured(name));
  });

  it('prints the rejected document when the schema is violated', async () => {
    const before = readFileSync(file, 'utf8');
    const { code, out, err } = await call(cibadmin, ['-D', '-A', '//resources']);
    expect(code).toBe(78);
    expect(err).toBe(captured('cib-delete-invalid').err);
    expect(parseXml(out).name).toBe('cib');
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('upgrades to the newest schema, and says with -V what it changed', async () => {
    const cases = JSON.parse(readFileSync(sharedPath('vectors', 'schema', 'upgrade.json'), 'utf8')) as UpgradeCase[];
    const names = ['props-renamed', 'no-transform-needed', 'transform-result-invalid'];
    for (const name of names) {
      const entry = cases.find((each) => each.name === name) as UpgradeCase;
      writeFileSync(file, entry.before);
      const { code, err } = await call(cibadmin, ['--upgrade', '--force', '-V']);
      expect(code).toBe(entry.rc_3_0_3);
      const expected = parseXml(entry.after_3_0_3 ?? entry.before);
      const now = parseXml(readFileSync(file, 'utf8'));
      for (const attribute of ['admin_epoch', 'epoch', 'num_updates', 'validate-with']) {
        expect(attr(now, attribute)).toBe(attr(expected, attribute));
      }
      if (code === 0) expect(err).toBe(entry.messages_3_0_3.map((text) => `${text}\n`).join(''));
      else expect(err).toContain('Schema transform failed');
    }
  });

  it('counts one version on and leaves the rest as it is', async () => {
    await call(cibadmin, ['-M', '-X', '<nvpair id="o-stonith" value="true"/>']);
    const cib = parseXml(readFileSync(file, 'utf8'));
    expect([attr(cib, 'epoch'), attr(cib, 'num_updates'), attr(cib, 'update-client')]).toEqual(['13', '0', 'cibadmin']);
  });

  it('makes the digests of the reference', async () => {
    const { code, err } = await call(cibadmin, ['-5', '-x', file]);
    expect([code, err]).toEqual([0, captured('cib-md5').err]);
  });

  it('refuses unknown options with its help, as getopt does', async () => {
    const { code, err } = await call(cibadmin, ['--bogus']);
    expect(code).toBe(64);
    expect(err).toMatch(/^cibadmin: unrecognized option '--bogus'\ncibadmin - query and edit/);
  });

  it('names the line of XML that is broken', async () => {
    const { code, err } = await call(cibadmin, ['-C', '-o', 'resources', '-p'], '<a>\n<b></a>');
    expect(code).toBe(78);
    expect(err).toMatch(/line 2: element b is closed as a/);
  });
});

describe.skipIf(!haveShared())('crm_attribute and crm_standby on a file', () => {
  const set = ['-n', 'foo', '-v', 'bar'];
  it.each([
    ['attr-set', set, []],
    ['attr-query', ['-n', 'foo', '-G'], [set]],
    ['attr-query-q', ['-n', 'foo', '-G', '-q'], [set]],
    ['attr-query-none', ['-n', 'foo', '-G'], []],
    ['attr-query-default', ['-n', 'foo', '-G', '-d', 'dflt'], []],
    ['attr-del', ['-n', 'foo', '-D'], [set]],
    ['attr-del-none', ['-n', 'foo', '-D'], []],
    ['attr-inc3', ['-n', 'cnt', '-G'], [['-n', 'cnt', '-v', 'cnt++']]],
    ['attr-node-query', ['-N', 'lb1', '-n', 'site', '-G'], [['-N', 'lb1', '-n', 'site', '-v', 'hanoi']]],
    ['attr-site-del', ['-N', 'lb1', '-n', 'site', '-D'], [['-N', 'lb1', '-n', 'site', '-v', 'hanoi']]],
    ['attr-util-query', ['-N', 'lb1', '-z', '-n', 'cpu', '-G'], [['-N', 'lb1', '-z', '-n', 'cpu', '-v', '8']]],
    ['attr-nosuchnode', ['-N', 'nosuch', '-n', 'a', '-v', 'b'], []],
    ['attr-badtype', ['-t', 'bogus', '-n', 'a', '-G'], []],
    ['attr-bad-lifetime', ['-N', 'lb1', '-n', 'a', '-v', '1', '-l', 'bogus'], []],
    ['attr-pattern', ['-P', 'no-.*', '-G'], []],
    ['attr-promo-noenv', ['--promotion', '-v', '10'], []],
  ])('does as captured: %s', async (name, argv, before) => {
    for (const words of before) expect((await call(crmAttribute, words)).code).toBe(0);
    expect(await call(crmAttribute, argv)).toEqual(captured(name));
  });

  it.each([
    ['standby-on', ['-N', 'lb1', '-v', 'on'], []],
    ['standby-q', ['-N', 'lb1', '-G'], []],
    ['standby-q2', ['-N', 'lb1', '-G'], [['-N', 'lb1', '-v', 'on']]],
    ['standby-qq', ['-N', 'lb1', '-G', '-q'], []],
    ['standby-del', ['-N', 'lb1', '-D'], [['-N', 'lb1', '-v', 'on']]],
    ['standby-rootless', ['-v', 'on', '-N', 'nosuch'], []],
  ])('does as captured: %s', async (name, argv, before) => {
    for (const words of before) expect((await call(crmStandby, words)).code).toBe(0);
    expect(await call(crmStandby, argv)).toEqual(captured(name));
  });
});
