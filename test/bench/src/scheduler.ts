import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { schedule } from '@sanode/scheduler';
import { type ClusterSize, freshCluster } from '@sanode/test-cts/sized-cib';
import { simulate } from '@sanode/test-cts/suite';
import { parseXml, printPretty } from '@sanode/xml';
import { buildAll } from '../../../scripts/build.ts';
import { type BenchRow, median, printRows } from './rows.ts';
import { installedReferences, type Reference, timed } from './scheduler-reference.ts';
import { benchSuite } from './scheduler-suite.ts';

const distDir = fileURLToPath(new URL('../../../dist', import.meta.url));
const sizes: readonly ClusterSize[] = [
  { nodes: 8, resources: 100 },
  { nodes: 16, resources: 400 },
  { nodes: 32, resources: 1000 },
  { nodes: 64, resources: 4000 },
];
const limitSeconds = 120;
const rounds = 3;
/** Fewer rounds for what takes longer than this. */
const longSeconds = 10;

/**
 * `npm run bench -- scheduler [--nodes N] [--json]`: scheduling clusters of several sizes, just started and settled, in
 * this process and as a command, beside the installed releases' `crm_simulate -sQ`, whose outputs are compared; then
 * the reference's regression cases. `--nodes` limits the sizes. @returns the exit code
 */
