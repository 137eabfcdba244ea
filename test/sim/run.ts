import { parseArgs } from 'node:util';
import { simulateRing } from './src/ring-simulation.ts';

const USAGE = 'usage: npm run sim -- [--seeds N] [--seed S] [--trace]';
const SEEDS_LIMIT = 1_000_000;

/** Simulates seeds S .. S+N-1. @returns the process's exit code: 0 when every seed held, 1 when one failed, 2 on bad usage */
export function runSimulation(args: readonly string[], print: (line: string) => void): number {
  let seeds: number;
  let first: number;
  let trace: boolean;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { seeds: { type: 'string' }, seed: { type: 'string' }, trace: { type: 'boolean' } },
    });
    first = Number(values.seed ?? 1);
    seeds = Number(values.seeds ?? (values.seed === undefined ? 100 : 1));
    trace = values.trace ?? false;
  } catch (error) {
    print(`${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  if (!Number.isSafeInteger(first) || first < 0 || !Number.isInteger(seeds) || seeds < 1 || seeds > SEEDS_LIMIT) {
    print(`--seed takes a number from 0, --seeds one from 1 to ${SEEDS_LIMIT}\n${USAGE}`);
    return 2;
  }
  let failed = 0;
  let rings = 0;
  let messages = 0;
  for (let seed = first; seed < first + seeds; seed += 1) {
    try {
      const result = simulateRing(seed, trace ? print : undefined);
      rings += result.rings;
      messages += result.messages;
    } catch (error) {
      failed += 1;
      print(`seed ${seed} failed: ${(error as Error).message}`);
      print(`replay: npm run sim -- --seed ${seed} --trace`);
    }
  }
  print(`${rings} rings, ${messages} messages`);
  print(`${seeds - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** `npm run sim`. */
export async function run(args: readonly string[]): Promise<number> {
  return runSimulation(args, (line) => console.log(line));
}

if (import.meta.main) process.exitCode = runSimulation(process.argv.slice(2), (line) => console.log(line));
