import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildAll } from '../../../scripts/build.ts';
import { ensurePrograms } from '../../lab/src/requirements.ts';
import { type BenchCluster, type Stack, startBenchCluster } from './failover-cluster.ts';
import { type BenchRow, median, printRows } from './rows.ts';

const distDir = fileURLToPath(new URL('../../../dist', import.meta.url));

/** Our nodes, and the distribution's: the same machines, with other programs installed. */
const stacks: Readonly<Record<'ours' | 'reference', Stack>> = {
  ours: { name: 'ours', sbinDir: join(distDir, 'bin'), usrLibDir: join(distDir, 'usr-lib') },
  reference: { name: 'reference', sbinDir: undefined, usrLibDir: undefined },
};

/** What is measured, in this order; each leaves the cluster at rest on two nodes. */
const cases: readonly { name: string; measure(cluster: BenchCluster): Promise<number[]> }[] = [
  { name: 'cold start to a DC; to the address answering', measure: (cluster) => cluster.coldStart() },
  { name: 'power cut', measure: async (cluster) => [await cluster.powerCut()] },
  { name: 'cable cut', measure: async (cluster) => [await cluster.cableCut()] },
  { name: 'nginx killed', measure: async (cluster) => [await cluster.nginxKilled()] },
  { name: 'standby', measure: async (cluster) => [await cluster.standby()] },
];
const rowNames = [
  'cold start to a DC',
  'cold start to the address',
  'power cut',
  'cable cut',
  'nginx killed',
  'standby',
];

/** `npm run bench -- failover [--rounds N] [--json]`: both stacks in the same lab, one after the other in each round. */
export async function run(args: readonly string[]): Promise<number> {
  const rounds = args.includes('--rounds') ? Number(args[args.indexOf('--rounds') + 1]) : 3;
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) {
    console.error('sanode: --rounds wants a number from 1 to 100');
    return 64;
  }
  ensurePrograms([
    { program: 'corosync', debianPackage: 'corosync' },
    { program: 'pacemakerd', debianPackage: 'pacemaker' },
    { program: 'crm_resource', debianPackage: 'pacemaker-cli-utils' },
    { program: 'arping', debianPackage: 'iputils-arping' },
    { program: 'ocf-tester', debianPackage: 'resource-agents' },
  ]);
  await buildAll({ outDir: distDir });
  const seconds: Record<'ours' | 'reference', number[][]> = { ours: [], reference: [] };
  for (let round = 1; round <= rounds; round += 1) {
    // Alternating who begins: the second one finds warm caches.
    const order = round % 2 === 1 ? (['reference', 'ours'] as const) : (['ours', 'reference'] as const);
    for (const kind of order) {
      console.error(`round ${round} of ${rounds}: ${kind}`);
      seconds[kind].push(await measureAll(stacks[kind]));
    }
  }
  const rows: BenchRow[] = rowNames.map((name, index) => ({
    case: name,
    ours: median(seconds.ours.map((row) => row[index] as number)),
    reference: median(seconds.reference.map((row) => row[index] as number)),
    unit: 's',
  }));
  printRows('failover', rows, args.includes('--json'));
  return rows.every(({ ours, reference }) => ours <= reference) ? 0 : 1;
}

async function measureAll(stack: Stack): Promise<number[]> {
  const cluster = await startBenchCluster(stack);
  try {
    const result: number[] = [];
    for (const { name, measure } of cases) {
      const measured = await measure(cluster);
      console.error(`  ${name}: ${measured.map((ms) => `${(ms / 1000).toFixed(2)} s`).join(', ')}`);
      result.push(...measured.map((ms) => ms / 1000));
    }
    return result;
  } finally {
    await cluster.close();
  }
}
