import { schedule } from '@sanode/scheduler';
import { printCompact } from '@sanode/xml';
import { describe, expect, it } from 'vitest';
import { mutated } from './mutate.ts';
import { Dice } from './random/dice.ts';
import { randomCib } from './random/index.ts';

/** Of the first so many seeds and of these, which once recursed without end, or made a bundle of countless replicas. */
const inputs = 400;
const furtherSeeds = [700_484, 700_662];
const timeoutMs = 300_000;

describe('the scheduler', () => {
  it(
    'throws on nothing, and answers any input twice with the same bytes',
    () => {
      for (const seed of [...Array.from({ length: inputs }, (_, index) => index + 1), ...furtherSeeds]) {
        const cib = mutated(randomCib(seed), new Dice(seed));
        const run = () => printCompact(schedule(cib, { nowMs: 1_700_000_000_000, sanitized: seed % 2 === 0 }).graph);
        expect(run(), `seed ${seed}`).toBe(run());
      }
    },
    timeoutMs,
  );
});
