import { describe, expect, it } from 'vitest';
import { runSimulation } from './run.ts';
import { simulateRing } from './src/ring-simulation.ts';

/** CI's share; `npm run sim -- --seeds N` simulates any number. */
const SEEDS = 2000;
const TIME_LIMIT_MS = 15 * 60_000;

describe('a ring of 1 to 16 nodes under faults', () => {
  it(
    `keeps its promises for ${SEEDS} seeds`,
    async () => {
      const lines: string[] = [];
      const status = await runSimulation(['--seeds', String(SEEDS)], (line) => lines.push(line));
      expect(status, lines.join('\n')).toBe(0);
      expect(lines.at(-1)).toBe(`${SEEDS} passed, 0 failed`);
    },
    TIME_LIMIT_MS,
  );

  it('prints the same whatever the number of jobs', async () => {
    const simulate = async (jobs: string): Promise<string[]> => {
      const lines: string[] = [];
      await runSimulation(['--seeds', '50', '--jobs', jobs], (line) => lines.push(line));
      return lines;
    };
    expect(await simulate('3')).toEqual(await simulate('1'));
  });

  it('lives the same life again from the same seed', () => {
    const life = (): string[] => {
      const lines: string[] = [];
      simulateRing(4, (line) => lines.push(line));
      return lines;
    };
    const first = life();
    expect(first.length).toBeGreaterThan(100);
    expect(life()).toEqual(first);
  });

  it('says how it is used', async () => {
    const lines: string[] = [];
    expect(await runSimulation(['--seeds', 'many'], (line) => lines.push(line))).toBe(2);
    expect(lines.join('\n')).toContain('usage:');
  });
});