export async function run(args: readonly string[]): Promise<number> {
  const most = args.includes('--nodes') ? Number(args[args.indexOf('--nodes') + 1]) : Number.POSITIVE_INFINITY;
  if (Number.isNaN(most)) {
    console.error('sanode: --nodes wants a number');
    return 64;
  }
  const references = installedReferences();
  if (references.length === 0) {
    console.error('sanode: there is no crm_simulate to compare with; install pacemaker-cli-utils');
    return 69;
  }
  console.error(`reference: ${references.map(({ version }) => version).join(' and ')}, the faster one counts`);
  await buildAll({ outDir: distDir });
  const folder = mkdtempSync(join(tmpdir(), 'sanode-bench-'));
  try {
    const bench = new SizeBench(folder, references);
    for (const size of sizes.filter(({ nodes }) => nodes <= most)) await bench.measure(size);
    const suite = await benchSuite(references, folder);
    printRows('scheduler', [...bench.rows, ...suite.rows], args.includes('--json'));
    return bench.differences + suite.slower === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

class SizeBench {
  readonly rows: BenchRow[] = [];
  /** Outputs that are not equal to the reference's. */
  differences = 0;
  readonly #folder: string;
  readonly #references: readonly Reference[];
  /** Releases, by state, that did not finish a smaller cluster. */
  readonly #gaveUp = new Set<string>();

  constructor(folder: string, references: readonly Reference[]) {
    this.#folder = folder;
    this.#references = references;
  }

  async measure(size: ClusterSize): Promise<void> {
    const file = (state: string): string => join(this.#folder, `${state}.xml`);
    writeFileSync(file('fresh'), printPretty(freshCluster(size)));
    await simulate(['-x', file('fresh'), '-S', '-Q', '-O', file('settled')]);
    // Simulating upgrades the schema's name, and releases before 3.0 refuse that.
    const declared = / validate-with="[^"]*"/;
    const [name = ''] = declared.exec(readFileSync(file('fresh'), 'utf8')) ?? [];
    writeFileSync(file('settled'), readFileSync(file('settled'), 'utf8').replace(declared, name));
    for (const state of ['fresh', 'settled']) {
      const label = `${size.nodes} x ${size.resources} ${state}`;
      const reference = await this.#reference(state, label, file(state));
      const command = await this.#command(file(state));
      const inProcess = scheduleSeconds(file(state));
      this.rows.push({ case: `${label}: schedule()`, ours: inProcess, unit: 's', ...reference });
      this.rows.push({ case: `${label}: command`, ours: command, unit: 's', ...reference });
      console.error(`${label}: ${inProcess.toFixed(2)} s, as a command ${command.toFixed(2)} s`);
    }
  }

  async #command(file: string): Promise<number> {
    const program = join(distDir, 'bin', 'crm_simulate');
    const seconds: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const { seconds: took = limitSeconds } = await timed([program, '-sQ', '-x', file], this.#folder, limitSeconds);
      seconds.push(took);
    }
    return median(seconds);
  }

  /** The fastest release's time; compares its outputs with ours. */
  async #reference(state: string, label: string, file: string): Promise<Pick<BenchRow, 'reference' | 'atLeast'>> {
    let best = Number.POSITIVE_INFINITY;
    for (const { version, command } of this.#references) {
      const key = `${version} ${state}`;
      if (this.#gaveUp.has(key)) continue;
      const seconds: number[] = [];
      for (let round = 0; round < rounds && (seconds.at(-1) ?? 0) < longSeconds; round += 1) {
        const { seconds: took, failed } = await timed([...command, '-sQ', '-x', file], this.#folder, limitSeconds);
        if (failed) throw new Error(`crm_simulate of ${version} fails on ${label}`);
        if (took === undefined) {
          this.#gaveUp.add(key);
          break;
        }
        seconds.push(took);
      }
      const ended = this.#gaveUp.has(key);
      console.error(`${label}: ${version} ${ended ? `> ${limitSeconds} s` : `${median(seconds).toFixed(2)} s`}`);
      if (ended) continue;
      best = Math.min(best, median(seconds));
      await this.#compare(label, file, version, command);
    }
    return Number.isFinite(best) ? { reference: best } : { reference: limitSeconds, atLeast: true };
  }

  async #compare(label: string, file: string, version: string, command: readonly string[]): Promise<void> {
    const graphs = { ours: join(this.#folder, 'ours.graph'), theirs: join(this.#folder, 'theirs.graph') };
    const ours = await simulate(['-x', file, '-s', '-R', '-G', graphs.ours]);
    const theirs = await timed(
      [...command, '-x', file, '-s', '-R', '-G', graphs.theirs],
      this.#folder,
      limitSeconds * 2,
    );
    const found: string[] = [];
    const compare = (what: string, a: string, b: string): void => {
      if (plain(a) !== plain(b)) found.push(what);
    };
    if (sameFormat(version)) compare('status, scores and summary', ours.stdout, theirs.output);
    else compare('scores', scoreLines(ours.stdout), scoreLines(theirs.output));
    compare(
      'graph',
      withoutRelease(readFileSync(graphs.ours, 'utf8')),
      withoutRelease(readFileSync(graphs.theirs, 'utf8')),
    );
    this.differences += found.length;
    const compared = sameFormat(version) ? 'status, scores, summary and graph' : 'scores and graph';
    const verdict = found.length === 0 ? `the same ${compared}` : `DIFFERENT ${found.join(', ')}`;
    console.error(`${label}: ${version}: ${verdict}`);
  }
}

/** Whether a release lays out status and summary as ours, which follows the newest, does. */
function sameFormat(version: string): boolean {
  return !/^[12]\./.test(version);
}

function scoreLines(text: string): string {
  return (
    text
      .split('\n')
      .filter((line) => line.includes(' allocation score on '))
      // What the releases call the step that it comes from.
      .map((line) => line.replace(/^.*?pcmk__\w+: /, ''))
      .join('\n')
  );
}

/** A graph without its root's attributes, and without feature sets. */
function withoutRelease(graph: string): string {
  return graph.replace(/<transition_graph[^>]*>/, '').replace(/ crm_feature_set="[^"]*"/g, '');
}

function plain(text: string): string {
  return text.replace(/\s/g, '');
}

/** Seconds of one `schedule()` on a parsed document, its graph included. */
function scheduleSeconds(file: string): number {
  const cib = parseXml(readFileSync(file, 'utf8'));
  const options = { nowMs: 0, useExecutionDate: true };
  const seconds: number[] = [];
  for (let round = 0; round < rounds + 1; round += 1) {
    const begin = performance.now();
    if (schedule(cib, options).graph.name !== 'transition_graph') throw new Error('there is no graph');
    seconds.push((performance.now() - begin) / 1000);
  }
  // The first round compiles.
  return median(seconds.slice(1));
}
