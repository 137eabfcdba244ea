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
  expect(readableInterval(ms)).toBe(expected);
});

test('times are written as the reference writes them', () => {
  expect(localTime(1_795_336_862)).toBe('Sun Nov 22 08:41:02 2026');
  expect(localTime(1_793_523_662)).toBe('Sun Nov  1 09:01:02 2026');
  expect(isoTime(1_795_336_862)).toBe('2026-11-22 08:41:02Z');
});

test('unknown codes have a text too', () => {
  expect([
    ocfText(7),
    ocfText(77),
    executionText(2),
    executionText(99),
    launcherText('running'),
    launcherText('x'),
  ]).toEqual(['not running', 'unknown', 'Timed Out', 'UNKNOWN!', 'Pacemaker is running', 'Invalid pacemakerd state']);
});
