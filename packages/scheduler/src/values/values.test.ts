import { describe, expect, it } from 'vitest';
import { parametersDigest } from '../status/digests.ts';
import { hashOrder } from './hash-order.ts';
import { mergeSorted } from './merge-sort.ts';
import { compareNames } from './names.ts';
import { addScores, infinity, parseScore, scoreText } from './scores.ts';

describe('scores', () => {
  it('let minus infinity win, and clip', () => {
    expect(addScores(-infinity, infinity)).toBe(-infinity);
    expect(addScores(infinity, -5)).toBe(infinity);
    expect(addScores(900_000, 900_000)).toBe(infinity);
    expect(addScores(3, -5)).toBe(-2);
  });

  it('are read with infinities in capitals only, colours by health, and trailing text', () => {
    expect(parseScore('+INFINITY')).toBe(infinity);
    expect(parseScore('infinity')).toBeUndefined();
    expect(parseScore('100abc')).toBe(100);
    expect(parseScore('RED', { red: -7, yellow: 0, green: 0 })).toBe(-7);
    expect(parseScore('-9999999999')).toBe(-infinity);
    expect([infinity, -infinity, -3].map(scoreText)).toEqual(['INFINITY', '-INFINITY', '-3']);
  });
});

describe('names', () => {
  it('are ordered by the numbers in them, then by shorter digits, ignoring case', () => {
    const names = ['node10', 'Node2', 'node1', 'node007', 'node7', 'node'];
    expect([...names].sort(compareNames)).toEqual(['node', 'node1', 'Node2', 'node7', 'node007', 'node10']);
  });
});

describe('hash order (vectors of scheduler-2 appendix A)', () => {
  it('walks tables as GLib does', () => {
    expect(hashOrder(['node1', 'node2', 'node3', 'node4', 'node5'])).toEqual([
      'node2',
      'node4',
      'node1',
      'node3',
      'node5',
    ]);
    expect(hashOrder(['1', '2', '3', '4', '5', '6', '7', '8', '9'])).toEqual([
      '4',
      '3',
      '9',
      '2',
      '8',
      '1',
      '7',
      '6',
      '5',
    ]);
  });
});

describe('merge sort', () => {
  it('is stable', () => {
    const items = ['b1', 'a1', 'b2', 'a2', 'a3'];
    expect(mergeSorted(items, (a, b) => a.charCodeAt(0) - b.charCodeAt(0))).toEqual(['a1', 'a2', 'a3', 'b1', 'b2']);
  });

  it('decides comparisons that go in circles by halving, the first half the shorter', () => {
    // y before x, x before z, z before y: the second half becomes z, y; then x goes before z.
    const order = new Set(['yx', 'xz', 'zy']);
    expect(mergeSorted(['x', 'y', 'z'], (a, b) => (order.has(a + b) ? -1 : 1))).toEqual(['x', 'z', 'y']);
  });
});

describe('parameter digests (vectors of scheduler-1 10.1)', () => {
  it('are those that the reference records', () => {
    expect(parametersDigest(new Map())).toBe('f2317cad3d54cec5d7d7aa7d0bf35cf8');
    const address = new Map([
      ['ip', '10.0.0.1'],
      ['fake', '1'],
    ]);
    expect(parametersDigest(address)).toBe('1580eb436132384eeb7c6383e0edd350');
    const odd = new Map([
      ['state', '/run/a b&c<d>"'],
      ['fake', "x'y"],
      ['Zed', '1'],
    ]);
    expect(parametersDigest(odd)).toBe('8867df9eb804e136f82a67c3c46c6041');
  });
});
