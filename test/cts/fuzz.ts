/**
 * Differential fuzzing of the scheduler: `npm run fuzz:scheduler -- --count N --seed S [--keep FOLDER]`. Makes random
 * CIBs, lets the reference (../shared/lab/oracle) and ours simulate them, and compares all outputs.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { printPretty } from '@sanode/xml';
import { randomCib } from './random/index.ts';
import { recordReference } from './reference.ts';
import { compareRun, runOutputs } from './suite.ts';

const batchSize = 25;

/** Compares `--count` inputs from `--seed` on; `--keep FOLDER` gets what differs. @returns the exit code */
export async function run(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      keep: { type: 'string' },
    },
  });
  // The reference prints times of day in its own zone.
  process.env['TZ'] = 'UTC';
  const first = Number(values.seed);
  const count = Number(values.count);
  const tally = { different: 0, crashes: 0 };
  for (let from = first; from < first + count; from += batchSize) {
    const seeds = Array.from({ length: Math.min(batchSize, first + count - from) }, (_, at) => from + at);
    await compareBatch(seeds, values.keep, tally);
  }
  const compared = count - tally.crashes;
  const crashed = `${tally.crashes} not compared (the reference crashed)`;
  process.stdout.write(
    `${compared - tally.different} of ${compared} equal, ${crashed}, seeds ${first} to ${first + count - 1}\n`,
  );
  return tally.different === 0 ? 0 : 1;
}

async function compareBatch(
  seeds: readonly number[],
  keepFolder: string | undefined,
  tally: { different: number; crashes: number },
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sanode-fuzz-'));
  try {
    for (const seed of seeds) writeFileSync(join(folder, `${seed}.xml`), printPretty(randomCib(seed)));
    recordReference(folder, 'together');
    for (const seed of seeds) {
      const differences = await compareRun(join(folder, `${seed}.xml`), (output) => join(folder, `${seed}.${output}`));
      const found = runOutputs.filter((output) => differences[output] !== undefined);
      if (found.length === 0) continue;
      if (referenceCrashed(join(folder, `${seed}.text`))) {
        tally.crashes += 1;
        continue;
      }
      tally.different += 1;
      for (const output of found) process.stdout.write(`seed ${seed} ${output}: ${differences[output]}\n`);
      if (keepFolder !== undefined) keep(folder, seed, keepFolder);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function referenceCrashed(textFile: string): boolean {
  return /Triggered fatal assertion|Segmentation fault|Aborted/.test(readFileSync(textFile, 'utf8'));
}

function keep(folder: string, seed: number, target: string): void {
  mkdirSync(target, { recursive: true });
  for (const extension of ['xml', ...runOutputs]) {
    const file = join(folder, `${seed}.${extension}`);
    if (existsSync(file)) copyFileSync(file, join(target, `${seed}.${extension}`));
  }
}

if (import.meta.main) process.exitCode = await run(process.argv.slice(2));
