import { expect, it } from 'vitest';
import { fuzzTarget, growthLimitBytes, run, targets } from './run.ts';

const count = 2000;
const seed = 20_261_128;

it.each(targets)(`$name takes ${count} changed and random inputs (seed ${seed})`, async (kind) => {
  const { counters, growthBytes } = await fuzzTarget(kind, count, seed);
  expect(Object.values(counters).reduce((sum, value) => sum + value, 0)).toBeGreaterThan(count / 400);
  expect(growthBytes).toBeLessThan(growthLimitBytes);
});

it('the same seed gives the same inputs', async () => {
  for (const kind of targets) {
    const first = await fuzzTarget(kind, 100, seed);
    expect((await fuzzTarget(kind, 100, seed)).counters).toEqual(first.counters);
  }
});

it('says how it is used', async () => {
  const lines: string[] = [];
  expect(await run(['--count', 'many'], (line) => lines.push(line))).toBe(2);
  expect(await run(['--target', 'nothing'], (line) => lines.push(line))).toBe(2);
  expect(lines.join('\n')).toContain('no such target; there are: orf_token, ');
});
