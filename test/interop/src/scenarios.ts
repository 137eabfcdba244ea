import { fileURLToPath } from 'node:url';
import { expectKey, expectText, expectVotes, inRealLogs } from './checks.ts';
import type { MemberReport } from './member.ts';
import { judgedAlike, reload, removeAndAdd } from './reloads.ts';
import type { InteropRing, RingNode } from './ring.ts';

/** How often each thing is done. */
export interface Counts {
  readonly powerCuts: number;
  readonly partitions: number;
  readonly messages: number;
  /** Messages with packet loss. */
  readonly lossyMessages: number;
}

export const shortCounts: Counts = { powerCuts: 4, partitions: 2, messages: 2000, lossyMessages: 400 };
export const fullCounts: Counts = { powerCuts: 20, partitions: 10, messages: 100_000, lossyMessages: 100_000 };

/** Share of datagrams that get lost, percent. */
const lossPercent = 5;
/**
 * What an administrator of such a network would set: each lost token costs a token_retransmit, each lost message
 * miss_count_const rotations.
 */
const lossySettings = { tokenRetransmitMs: 30, missCountConst: 2 };
const memberProgram = fileURLToPath(new URL('./member.ts', import.meta.url));
/** Time for a run of messages: a start, and per message; generous, as only a hang is to be told apart. */
const messageRunMs = 120_000;
const perMessageMs = 100;

/** One thing that is tried with a ring. @returns what was counted @throws {Error} when it fails */
export interface Scenario {
  readonly name: string;
  run(ring: InteropRing, counts: Counts): Promise<string>;
}

/** In this order; each leaves the whole ring formed. */
export const scenarios: readonly Scenario[] = [
  { name: 'forms one ring', run: forms },
  { name: 'each kind leads and follows', run: leads },
  { name: 'votequorum equal', run: votequorum },
  { name: 'reload on each kind', run: reload },
  { name: 'reloads judged alike', run: judgedAlike },
  { name: 'remove and add nodes live', run: removeAndAdd },
  { name: 'partition and merge', run: partitions },
  { name: 'messages in one order', run: (ring, { messages }) => sameSequence(ring, messages) },
  { name: `the same, ${lossPercent} % lost`, run: lossy },
  { name: 'power cuts and returns', run: powerCuts },
  { name: 'no complaint in real logs', run: noComplaints },
];

async function forms(ring: InteropRing): Promise<string> {
  for (const node of ring.nodes) ring.start(node);
  await ring.agreed(ring.nodes);
  inRealLogs(ring, ring.nodes, 1);
  for (const node of ring.nodes) await checkKind(ring, node);
  return `${ring.nodes.length} nodes`;
}

/** The node runs what its kind says: the distribution's program, or ours under Node.js. */
async function checkKind(ring: InteropRing, node: RingNode): Promise<void> {
  const { id, kind, machine, release } = node;
  const [pid] = await ring.pidsOf(node);
  const program = (await machine.exec(['readlink', `/proc/${pid}/exe`])).stdout.trim();
  const real = `${release?.root}/usr/sbin/corosync`;
  if (kind === 'real' ? program === real : program.endsWith('/node')) return;
  throw new Error(`node ${id} should be ${kind}, but runs ${program || 'no corosync'}`);
}

/** Takes node after node away from the front, until the other kind leads with a real node to see it; then all return. */
async function leads(ring: InteropRing): Promise<string> {
  const led = new Map<string, number>();
  const all = [...ring.nodes];
  const away: RingNode[] = [];
  let rest = all;
  while (rest.length > 1 && led.size < 2) {
    await ring.agreed(rest);
    const [first] = rest as [RingNode];
    inRealLogs(ring, rest, first.id);
    led.set(first.kind, first.id);
    if (led.size === 2) break;
    away.push(first);
    await ring.cut(first);
    rest = rest.slice(1);
  }
  for (const node of away) await ring.restore(node);
  await ring.agreed(all);
  if (led.size < 2) throw new Error(`only ${[...led.keys()]} led`);
  return [...led].map(([kind, id]) => `${kind} (node ${id})`).join(', ');
}

async function votequorum(ring: InteropRing): Promise<string> {
  let compared = 0;
  const compare = async (nodes: readonly RingNode[]): Promise<string> => {
    compared += nodes.length;
    return ring.agreed(nodes);
  };
  const whole = await compare(ring.nodes);
  expectText(whole, /Quorate:\s+Yes/);
  const majority = Math.floor(ring.nodes.length / 2) + 1;
  const sides = [ring.nodes.slice(0, majority), ring.nodes.slice(majority)];
  await ring.partition(sides);
  expectText(await compare(sides[0] as RingNode[]), /Quorate:\s+Yes/);
  expectText(await compare(sides[1] as RingNode[]), /Quorate:\s+No[\s\S]*Activity blocked/);
  await ring.heal();
  await compare(ring.nodes);
  // One vote expectation, changed on one kind, arrives at the other.
  for (const kind of ['real', 'ours'] as const) {
    const [node] = ring.of(kind) as [RingNode];
    const wanted = ring.nodes.length + (kind === 'real' ? 2 : 0);
    await ring.must(node, ['corosync-quorumtool', '-e', String(wanted)]);
    await expectVotes(ring, ring.nodes, wanted);
    compared += ring.nodes.length;
  }
  return `${compared} outputs`;
}

