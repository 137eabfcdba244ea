import { expect, test } from 'vitest';
import { parseTimespecMs } from './timespec.ts';

test.each([
  ['5', 5000],
  ['5s', 5000],
  ['250ms', 250],
  ['2 min', 120_000],
  ['1h', 3_600_000],
  ['PT1M30S', 90_000],
  ['P1D', 86_400_000],
  ['bogus', undefined],
  ['', undefined],
  ['P', undefined],
  ['PT', undefined],
  ['-5', undefined],
  ['5 parsecs', undefined],
])('%s', (text, expected) => {
  expect(parseTimespecMs(text)).toBe(expected);
});
