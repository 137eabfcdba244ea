import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildAll } from '../../../scripts/build.ts';
import type { Transport } from '../../interop/src/conf.ts';
import { installInteropPrograms } from '../../interop/src/mixes.ts';
import { installedRelease } from '../../interop/src/release.ts';
import { InteropRing, type RingNode } from '../../interop/src/ring.ts';
import { until } from '../../lab/src/machine.ts';
import { reenterAsNamespaceRoot } from '../../lab/src/namespaces.ts';
import { type BenchRow, median, printRows } from './rows.ts';
import type { LoadReport, MembershipReport } from './totem-client.ts';

const clientProgram = fileURLToPath(new URL('./totem-client.ts', import.meta.url));
const sizesBytes = [64, 320, 1600, 8000, 40_000] as const;
const nodeCount = 3;
const loadSeconds = 3;
/** Unit of the times in /proc/PID/stat, a second's part: the same on all Linux that Node.js runs on. */
const clockTicks = 100;
/** A ring is left alone this long before its rotations are counted, and while they are. */
const idleMs = 4000;
/** Sizes up to this one have to be delivered at the reference's rate, larger ones at half of it. */
const smallBytes = 320;

type Stack = 'ours' | 'reference';
/** Figures of one round by row name. */
type Figures = ReadonlyMap<string, number>;

interface Row {
  readonly name: string;
  readonly unit: string;
  /** Whether this ratio, ours / reference, is what was aimed at. */
  readonly met: (ratio: number) => boolean;
}

const idleRow: Row = { name: 'idle rotations', unit: '/s', met: () => true };
const reformRow: Row = { name: 'new ring after a power cut', unit: 's', met: (ratio) => ratio <= 1.05 };
const rows: readonly Row[] = [
  ...sizesBytes.flatMap((bytes) => {
    const met = (ratio: number): boolean => ratio >= (bytes <= smallBytes ? 1 : 0.5);
    return [
      { name: messagesName(bytes), unit: 'k/s', met },
      { name: volumeName(bytes), unit: 'MB/s', met },
      { name: costName(bytes), unit: 'us', met: () => true },
    ];
  }),
  idleRow,
  reformRow,
];

function messagesName(bytes: number): string {
  return `messages of ${bytes} B`;
}

function volumeName(bytes: number): string {
  return `volume, ${bytes} B`;
}

function costName(bytes: number): string {
  return `CPU a message, ${bytes} B`;
}

const usage = `usage: npm run bench -- totem [--rounds N] [--transport udpu|udp] [--json]

Three nodes of ours, three of the reference, in turn: what a CPG client is
delivered while all three send as much as the ring takes, token rotations when
idle, and the time from a power cut to the new membership at the survivors.
Our client library sends several calls' messages to the daemon in one frame;
libcpg makes one round trip a call, so its rates suffer more on a busy machine.
CPU a message is what one node's corosync spends: unlike the rates it means
something on a busy machine too.
`;

/** `npm run bench -- totem`: see {@link usage}. */
export async function run(args: readonly string[]): Promise<number> {
  const optionValue = (option: string): string | undefined =>
    args.includes(option) ? (args[args.indexOf(option) + 1] ?? '') : undefined;
  const rounds = Number(optionValue('--rounds') ?? 3);
  const transport = optionValue('--transport') ?? 'udpu';
  if (args.includes('--help')) {
    console.log(usage);
    return 0;
  }
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100 || (transport !== 'udpu' && transport !== 'udp')) {
    console.error(`sanode: --rounds wants a number from 1 to 100, --transport udpu or udp\n\n${usage}`);
    return 64;
  }
  const reentered = reenterAsNamespaceRoot();
  if (reentered !== undefined) return reentered;
  installInteropPrograms();
  const distDir = mkdtempSync(join(tmpdir(), 'sanode-bench-'));
  const figures: Record<Stack, Figures[]> = { ours: [], reference: [] };
  try {
    await buildAll({ outDir: distDir });
    for (let round = 1; round <= rounds; round += 1) {
      // Alternating who begins: the second one finds warm caches.
      const order = round % 2 === 1 ? (['reference', 'ours'] as const) : (['ours', 'reference'] as const);
      for (const stack of order) {
        console.error(`round ${round} of ${rounds}: ${stack}`);
        figures[stack].push(await measureStack(stack, transport, distDir));
      }
    }
  } finally {
    rmSync(distDir, { recursive: true, force: true });
  }
  const middle = (stack: Stack, name: string): number =>
    median(figures[stack].map((round) => round.get(name) ?? Number.NaN));
  const table: BenchRow[] = rows.map(({ name, unit }) => ({
    case: name,
    ours: middle('ours', name),
    reference: middle('reference', name),
    unit,
  }));
  printRows('totem', table, args.includes('--json'));
  return table.every(({ ours, reference }, index) => (rows[index] as Row).met(ours / reference)) ? 0 : 1;
}

