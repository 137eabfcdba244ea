import { parseArgs } from 'node:util';
import { Coverage } from './src/coverage.ts';
import { type SeedOutcome, simulateSeeds } from './src/jobs.ts';
import { simulateRing } from './src/ring-simulation.ts';

const USAGE = `usage: npm run sim -- [--seeds N] [--seed S] [--jobs J] [--trace]
  --seeds N   simulate N seeds (default 100)
  --seed S    begin with seed S (default 1); alone: simulate this one
  --jobs J    use J processors (default 1)
  --trace     tell everything that happens`;
const SEEDS_LIMIT = 10_000_000;
const JOBS_LIMIT = 256;
const PROGRESS_MS = 60_000;

interface Options {
  readonly first: number;
  readonly seeds: number;
  readonly jobs: number;
  readonly trace: boolean;
}

function readOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seeds: { type: 'string' },
        seed: { type: 'string' },
        jobs: { type: 'string' },
        trace: { type: 'boolean' },
      },
    });
    const first = Number(values.seed ?? 1);
    const seeds = Number(values.seeds ?? (values.seed === undefined ? 100 : 1));
    const jobs = Number(values.jobs ?? 1);
    if (!Number.isSafeInteger(first) || first < 0) return '--seed takes a number from 0';
    if (!Number.isInteger(seeds) || seeds < 1 || seeds > SEEDS_LIMIT) return `--seeds takes 1 to ${SEEDS_LIMIT}`;
    if (!Number.isInteger(jobs) || jobs < 1 || jobs > JOBS_LIMIT) return `--jobs takes 1 to ${JOBS_LIMIT}`;
    return { first, seeds, jobs, trace: values.trace ?? false };
  } catch (error) {
    return (error as Error).message;
  }
}

/** Simulates seeds S .. S+N-1. @returns the process's exit code: 0 when every seed held, 1 when one failed, 2 on bad usage */
export async function runSimulation(
  args: readonly string[],
  print: (line: string) => void,
  progress: (line: string) => void = () => {},
): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    print(`${options}\n${USAGE}`);
    return 2;
  }
  const { first, seeds, jobs } = options;
  const coverage = new Coverage();
  const startMs = performance.now();
  let reportedMs = startMs;
  let done = 0;
  let failed = 0;
  let rings = 0;
  let messages = 0;
  let slowest = { seed: first, settleRounds: 0 };
  const take = (outcome: SeedOutcome): void => {
    done += 1;
    if (typeof outcome.result === 'string') {
      failed += 1;
      print(`seed ${outcome.seed} failed: ${outcome.result}`);
      print(`replay: npm run sim -- --seed ${outcome.seed} --trace`);
    } else {
      coverage.add(outcome.result.counts);
      rings += outcome.result.rings;
      messages += outcome.result.messages;
      if (outcome.result.settleRounds > slowest.settleRounds) slowest = outcome.result;
    }
    if (performance.now() - reportedMs < PROGRESS_MS) return;
    reportedMs = performance.now();
    const minutes = ((reportedMs - startMs) / PROGRESS_MS).toFixed(0);
    progress(`${done} of ${seeds} seeds after ${minutes} min, ${failed} failed`);
  };
  if (options.trace) for (let seed = first; seed < first + seeds; seed += 1) take(traceSeed(seed, print));
  else await simulateSeeds({ first, seeds, jobs }, take);
  for (const line of coverage.lines()) print(line);
  print(`slowest ring of all: ${slowest.settleRounds.toFixed(1)} x (token + consensus), seed ${slowest.seed}`);
  print(`${rings} rings, ${messages} messages`);
  print(`${seeds - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function traceSeed(seed: number, print: (line: string) => void): SeedOutcome {
  try {
    return { seed, result: simulateRing(seed, print) };
  } catch (error) {
    print(`${(error as Error).stack}`);
    return { seed, result: (error as Error).message };
  }
}

/** `npm run sim`. */
export async function run(args: readonly string[]): Promise<number> {
  return runSimulation(
    args,
    (line) => console.log(line),
    (line) => console.error(line),
  );
}

if (import.meta.main) process.exitCode = await run(process.argv.slice(2));
