import { readFileSync } from 'node:fs';
import { haveShared } from '@sanode/runtime/testing';
import { describe, expect, it } from 'vitest';
import { type CaseResult, outputs, runCase, suiteCases } from './suite.ts';

/** The most cases that ever were equal; raise it when there are more. */
const best = JSON.parse(readFileSync(new URL('./best.json', import.meta.url), 'utf8')) as { cases: number };
const shownDifferences = 20;

if (!haveShared()) console.log(`not run: ${best.cases} scheduler cases (no ../shared)`);

describe.skipIf(!haveShared())("the reference's scheduler regression suite", () => {
  it('gives the same summary, scores, dot and graph as ever', async () => {
    const cases = suiteCases();
    const differing: CaseResult[] = [];
    for (const each of cases) {
      const result = await runCase(each);
      if (outputs.some((output) => result.differences[output] !== undefined)) differing.push(result);
    }
    for (const { name, differences } of differing.slice(0, shownDifferences)) {
      for (const output of outputs) {
        if (differences[output] !== undefined) console.log(`${name} ${output}: ${differences[output]}`);
      }
    }
    const equal = cases.length - differing.length;
    console.log(`${equal} of ${cases.length}`);
    expect(equal).toBeGreaterThanOrEqual(best.cases);
  });
});
