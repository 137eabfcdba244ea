import { describe, expect, it } from 'vitest';
import { runSimulation } from './run.ts';
import { checkHistories, InvariantError, RingHistory } from './src/ring-history.ts';
import { simulateRing } from './src/ring-simulation.ts';

const SEEDS = 60;

describe('a ring of 1 to 5 nodes under faults', () => {
  it(`keeps its promises for ${SEEDS} seeds`, () => {
    const lines: string[] = [];
    expect(
      runSimulation(['--seeds', String(SEEDS)], (line) => lines.push(line)),
      lines.join('\n'),
    ).toBe(0);
    expect(lines.at(-1)).toBe(`${SEEDS} passed, 0 failed`);
  });

  it.each([
    [13, 'the old sync completes when the ring is in the next configuration already'],
    [39, 'nodes of several old rings disagree about who failed, and answer each other without end'],
    [214, 'a token that comes twice frees what another member lacks'],
    [322, 'the same, in a larger ring'],
  ])('holds for seed %i: %s', (seed) => {
    expect(() => simulateRing(seed)).not.toThrow();
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

  it('says how it is used', () => {
    const lines: string[] = [];
    expect(runSimulation(['--seeds', 'many'], (line) => lines.push(line))).toBe(2);
    expect(lines.join('\n')).toContain('usage:');
  });
});

describe('the checker', () => {
  const ring = (seq: number) => ({ rep: 1, seq });
  const history = (node: number, numbers: readonly number[], options: { members?: number[]; next?: boolean } = {}) => {
    const made = new RingHistory(node, 1);
    const members = options.members ?? [1, 2];
    const change = (type: 'transitional' | 'regular', seq: number) =>
      made.events.push({ kind: 'change', change: { type, members, joined: [], left: [], ringId: ring(seq) } });
    change('transitional', 5);
    change('regular', 5);
    for (const number of numbers) made.events.push({ kind: 'message', id: { sender: '1.1', node: 1, number } });
    if (options.next !== false) {
      change('transitional', 9);
      change('regular', 9);
    }
    made.sent.push(...(node === 1 ? [0, 1, 2, 3].map((number) => ({ sender: '1.1', node: 1, number })) : []));
    return made;
  };

  it.each([
    ['a message that nobody sent', [history(1, [0]), history(2, [0, 7])], 'which nobody sent'],
    ['a message that comes twice', [history(1, [0, 0])], 'twice'],
    ['a gap', [history(1, [0, 2])], '1.1#2 after number 0'],
    ['a missing message at nodes that go on together', [history(1, [0, 1]), history(2, [0])], 'went on together'],
    ['two memberships of one ring', [history(1, []), history(2, [], { members: [2] })], 'has members'],
  ])('finds %s', (_what, histories, words) => {
    expect(() => checkHistories(histories)).toThrow(InvariantError);
    expect(() => checkHistories(histories)).toThrow(words);
  });

  it('accepts what is well', () => {
    expect(() => checkHistories([history(1, [0, 1]), history(2, [0, 1])])).not.toThrow();
    expect(() => checkHistories([history(1, [0, 1], { next: false }), history(2, [0], { next: false })])).not.toThrow();
  });
});
