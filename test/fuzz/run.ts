/**
 * Fuzzing of everything that corosync reads from others: `npm run fuzz:ring -- [--count N] [--seed S] [--target NAME]`.
 * The same seed and target give the same inputs.
 */
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SimRandom } from '@sanode/sim';
import { confTarget } from './src/conf-target.ts';
import { localTargets } from './src/local-targets.ts';
import { pgTarget } from './src/pg-target.ts';
import { ringTargets } from './src/ring-target.ts';
import { serviceTargets } from './src/service-targets.ts';
import type { FuzzTarget, FuzzTargetKind } from './src/target.ts';

const turnInputs = 500;
const countLimit = 1_000_000_000;
/** What may still be held after the inputs, on top of what a tenth of them left, bytes. */
export const growthLimitBytes = 24 * 1024 * 1024;
const usage = 'usage: npm run fuzz:ring -- [--count N] [--seed S] [--target NAME]';

/** All that is fuzzed, in the order of the layers. */
export const targets: readonly FuzzTargetKind[] = [
  ...ringTargets,
  pgTarget,
  ...serviceTargets,
  ...localTargets,
  confTarget,
];

/** What one target came to. */
export interface FuzzResult {
  readonly counters: Readonly<Record<string, number>>;
  /** Growth of live memory over the last nine tenths of the inputs. */
  readonly growthBytes: number;
  /** Live memory in the end. */
  readonly heapBytes: number;
}

/** Feeds `count` inputs to a target. @throws {Error} naming the input that broke it */
export async function fuzzTarget(kind: FuzzTargetKind, count: number, seed: number): Promise<FuzzResult> {
  const target: FuzzTarget = kind.make(new SimRandom(seed));
  const warm = Math.floor(count / 10);
  let before = 0;
  for (let input = 1; input <= count; input += 1) {
    try {
      target.next();
    } catch (error) {
      throw new Error(`input ${input} of ${kind.name} broke it: ${(error as Error).stack}`);
    }
    // What a turn of the event loop would do meanwhile: what is queued for its end must not pile up here.
    if (input % turnInputs === 0) await setImmediate();
    if (input === warm) before = liveBytes();
  }
  const heapBytes = liveBytes();
  const counters = target.counters();
  target.finish();
  return { counters, heapBytes, growthBytes: heapBytes - before };
}

/** @returns the process's exit code: 0 when all held, 1 when one failed, 2 on bad usage */
export async function run(args: readonly string[], print = (line: string): void => console.log(line)): Promise<number> {
  let values: { count?: string; seed?: string; target?: string };
  try {
    const options = { count: { type: 'string' }, seed: { type: 'string' }, target: { type: 'string' } } as const;
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    print(`${(error as Error).message}\n${usage}`);
    return 2;
  }
  const count = Number(values.count ?? 10_000);
  const seed = Number(values.seed ?? 1);
  const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target);
  if (!Number.isInteger(count) || count < 1 || count > countLimit || !Number.isSafeInteger(seed) || seed < 0) {
    print(`--count takes a number from 1 to ${countLimit}, --seed one from 0\n${usage}`);
    return 2;
  }
  if (chosen.length === 0) {
    print(`no such target; there are: ${targets.map(({ name }) => name).join(', ')}\n${usage}`);
    return 2;
  }
  let failed = 0;
  for (const kind of chosen) {
    const startMs = performance.now();
    try {
      const { counters, growthBytes, heapBytes } = await fuzzTarget(kind, count, seed);
      const listed = Object.entries(counters).map(([name, value]) => `${name} ${value}`);
      const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
      print(
        `${kind.name}: ${count} inputs, ${seconds} s, live memory ${mebibytes(heapBytes)} (${mebibytes(growthBytes)} more)`,
      );
      print(`  ${listed.join(', ')}`);
      if (growthBytes <= growthLimitBytes) continue;
      print(`${kind.name} failed: memory grows`);
    } catch (error) {
      print(`${kind.name} failed: ${(error as Error).message}`);
    }
    failed += 1;
    print(`replay: npm run fuzz:ring -- --target ${kind.name} --seed ${seed} --count ${count}`);
  }
  print(`${chosen.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Memory that is still referred to, buffers included. */
function liveBytes(): number {
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

if (import.meta.main) process.exitCode = await run(process.argv.slice(2));
