import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAll } from '../../../scripts/build.ts';
import { reenterAsNamespaceRoot } from '../../lab/src/namespaces.ts';
import { installInteropPrograms, type Mix, mixesOf } from './mixes.ts';
import { type InteropOptions, readOptions, usage } from './options.ts';
import { findRelease, installedRelease, type Release, ReleaseError } from './release.ts';
import { InteropRing } from './ring.ts';
import { type Counts, fullCounts, scenarios, shortCounts } from './scenarios.ts';

/** How one scenario with one mix went. */
interface Outcome {
  readonly mix: string;
  readonly scenario: string;
  readonly counted: string;
  /** Why it failed. */
  readonly failure: string | undefined;
  readonly seconds: number;
}

/** Of a run. */
interface Settings {
  /** Where our programs were built. */
  readonly distDir: string;
  readonly releases: readonly Release[];
  readonly counts: Counts;
  /** Only scenarios whose name contains this; the first one always, as it starts the nodes. */
  readonly only: string | undefined;
}

/** Tries all scenarios with one mix. After a failure that leaves no whole ring, the rest of the mix fails as not tried. */
async function tryMix(mix: Mix, settings: Settings, told: (outcome: Outcome) => void): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const ring = await InteropRing.create({ ...mix, distDir: settings.distDir, releases: settings.releases });
  let broken = false;
  try {
    for (const [index, { name, run }] of scenarios.entries()) {
      if (index > 0 && settings.only !== undefined && !name.includes(settings.only)) continue;
      const startMs = performance.now();
      let counted = '';
      let failure: string | undefined = broken ? 'not tried: the ring was not whole' : undefined;
      if (!broken) {
        if (process.stderr.isTTY) process.stderr.write(`${mix.name.padEnd(14)}  ${name} ...\r`);
        try {
          counted = await run(ring, settings.counts);
        } catch (error) {
          failure = (error as Error).message;
          await ring.heal();
          broken = await ring.agreed(ring.nodes).then(
            () => false,
            () => true,
          );
        }
      }
      const outcome = {
        mix: mix.name,
        scenario: name,
        counted,
        failure,
        seconds: (performance.now() - startMs) / 1000,
      };
      outcomes.push(outcome);
      told(outcome);
    }
  } finally {
    await ring.close();
  }
  return outcomes;
}

/** `npm run interop`: see {@link usage}. Prints a table. */
export async function run(args: readonly string[]): Promise<number> {
  let options: InteropOptions;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error(`sanode: ${(error as Error).message}\n\n${usage}`);
    return 64;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const mixes = mixesOf(options.family);
  const chosen = mixes.filter((mix) => mix.name.includes(options.name));
  if (chosen.length === 0) {
    console.error(`sanode: no such mix: ${options.name}. There are: ${mixes.map((mix) => mix.name).join(', ')}.`);
    return 64;
  }
  const reentered = reenterAsNamespaceRoot();
  if (reentered !== undefined) return reentered;
  installInteropPrograms();
  let releases: readonly Release[];
  try {
    releases = options.releases.length === 0 ? [installedRelease()] : options.releases.map(findRelease);
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    console.error(`sanode: ${error.message}`);
    return 69;
  }
  console.log(`real nodes: corosync ${releases.map(({ version }) => version).join(' and ')}; ${options.family}`);
  // A folder of its own: another build in the checkout must not take the programs away meanwhile.
  const distDir = mkdtempSync(join(tmpdir(), 'sanode-interop-'));
  try {
    await buildAll({ outDir: distDir });
    const counts = options.full ? fullCounts : shortCounts;
    return await tryMixes(chosen, { distDir, releases, counts, only: options.only });
  } finally {
    rmSync(distDir, { recursive: true, force: true });
  }
}

async function tryMixes(chosen: readonly Mix[], settings: Settings): Promise<number> {
  const outcomes: Outcome[] = [];
  for (const mix of chosen) outcomes.push(...(await tryMix(mix, settings, (outcome) => console.log(lineOf(outcome)))));
  const failed = outcomes.filter(({ failure }) => failure !== undefined);
  for (const { mix, scenario, failure } of failed) console.log(`\n${mix}, ${scenario}:\n${failure}`);
  console.log(`${outcomes.length - failed.length} passed, ${failed.length} failed`);
  return failed.length === 0 ? 0 : 1;
}

function lineOf({ mix, scenario, counted, failure, seconds }: Outcome): string {
  const verdict = failure === undefined ? 'passed' : 'failed';
  // Over what says that it is being tried.
  const clear = process.stderr.isTTY && process.stdout.isTTY ? '\x1b[2K' : '';
  return (
    clear + [mix.padEnd(14), scenario.padEnd(27), verdict, `${seconds.toFixed(0).padStart(4)} s `, counted].join('  ')
  );
}
