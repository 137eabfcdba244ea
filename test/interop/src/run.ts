import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAll } from '../../../scripts/build.ts';
import { reenterAsNamespaceRoot } from '../../lab/src/namespaces.ts';
import { installInteropPrograms, type Mix, mixes } from './mixes.ts';
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
  readonly counts: Counts;
  /** Only scenarios whose name contains this; the first one always, as it starts the nodes. */
  readonly only: string | undefined;
}

/** Tries all scenarios with one mix. After a failure that leaves no whole ring, the rest of the mix fails as not tried. */
async function tryMix(mix: Mix, settings: Settings, told: (outcome: Outcome) => void): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const ring = await InteropRing.create({ ...mix, distDir: settings.distDir });
  let broken = false;
  try {
    for (const [index, { name, run }] of scenarios.entries()) {
      if (index > 0 && settings.only !== undefined && !name.includes(settings.only)) continue;
      const startMs = performance.now();
      let counted = '';
      let failure: string | undefined = broken ? 'not tried: the ring was not whole' : undefined;
      if (!broken) {
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

/** `npm run interop [-- NAME] [--full] [--scenario TEXT]`: mixes whose name contains NAME. Prints a table. */
export async function run(args: readonly string[]): Promise<number> {
  const reentered = reenterAsNamespaceRoot();
  if (reentered !== undefined) return reentered;
  const full = args.includes('--full');
  const at = args.indexOf('--scenario');
  const only = at < 0 ? undefined : args[at + 1];
  const name = args.find((word, index) => !word.startsWith('--') && (at < 0 || index !== at + 1)) ?? '';
  const chosen = mixes.filter((mix) => mix.name.includes(name));
  if (chosen.length === 0) {
    console.error(`sanode: no such mix: ${name}. There are: ${mixes.map((mix) => mix.name).join(', ')}.`);
    return 64;
  }
  installInteropPrograms();
  // A folder of its own: another build in the checkout must not take the programs away meanwhile.
  const distDir = mkdtempSync(join(tmpdir(), 'sanode-interop-'));
  try {
    await buildAll({ outDir: distDir });
    return await tryMixes(chosen, { distDir, counts: full ? fullCounts : shortCounts, only });
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
  return [mix.padEnd(10), scenario.padEnd(28), verdict, `${seconds.toFixed(0).padStart(4)} s `, counted].join('  ');
}
