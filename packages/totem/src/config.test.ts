import { readFileSync } from 'node:fs';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { describe, expect, it } from 'vitest';
import { deriveTotemTimings, validateTotemTimings } from './config.ts';

describe('timings', () => {
  it.skipIf(!haveShared())('are those of running daemons', () => {
    const { cases } = JSON.parse(readFileSync(sharedPath('vectors', 'totem', 'timers.json'), 'utf8')) as {
      cases: { nodelist_entries: number; configured_token: number; runtime: Record<string, number> }[];
    };
    expect(cases.length).toBeGreaterThan(0);
    for (const { nodelist_entries, configured_token, runtime } of cases) {
      const timings = deriveTotemTimings({ token: configured_token }, nodelist_entries);
      expect(timings.tokenMs).toBe(runtime['token']);
      expect(timings.tokenRetransmitMs).toBe(runtime['token_retransmit']);
      expect(timings.holdMs).toBe(runtime['hold']);
      expect(timings.consensusMs).toBe(runtime['consensus']);
    }
  });

  it.each([
    [{ token: 20 }, 'The token timeout parameter (20 ms) may not be less than (30 ms).'],
    [{ token: 100 }, 'Not appropriate token or token_retransmits_before_loss_const value set'],
    [{ hold: 10 }, 'The token hold timeout parameter (10 ms) may not be less than (14 ms).'],
    [{ consensus: 40 }, 'The consensus timeout parameter (40 ms) may not be less than join timeout (50 ms).'],
    [{ tokenWarning: 101 }, 'The token warning parameter (101%) must be between 0 (disabled) and 100.'],
  ])('are refused in words: %o', (options, words) => {
    expect(validateTotemTimings(deriveTotemTimings(options, 2))).toBe(words);
  });

  it('take 0 as a value where it is one, and as absent elsewhere', () => {
    const timings = deriveTotemTimings({ token: 1000, tokenCoefficient: 0, tokenWarning: 0, join: 0 }, 3);
    expect(timings).toMatchObject({ tokenMs: 1000, tokenWarningPercent: 0, joinMs: 50 });
    expect(validateTotemTimings(timings)).toBeUndefined();
  });
});
