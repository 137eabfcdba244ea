/** `node test/cts/options/record.ts`: asks the reference again what it answers to each way to call it. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sharedPath } from '@sanode/runtime/testing';
import { argumentLists } from './arguments.ts';

const folder = mkdtempSync(join(tmpdir(), 'sanode-options-'));
try {
  copyFileSync(new URL('./input.xml', import.meta.url), join(folder, 'input.xml'));
  const runs = argumentLists.map(
    (args, at) => `crm_simulate -x input.xml ${args.join(' ')} >${at}.out 2>/dev/null; echo $? >${at}.code`,
  );
  execFileSync(sharedPath('lab', 'oracle'), ['run', 'sh', '-c', `cd "$1"\n${runs.join('\n')}`, 'sh', folder], {
    stdio: 'ignore',
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
  });
  const recorded = argumentLists.map((args, at) => ({
    args: args.join(' '),
    code: Number(readFileSync(join(folder, `${at}.code`), 'utf8')),
    stdout: readFileSync(join(folder, `${at}.out`), 'utf8'),
  }));
  writeFileSync(new URL('./recorded.json', import.meta.url), `${JSON.stringify(recorded, null, 2)}\n`);
  process.stdout.write(`${recorded.length} calls recorded\n`);
} finally {
  rmSync(folder, { recursive: true });
}
