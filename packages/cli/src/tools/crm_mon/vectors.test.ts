import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { ToolIo } from '../../io.ts';

process.env['TZ'] = 'UTC';
process.env['SANODE_RELEASE'] = '2.1';
const { run } = await import('./index.ts');

/** Captures that are not equal, and why. */
const known: Readonly<Record<string, string>> = {
  '02-running/version': 'we name ourselves',
  '02-running/version-xml': 'we name ourselves',
  '02-running/cgi': 'the refusal is on standard error, not in a page',
  '02-running/daemon-noto': 'the capture was taken with its output going elsewhere',
};

interface Case {
  readonly name: string;
  readonly file: string;
  readonly code: number;
  readonly argv: readonly string[];
  readonly expected: string;
}

function readCases(): Case[] {
  const root = sharedPath('vectors', 'cli', 'crm_mon');
  return readdirSync(root).flatMap((folder) =>
    readFileSync(`${root}/${folder}/INDEX`, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => {
        const [name = '', code = '', command = ''] = line.split('|');
        const file = `${root}/${folder}/${name}.out`;
        return {
          name: `${folder}/${name}`,
          file: sharedPath('vectors', 'cli', 'cib', `${folder}.xml`),
          code: Number(code),
          argv: command.split(' ').slice(1),
          expected: existsSync(file) ? readFileSync(file, 'utf8') : '',
        };
      }),
  );
}

/** The time of the report is the one thing that differs each time. */
function mask(text: string): string {
  return text.replace(/Last updated: .*/, 'Last updated').replace(/<last_update time="[^"]*"/, '<last_update');
}

async function outcome(each: Case): Promise<{ code: number; text: string; errors: string }> {
  let text = '';
  let errors = '';
  const xmlFile = each.argv.includes('-x')
    ? { argv: each.argv.map((word) => (word.startsWith('cib/') ? sharedPath('vectors', 'cli', word) : word)) }
    : { argv: [...each.argv] };
  const io: ToolIo = {
    stdout: (more) => {
      text += more;
    },
    stderr: (more) => {
      errors += more;
    },
    readStdin: () => Promise.resolve(''),
    env: { CIB_file: each.file },
    isTty: false,
    columns: 80,
  };
  const code = await run([...xmlFile.argv], io);
  return { code, text, errors };
}

describe.skipIf(!haveShared())('crm_mon as the real one printed it', () => {
  // One capture has a constraint that ended a day later.
  beforeAll(() => vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-11-22T08:48:50Z') }));
  afterAll(() => vi.useRealTimers());

  test('all captured reports', async () => {
    const cases = readCases();
    const different: string[] = [];
    for (const each of cases) {
      const { code, text } = await outcome(each);
      const equal = code === each.code && mask(text) === mask(each.expected);
      if (!equal) different.push(each.name);
    }
    console.log(`${cases.length - different.length} of ${cases.length} equal`);
    expect(different.filter((name) => known[name] === undefined)).toEqual([]);
    expect(cases.length).toBeGreaterThan(300);
  }, 60_000);
});
