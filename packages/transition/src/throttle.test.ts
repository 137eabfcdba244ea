import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jobMaximum, loadMode, ThrottleTable, throttleMode } from './throttle.ts';

const idle = { loadAverage: 0, cpuCores: 4, cibCpuFraction: 0, loadThreshold: 0.8 };

describe('loadMode', () => {
  test.each([
    ['idle', {}, throttleMode.none],
    ['load 1.3 times the threshold', { loadAverage: 1.3 * 0.8 * 4 }, throttleMode.low],
    ['load 1.7 times the threshold', { loadAverage: 1.7 * 0.8 * 4 }, throttleMode.medium],
    ['load 2.1 times the threshold', { loadAverage: 2.1 * 0.8 * 4 }, throttleMode.high],
    ['one core counts as 0.6', { cpuCores: 1, loadAverage: 1.3 * 0.8 * 0.6 }, throttleMode.low],
    ['the CIB manager busy', { cibCpuFraction: 0.81 }, throttleMode.high],
    ['the CIB manager very busy', { cibCpuFraction: 1.3 }, throttleMode.extreme],
    ['nothing known of the CIB manager', { cibCpuFraction: undefined }, throttleMode.none],
  ])('%s', (_what, sample, expected) => {
    expect(loadMode({ ...idle, ...sample })).toBe(expected);
  });
});

test('the job maximum is the first limit above 0, else two for each core', () => {
  expect(jobMaximum([undefined, 0, 7], 4)).toBe(7);
  expect(jobMaximum([undefined, -1], 4)).toBe(8);
});

describe('ThrottleTable', () => {
  test.each([
    [throttleMode.none, 8],
    [throttleMode.low, 4],
    [throttleMode.medium, 2],
    [throttleMode.high, 1],
    [throttleMode.extreme, 1],
  ])('mode %i of 8 jobs leaves %i', (mode, expected) => {
    const table = new ThrottleTable(4);
    table.record('LB1', mode, 8);
    expect(table.nodeLimit('lb1')).toBe(expected);
  });

  test('a node never heard of counts as under low load with our own maximum', () => {
    expect(new ThrottleTable(6).nodeLimit('x')).toBe(3);
  });

  test('a node under extreme load bounds the whole cluster', () => {
    const table = new ThrottleTable(6);
    expect(table.totalLimit(0, 8)).toBe(0);
    table.record('a', throttleMode.high, 6);
    expect(table.totalLimit(0, 8)).toBe(4);
    table.record('b', throttleMode.extreme, 6);
    expect(table.totalLimit(0, 8)).toBe(2);
    expect(table.totalLimit(1, 8)).toBe(1);
    table.forget('b');
    expect(table.totalLimit(10, 8)).toBe(4);
  });

  test('no report makes a limit below 1', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer(), (mode, max) => {
        const table = new ThrottleTable(1);
        table.record('a', mode, max);
        expect(table.nodeLimit('a')).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
