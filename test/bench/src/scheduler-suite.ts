import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { schedule } from '@sanode/scheduler';
import { suiteCases } from '@sanode/test-cts/suite';
import { type Element, parseXml } from '@sanode/xml';
import type { BenchRow } from './rows.ts';
import { type Reference, timed } from './scheduler-reference.ts';

const repeats = 20;
/** Of so many rounds over all cases the best counts for a case: another has what was compiled or collected meanwhile. */
const rounds = 4;
const limitSeconds = 900;
const shownCases = 10;

/**
 * The reference's regression cases in a warm process on both sides: CPU time of {@link repeats} runs on a document
 * that has been read, the best of {@link rounds}, the reference's the better release's, as its own `--profile --repeat` has it (in hundredths of a second).
 */
export async function benchSuite(
  references: readonly Reference[],
  folder: string,
): Promise<{ rows: BenchRow[]; slower: number }> {
  if (!haveShared()) {
    console.error('not run: the regression cases (no ../shared)');
    return { rows: [], slower: 0 };
  }
  const inputs = join(folder, 'cases');
  mkdirSync(inputs);
  const names = suiteCases().map(({ name }) => name);
  for (const name of names)
    copyFileSync(sharedPath('cts-scheduler', 'xml', `${name}.xml`), join(inputs, `${name}.xml`));
  const best = new Map<string, number>();
  for (const { version, command } of references) {
    const arguments_ = ['--profile', 'cases', '--repeat', String(repeats)];
    const { output, seconds } = await timed([...command, ...arguments_], folder, limitSeconds);
    if (seconds === undefined) console.error(`suite: ${version} took over ${limitSeconds} s`);
    for (const [, name = '', cpu] of output.matchAll(/Testing \S*?([^/\s]+)\.xml \.\.\. ([0-9.]+) secs/g)) {
      best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, Number(cpu)));
    }
  }
  const documents = names.map((name) => parseXml(readFileSync(join(inputs, `${name}.xml`), 'utf8')));
  const ours = documents.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round += 1) {
    documents.forEach((document, at) => {
      ours[at] = Math.min(ours[at] as number, cpuSeconds(document, repeats));
    });
  }
  const compared = names
    .map((name, at) => ({ name, ours: ours[at] as number, reference: best.get(name) }))
    .filter((row): row is typeof row & { reference: number } => row.reference !== undefined);
  const slower = compared
    .filter((row) => row.ours > row.reference + hundredth)
    .sort((a, b) => b.ours - b.reference - (a.ours - a.reference));
  console.error(`suite: ${slower.length} of ${compared.length} cases slower than the reference`);
  for (const row of slower.slice(0, shownCases)) {
    console.error(`  ${row.name}: ${perRun(row.ours)} ms, reference ${perRun(row.reference)} ms`);
  }
  const sum = (key: 'ours' | 'reference'): number => compared.reduce((total, row) => total + row[key], 0);
  const rows = [
    { case: 'suite, warm, a case', ours: sum('ours'), reference: sum('reference') },
    ...slower.slice(0, shownCases).map((row) => ({ case: `suite: ${row.name}`, ...row })),
  ].map((row, at) => {
    const runs = repeats * (at === 0 ? compared.length : 1);
    return { case: row.case, ours: (row.ours * 1000) / runs, reference: (row.reference * 1000) / runs, unit: 'ms' };
  });
  return { rows, slower: slower.length };
}

/** What the reference's own figures are rounded to, seconds. */
const hundredth = 0.01;

function perRun(seconds: number): string {
  return ((seconds * 1000) / repeats).toFixed(2);
}

/** CPU seconds of this process, its collector and compiler included. */
function cpuSeconds(document: Element, times: number): number {
  const before = process.cpuUsage();
  for (let time = 0; time < times; time += 1) {
    if (schedule(document, { nowMs: 0, useExecutionDate: true }).graph.type !== 'element') throw new Error('no graph');
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
