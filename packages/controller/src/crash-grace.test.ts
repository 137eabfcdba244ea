import { describe, expect, it } from 'vitest';
import { CrashGrace } from './crash-grace.ts';

describe('the grace of a crashed controller', () => {
  it('is five seconds from its departure, and none while it is there', () => {
    const grace = new CrashGrace();
    expect(grace.leftMs(1000)).toBe(0);
    grace.gone(1000);
    expect(grace.leftMs(1000)).toBe(5000);
    expect(grace.leftMs(3500)).toBe(2500);
    expect(grace.leftMs(6001)).toBe(0);
    grace.back(7000);
    expect(grace.leftMs(7000)).toBe(0);
  });

  it('is not prolonged by being told twice that it is gone', () => {
    const grace = new CrashGrace();
    grace.gone(1000);
    grace.gone(4000);
    expect(grace.leftMs(4000)).toBe(2000);
  });

  it('ends when the whole node is lost, and that is not counted', () => {
    const grace = new CrashGrace();
    for (const atMs of [0, 10_000, 20_000, 30_000]) {
      grace.gone(atMs);
      expect(grace.leftMs(atMs)).toBe(5000);
      grace.nodeLost();
      expect(grace.leftMs(atMs + 10)).toBe(0);
      grace.back(atMs + 5000);
    }
  });

  it('is whole at every crash of which the controller comes back soon', () => {
    const grace = new CrashGrace();
    for (let nowMs = 0; nowMs < 10 * 60_000; nowMs += 4000) {
      grace.gone(nowMs);
      expect(grace.leftMs(nowMs)).toBe(5000);
      grace.back(nowMs + 600);
    }
  });

  it('is used up by crashes whose absences make fifteen seconds within a minute, and comes back with time', () => {
    const grace = new CrashGrace();
    for (const atMs of [0, 8000, 16_000]) {
      grace.gone(atMs);
      expect(grace.leftMs(atMs)).toBe(5000);
      grace.back(atMs + 4500);
    }
    grace.gone(24_000);
    expect(grace.leftMs(24_000)).toBe(1500);
    grace.back(32_000);
    grace.gone(33_000);
    expect(grace.leftMs(33_000)).toBe(0);
    grace.back(34_000);
    grace.gone(100_000);
    expect(grace.leftMs(100_000)).toBe(5000);
  });
});