async function partitions(ring: InteropRing, counts: Counts): Promise<string> {
  for (let round = 0; round < counts.partitions; round += 1) {
    const alone = ring.nodes.filter(({ id }) =>
      // Where there are six: halves of mixed kinds; else each node once by itself.
      ring.nodes.length === 6
        ? round % 2 === 0
          ? id % 3 === 1 || id === 2
          : id <= 3
        : id - 1 === round % ring.nodes.length,
    );
    const rest = ring.nodes.filter((node) => !alone.includes(node));
    await ring.partition([alone, rest]);
    await Promise.all([ring.agreed(alone), ring.agreed(rest)]);
    await ring.heal();
    await ring.agreed(ring.nodes);
    inRealLogs(ring, ring.nodes, 1);
  }
  return `${counts.partitions} times`;
}

async function powerCuts(ring: InteropRing, counts: Counts): Promise<string> {
  for (let round = 0; round < counts.powerCuts; round += 1) {
    const side = ring.of(round % 2 === 0 ? 'real' : 'ours');
    const victim = side[Math.floor(round / 2) % side.length] as RingNode;
    await ring.cut(victim);
    const rest = ring.nodes.filter((node) => node !== victim);
    await ring.agreed(rest);
    inRealLogs(ring, rest, rest[0]?.id as number);
    await ring.restore(victim);
    await ring.agreed(ring.nodes);
    inRealLogs(ring, ring.nodes, 1);
  }
  return `${counts.powerCuts} cuts`;
}

async function lossy(ring: InteropRing, counts: Counts): Promise<string> {
  const [first] = ring.nodes as [RingNode];
  await ring.reload(first, ring.nodes, lossySettings);
  await expectKey(ring, ring.nodes, 'runtime.config.totem.token_retransmit', String(lossySettings.tokenRetransmitMs));
  await ring.lose(lossPercent);
  try {
    const counted = await sameSequence(ring, counts.lossyMessages);
    const lost = await ring.lost();
    if (lost === 0) throw new Error('nothing was lost');
    return `${counted}, ${lost} datagrams lost`;
  } finally {
    await ring.heal();
    await ring.agreed(ring.nodes);
    await ring.reload(first, ring.nodes);
  }
}

/** What a real node says of a packet or message that it cannot take (totem.md 1 and 10.2, corosync-services.md). */
const complaint = /ignoring|too short|invalid|malformed|unknown|expected length|wrong|not compatible|digest/i;

/** No real node found fault with what the others sent; warnings of any other kind are counted. */
async function noComplaints(ring: InteropRing): Promise<string> {
  let lines = 0;
  const warnings = new Map<string, number>();
  for (const node of ring.of('real')) {
    const log = ring.logOf(node).split('\n');
    lines += log.length;
    const bad = log.filter((line) => complaint.test(line));
    if (bad.length > 0) throw new Error(`real node ${node.id} complains:\n${bad.slice(0, 20).join('\n')}`);
    for (const line of log) {
      const text = line.match(/ (?:warning|error|crit|alert)\s*(\[.*)$/)?.[1];
      if (text === undefined) continue;
      const kind = text.replace(/[0-9a-f]*\d[0-9a-f.]*/g, 'N').slice(0, 60);
      warnings.set(kind, (warnings.get(kind) ?? 0) + 1);
    }
  }
  const others = [...warnings].map(([text, count]) => `${count} x ${text}`).join('; ');
  return `${lines} lines${others === '' ? '' : `; ${others}`}`;
}

let groups = 0;

/** All members send at once; all have to deliver the same messages in the same order. */
async function sameSequence(ring: InteropRing, messages: number): Promise<string> {
  groups += 1;
  const each = Math.ceil(messages / ring.nodes.length);
  const reports = await Promise.all(
    ring.nodes.map(async (node) => {
      const { id, kind } = node;
      const numbers = [ring.nodes.length, each, id];
      const library = kind === 'real' ? 'libcpg' : 'sanode';
      const { exitCode, stdout, stderr } = await ring.exec(
        node,
        [process.execPath, memberProgram, library, `interop-${groups}`, ...numbers.map(String)],
        messageRunMs + messages * perMessageMs,
      );
      if (exitCode !== 0)
        throw new Error(`member on node ${id} (${kind}) ended with ${exitCode}: ${stderr.slice(-2000)}`);
      return JSON.parse(stdout) as MemberReport;
    }),
  );
  const [first] = reports as [MemberReport];
  if (reports.some(({ hash }) => hash !== first.hash)) {
    throw new Error(`the members' sequences differ: ${JSON.stringify(reports)}`);
  }
  const seconds = Math.max(...reports.map((report) => report.seconds));
  const megabytes = (first.bytes / 1e6).toFixed(1);
  return `${first.delivered} messages, ${megabytes} MB, ${seconds.toFixed(1)} s`;
}
