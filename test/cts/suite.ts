import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@sanode/cli/tools/crm_simulate/index';
import { sharedPath } from '@sanode/runtime/testing';

export interface SuiteCase {
  readonly name: string;
  readonly description: string;
  readonly args: readonly string[];
}

export const outputs = ['summary', 'scores', 'dot', 'exp'] as const;
export type Output = (typeof outputs)[number];

export interface CaseResult {
  readonly name: string;
  /** First difference of each output that differs. */
  readonly differences: Partial<Record<Output, string>>;
}

/** The cases of the reference's regression suite, as its list has them. */
export function suiteCases(): SuiteCase[] {
  return JSON.parse(readFileSync(sharedPath('cts-scheduler', 'manifest.json'), 'utf8')) as SuiteCase[];
}

async function simulate(argv: string[]): Promise<{ stdout: string; all: string }> {
  let stdout = '';
  let all = '';
  const io = {
    stdout(text: string) {
      stdout += text;
      all += text;
    },
    stderr(text: string) {
      all += text;
    },
    readStdin: () => Promise.reject(new Error('there is no standard input')),
    env: {},
    isTty: false,
    columns: 80,
  };
  try {
    await run(argv, io);
  } catch (error) {
    all += `thrown: ${(error as Error).stack}\n`;
  }
  return { stdout, all };
}

/** Runs one case as the reference's runner does (scheduler-3 21). */
export async function runCase(suiteCase: SuiteCase): Promise<CaseResult> {
  const { name, args } = suiteCase;
  const input = sharedPath('cts-scheduler', 'xml', `${name}.xml`);
  const folder = mkdtempSync(join(tmpdir(), 'sanode-cts-'));
  try {
    const dotFile = join(folder, 'dot');
    const graphFile = join(folder, 'graph');
    const first = await simulate(['-x', input, '-S', ...args]);
    const second = await simulate(['-x', input, '-D', dotFile, '-G', graphFile, '-sSQ', ...args]);
    const ours: Record<Output, string> = {
      summary: first.all,
      scores: sortLines(second.stdout),
      dot: normalizeDot(readIfThere(dotFile)),
      exp: normalizeGraph(readIfThere(graphFile)),
    };
    const differences: Partial<Record<Output, string>> = {};
    for (const output of outputs) {
      const extension = output === 'exp' ? 'exp' : output;
      const wanted = readIfThere(sharedPath('cts-scheduler', output, `${name}.${extension}`));
      const difference = firstDifference(ours[output], normalize(output, wanted));
      if (difference !== undefined) differences[output] = difference;
    }
    return { name, differences };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function normalize(output: Output, text: string): string {
  if (output === 'scores') return sortLines(text);
  if (output === 'dot') return normalizeDot(text);
  return output === 'exp' ? normalizeGraph(text) : text;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return '';
  }
}

function sortLines(text: string): string {
  return text.split('\n').sort().join('\n');
}

/** First and last line stay, those between are sorted and unique. */
function normalizeDot(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const between = [...new Set(lines.slice(1, -1))].sort();
  return [...lines.slice(0, 1), ...between, ...lines.slice(-1)].join('\n');
}

function normalizeGraph(text: string): string {
  return text.replace(/crm_feature_set="[^"]*"/g, '').replace(/batch-limit="[0-9]*"/g, '');
}

/** Compares line by line without any white space; blank lines do not count. */
function firstDifference(ours: string, wanted: string): string | undefined {
  const left = significant(ours);
  const right = significant(wanted);
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    if (left[at]?.replace(/\s/g, '') !== right[at]?.replace(/\s/g, '')) {
      return `ours ${JSON.stringify(left[at] ?? '')} wanted ${JSON.stringify(right[at] ?? '')}`;
    }
  }
  return undefined;
}

function significant(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}
