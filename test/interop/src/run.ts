import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAll } from '../../../scripts/build.ts';
import { reenterAsNamespaceRoot } from '../../lab/src/namespaces.ts';
import { ensurePrograms } from '../../lab/src/requirements.ts';
import { InteropRing, type NodeKind, type Transport } from './ring.ts';
import { type Counts, fullCounts, scenarios, shortCounts } from './scenarios.ts';

/** A ring that is tried. */
export interface Mix {
  readonly name: string;
  readonly transport: Transport;
  readonly kinds: readonly NodeKind[];
}

/** Kinds by node id. Each mix begins with ours or real, and the next one is of the other kind: both come to lead. */
const compositions: readonly (readonly [string, readonly NodeKind[]])[] = [
  ['1r2o', ['ours', 'real', 'ours']],
  ['2r1o', ['real', 'ours', 'real']],
  ['3r3o', ['ours', 'real', 'ours', 'real', 'ours', 'real']],
];

export const mixes: readonly Mix[] = (['udpu', 'udp'] as const).flatMap((transport) =>
  compositions.map(([name, kinds]) => ({ name: `${transport}-${name}`, transport, kinds })),
);

/** How one scenario with one mix went. */
export interface Outcome {
  readonly mix: string;
  readonly scenario: string;
  readonly counted: string;
  /** Why it failed. */
  readonly failure: string | undefined;
  readonly seconds: number;
}

/** Installs what the tests need and builds our programs in a folder of their own. @returns that folder */
export async function prepareInterop(): Promise<string> {
  ensurePrograms([
    { program: 'corosync', debianPackage: 'corosync' },
    { program: 'nft', debianPackage: 'nftables' },
  ]);
  const distDir = join(tmpdir(), `sanode-interop-dist-${process.pid}`);
  await buildAll({ outDir: distDir });
  return distDir;
}

/** Tries all scenarios with one mix. After a failure that leaves no whole ring, the rest of the mix fails as not tried. */
export async function tryMix(
  mix: Mix,
  settings: { distDir: string; counts: Counts; only?: string },
  told: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const ring = await InteropRing.create({ ...mix, distDir: settings.distDir });
  let broken = false;
  try {
    for (const [index, { name, run }] of scenarios.entries()) {
      // The first one starts the nodes.
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
  const distDir = await prepareInterop();
  const settings = { distDir, counts: full ? fullCounts : shortCounts, ...(only === undefined ? {} : { only }) };
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
