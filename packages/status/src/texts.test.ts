import { expect, test } from 'vitest';
import { executionText, isoTime, launcherText, localTime, ocfText, readableInterval } from './texts.ts';

process.env['TZ'] = 'UTC';

test.each([
  [0, '0s'],
  [999, '999ms'],
  [1233, '1.233s'],
  [10_000, '10s'],
  [60_000, '60s'],
  [62_012, '1m2.012s'],
  [90_061_000, '1d1h1m1000ms'],
])('%i ms reads %s', (ms, expected) => {
  expect(readableInterval(ms, '2.1')).toBe(expected);
});

test('3.0 writes a whole unit as one', () => {
  expect([1000, 60_000, 3_600_000].map((ms) => readableInterval(ms, '3.0'))).toEqual(['1s', '1m', '1h']);
});

test('times are written as the reference writes them', () => {
  expect(localTime(1_795_336_862)).toBe('Sun Nov 22 08:41:02 2026');
  expect(localTime(1_793_523_662)).toBe('Sun Nov  1 09:01:02 2026');
  expect(isoTime(1_795_336_862)).toBe('2026-11-22 08:41:02Z');
});

test('unknown codes have a text too', () => {
  expect([
    ocfText(7, '2.1'),
    ocfText(77, '2.1'),
    ocfText(7, '3.0'),
    executionText(2, '2.1'),
    executionText(99, '3.0'),
    launcherText('running'),
    launcherText('x'),
  ]).toEqual([
    'not running',
    'unknown',
    'Not running',
    'Timed Out',
    'UNKNOWN!',
    'Pacemaker is running',
    'Invalid pacemakerd state',
  ]);
});