async function measureStack(stack: Stack, transport: Transport, distDir: string): Promise<Figures> {
  const ring = await InteropRing.create({
    name: `bench-${stack}`,
    transport,
    family: 'ipv4',
    kinds: new Array(nodeCount).fill(stack === 'ours' ? 'ours' : 'real'),
    releases: [installedRelease()],
    distDir,
  });
  const library = stack === 'ours' ? 'sanode' : 'libcpg';
  const result = new Map<string, number>();
  const note = (name: string, value: number): void => {
    result.set(name, value);
    const unit = rows.find((row) => row.name === name)?.unit ?? '';
    console.error(`  ${name}: ${value.toFixed(2)} ${unit}`);
  };
  try {
    for (const node of ring.nodes) ring.start(node);
    await ring.agreed(ring.nodes);
    note(idleRow.name, await idleRotations(ring));
    for (const bytes of sizesBytes) {
      const { perSecond, cpuUs } = await delivered(ring, library, bytes);
      note(messagesName(bytes), perSecond / 1000);
      note(volumeName(bytes), (perSecond * bytes) / 1e6);
      note(costName(bytes), cpuUs);
    }
    note(reformRow.name, (await reformation(ring, library)) / 1000);
  } finally {
    await ring.close();
  }
  return result;
}

interface Delivered {
  /** Messages a second that a client on each node is delivered while each node's client sends; the mean of the nodes. */
  readonly perSecond: number;
  /** CPU time of one node's corosync for each message, microseconds. */
  readonly cpuUs: number;
}

async function delivered(ring: InteropRing, library: string, bytes: number): Promise<Delivered> {
  const before = await cpuSeconds(ring);
  const reports = await Promise.all(
    ring.nodes.map(async (node) => {
      const numbers = [node.id, nodeCount, bytes, loadSeconds].map(String);
      const command = [process.execPath, clientProgram, library, `load-${bytes}`, 'load', ...numbers];
      const { exitCode, stdout, stderr } = await ring.exec(node, command, 120_000);
      if (exitCode !== 0) throw new Error(`the client on node ${node.id} ended with ${exitCode}: ${stderr}`);
      return JSON.parse(stdout) as LoadReport;
    }),
  );
  const sum = (value: (report: LoadReport) => number): number =>
    reports.reduce((total, report) => total + value(report), 0);
  return {
    perSecond: sum((report) => report.delivered / report.seconds) / nodeCount,
    cpuUs: ((await cpuSeconds(ring)) - before) / (sum((report) => report.deliveredInAll) / 1e6),
  };
}

/** CPU time that the nodes' corosync processes have used so far, together. */
async function cpuSeconds(ring: InteropRing): Promise<number> {
  let seconds = 0;
  for (const node of ring.nodes) {
    const [pid] = await ring.pidsOf(node);
    const stat = await ring.must(node, ['cat', `/proc/${pid}/stat`]);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    seconds += (Number(fields[11]) + Number(fields[12])) / clockTicks;
  }
  return seconds;
}

/** Token visits a second at one node of a ring where nobody sends. */
async function idleRotations(ring: InteropRing): Promise<number> {
  const node = ring.nodes[0] as RingNode;
  const visits = async (): Promise<number> => {
    const said = await ring.must(node, ['corosync-cmapctl', '-m', 'stats', '-g', 'stats.srp.orf_token_rx']);
    return Number(said.match(/= (\d+)/)?.[1]);
  };
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, idleMs));
  await pause();
  const from = { visits: await visits(), ms: performance.now() };
  await pause();
  return ((await visits()) - from.visits) / ((performance.now() - from.ms) / 1000);
}

/** Milliseconds from a node's power cut until the clients of all the others were told, the slowest. */
async function reformation(ring: InteropRing, library: string): Promise<number> {
  const [lost, ...survivors] = [...ring.nodes].reverse() as [RingNode, ...RingNode[]];
  const said = new Map<number, MembershipReport>();
  const clients = ring.nodes.map((node) => {
    const child = node.machine.spawn([process.execPath, clientProgram, library, 'watch', 'watch'], 'pipe');
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      said.set(node.id, JSON.parse(line) as MembershipReport);
    });
    return child;
  });
  const allSaw = (nodes: readonly RingNode[], members: number): Promise<boolean> =>
    until(() => nodes.every(({ id }) => said.get(id)?.members === members), 60_000);
  if (!(await allSaw(ring.nodes, nodeCount))) throw new Error('the watching clients do not see each other');
  const cutMs = performance.timeOrigin + (await lost.machine.powerOff());
  if (!(await allSaw(survivors, nodeCount - 1))) throw new Error('no new membership within a minute');
  const toldMs = survivors.map(({ id }) => (said.get(id) as MembershipReport).atMs);
  for (const child of clients) child.kill();
  return Math.max(...toldMs) - cutMs;
}
