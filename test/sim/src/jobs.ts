import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { type RingResult, simulateRing } from './ring-simulation.ts';

/** What became of one seed; a text says what broke. */
export interface SeedOutcome {
  readonly seed: number;
  readonly result: RingResult | string;
}

export interface SeedRange {
  readonly first: number;
  readonly seeds: number;
  /** Processors to use. */
  readonly jobs: number;
}

/** Seeds that a worker is given at a time. */
const CHUNK_SEEDS = 20;

interface Chunk {
  readonly from: number;
  readonly to: number;
}

function simulateSeed(seed: number): SeedOutcome {
  try {
    return { seed, result: simulateRing(seed) };
  } catch (error) {
    return { seed, result: (error as Error).message };
  }
}

/** Simulates seeds and hands over what became of them, in order of the seeds whatever the number of jobs. */
export async function simulateSeeds(
  { first, seeds, jobs }: SeedRange,
  take: (outcome: SeedOutcome) => void,
): Promise<void> {
  const end = first + seeds;
  if (jobs === 1) {
    for (let seed = first; seed < end; seed += 1) take(simulateSeed(seed));
    return;
  }
  const finished = new Map<number, readonly SeedOutcome[]>();
  let given = first;
  let taken = first;
  const nextChunk = (): Chunk | undefined => {
    if (given >= end) return undefined;
    const from = given;
    given = Math.min(given + CHUNK_SEEDS, end);
    return { from, to: given };
  };
  const finish = (from: number, outcomes: readonly SeedOutcome[]): void => {
    finished.set(from, outcomes);
    for (let ready = finished.get(taken); ready !== undefined; ready = finished.get(taken)) {
      finished.delete(taken);
      taken += ready.length;
      for (const outcome of ready) take(outcome);
    }
  };
  await Promise.all(Array.from({ length: jobs }, () => work(nextChunk, finish)));
}

/** One worker thread, until there are no chunks any more. */
function work(
  nextChunk: () => Chunk | undefined,
  finish: (from: number, outcomes: readonly SeedOutcome[]) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url));
    let chunk: Chunk | undefined;
    const give = (): void => {
      chunk = nextChunk();
      if (chunk === undefined) void worker.terminate().then(() => resolve());
      else worker.postMessage(chunk);
    };
    worker.on('message', (outcomes: readonly SeedOutcome[]) => {
      finish((chunk as Chunk).from, outcomes);
      give();
    });
    worker.on('error', reject);
    give();
  });
}

if (!isMainThread) {
  parentPort?.on('message', ({ from, to }: Chunk) => {
    const outcomes: SeedOutcome[] = [];
    for (let seed = from; seed < to; seed += 1) outcomes.push(simulateSeed(seed));
    parentPort?.postMessage(outcomes);
  });
}
