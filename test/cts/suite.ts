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

/** Small inputs of our own, each with what the reference made of it. */
export const casesFolder = new URL('./cases/', import.meta.url).pathname;

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

/** Calls our crm_simulate; `all` is standard error and output, and what it throws. */
export async function simulate(argv: string[]): Promise<{ stdout: string; all: string; code: number | undefined }> {
  let stdout = '';
  let stderr = '';
  let code: number | undefined;
  const io = {
    stdout(text: string) {
      stdout += text;
    },
    stderr(text: string) {
      stderr += text;
    },
    readStdin: () => Promise.reject(new Error('there is no standard input')),
    env: {},
    isTty: false,
    columns: 80,
  };
  try {
    code = await run(argv, io);
  } catch (error) {
    stderr += `thrown: ${(error as Error).stack}\n`;
  }
  return { stdout, all: stderr + stdout, code };
}

/** Runs one case as the reference's runner does (scheduler-3 21). */
export async function runCase(suiteCase: SuiteCase): Promise<CaseResult> {
  const { name, args } = suiteCase;
  const input = sharedPath('cts-scheduler', 'xml', `${name}.xml`);
  const wanted = (output: Output) => sharedPath('cts-scheduler', output, `${name}.${output}`);
  return { name, differences: await compareWith(input, args, wanted) };
}

/** What one run with scores shows: all texts in one, dot and graph. */
export const runOutputs = ['text', 'dot', 'exp'] as const;
export type RunOutput = (typeof runOutputs)[number];

/** Simulates an input once, with everything shown, and compares with the files that the reference wrote. */
export async function compareRun(
  input: string,
  wantedFile: (output: RunOutput) => string,
): Promise<Partial<Record<RunOutput, string>>> {
  return withFolder(async (dotFile, graphFile) => {
    const { all } = await simulate(['-x', input, '-sS', '-D', dotFile, '-G', graphFile]);
    return differencesOf(runOutputs, { text: all, dot: readIfThere(dotFile), exp: readIfThere(graphFile) }, wantedFile);
  });
}

/** Simulates an input as the suite's runner does, and compares with the files that the reference wrote. */
export async function compareWith(
  input: string,
  args: readonly string[],
  wantedFile: (output: Output) => string,
): Promise<CaseResult['differences']> {
  return withFolder(async (dotFile, graphFile) => {
    const first = await simulate(['-x', input, '-S', ...args]);
    const second = await simulate(['-x', input, '-D', dotFile, '-G', graphFile, '-sSQ', ...args]);
    const ours: Record<Output, string> = {
      summary: first.all,
      scores: second.stdout,
      dot: readIfThere(dotFile),
      exp: readIfThere(graphFile),
    };
    return differencesOf(outputs, ours, wantedFile);
  });
}

async function withFolder<T>(use: (dotFile: string, graphFile: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'sanode-cts-'));
  try {
    return await use(join(folder, 'dot'), join(folder, 'graph'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function differencesOf<T extends Output | RunOutput>(
  kinds: readonly T[],
  ours: Readonly<Record<T, string>>,
  wantedFile: (output: T) => string,
): Partial<Record<T, string>> {
  const differences: Partial<Record<T, string>> = {};
  for (const output of kinds) {
    const wanted = readIfThere(wantedFile(output));
    const difference = firstDifference(normalize(output, ours[output]), normalize(output, wanted));
    if (difference !== undefined) differences[output] = difference;
  }
  return differences;
}

function normalize(output: Output | RunOutput, text: string): string {
  if (output === 'scores') return sortLines(text);
  if (output === 'dot') return normalizeDot(text);
  return output === 'exp' ? normalizeGraph(text) : errorsFirst(text);
}

/** Where standard error comes among buffered standard output is chance. */
function errorsFirst(text: string): string {
  const lines = text.split('\n');
  const isError = (line: string) => /^(Transition failed|An invalid transition)/.test(line);
  return [...lines.filter(isError), ...lines.filter((line) => !isError(line))].join('\n');
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
