import { expectKey, expectVotes, inRealLogs } from './checks.ts';
import { type InteropRing, type RingNode, usualTokenMs } from './ring.ts';

/** As long as a node is watched that must not be heard: it sends joins and merge detections many times a second. */
const listeningMs = 3000;

/** Another token timeout, reloaded by each kind, is in effect everywhere. */
export async function reload(ring: InteropRing): Promise<string> {
  let reloads = 0;
  for (const kind of ['real', 'ours'] as const) {
    const [node] = ring.of(kind) as [RingNode];
    const tokenMs = kind === 'real' ? 1300 : 1000;
    await ring.reload(node, ring.nodes, { tokenMs });
    await expectToken(ring, ring.nodes, ring.nodes.length, tokenMs);
    await ring.agreed(ring.nodes);
    reloads += 1;
  }
  return `${reloads} reloads, ${ring.nodes.length} nodes each`;
}

/** cmap of all these nodes comes to show the token timeout of a nodelist of `listed`. */
function expectToken(ring: InteropRing, nodes: readonly RingNode[], listed: number, tokenMs: number): Promise<void> {
  const effective = tokenMs + 650 * Math.max(0, listed - 2);
  return expectKey(ring, nodes, 'runtime.config.totem.token', String(effective));
}

/** A node of each kind leaves for good and comes back, the nodelist changed by reloads while the others run on. */
export async function removeAndAdd(ring: InteropRing): Promise<string> {
  let reloads = 0;
  for (const kind of ['real', 'ours'] as const) {
    const gone = ring.of(kind).at(-1) as RingNode;
    const rest = ring.nodes.filter((node) => node !== gone);
    await ring.stop(gone);
    await ring.agreed(rest);
    // The other kind reloads without it; its own kind, where there is one more, with it.
    for (const [index, listed] of [rest, ring.nodes].entries()) {
      const from = rest.find((node) => (node.kind === kind) === (index === 1)) ?? (rest[0] as RingNode);
      for (const node of rest) ring.configure(node, {}, listed);
      await ring.must(from, ['corosync-cfgtool', '-R']);
      reloads += 1;
      await expectVotes(ring, rest, listed.length);
      await expectToken(ring, rest, listed.length, usualTokenMs);
      if (index === 0 && ring.plan.transport === 'udpu') await staysOut(ring, gone, rest);
    }
    ring.start(gone);
    await ring.agreed(ring.nodes);
    await expectVotes(ring, ring.nodes, ring.nodes.length);
    inRealLogs(ring, ring.nodes, 1);
  }
  return `${reloads} reloads`;
}

/** A node that the others no longer list is not heard, whatever its own nodelist says (totem.md 3.4). */
async function staysOut(ring: InteropRing, gone: RingNode, rest: readonly RingNode[]): Promise<void> {
  const before = await ring.agreed(rest);
  ring.start(gone);
  await ring.agreed([gone]);
  await new Promise((resolve) => setTimeout(resolve, listeningMs));
  await ring.agreed([gone]);
  const after = await ring.agreed(rest);
  if (after !== before) throw new Error(`node ${gone.id}, no longer listed, changed the ring:\n${before}\n${after}`);
  await ring.stop(gone);
}

/**
 * Changes of corosync.conf while the ring runs. None that is refused lacks keys: those the reference deletes all the
 * same, ours changes nothing.
 */
const changes: readonly (readonly [string, (text: string, last: RingNode) => string])[] = [
  ['a broken file', (text) => text.replace('nodelist {', 'nodelist')],
  ['nothing', (text) => text],
  ['consensus below join', (text) => text.replace('version: 2', 'version: 2\n  consensus: 40')],
  ['another address of a node', (text, { address }) => text.replace(address, `${address}0`)],
  ['another version', (text) => text.replace('version: 2', 'version: 1')],
  [
    'another transport',
    (text) => text.replace(/transport: (udpu|udp)\n/, (_, now) => `transport: ${now === 'udp' ? 'udpu' : 'udp'}\n`),
  ],
  ['another name of the cluster', (text) => text.replace('cluster_name: inter', 'cluster_name: other')],
  ['nothing', (text) => text],
];

/** Each kind takes or refuses what the other does, says the same to who asked, and keeps the same keys. */
export async function judgedAlike(ring: InteropRing): Promise<string> {
  const pair = (['real', 'ours'] as const).map((kind) => ring.of(kind)[0] as RingNode);
  const last = ring.nodes.at(-1) as RingNode;
  for (const [name, change] of changes) {
    for (const node of ring.nodes) ring.configure(node, {}, ring.nodes, (text) => change(text, last));
    const answers: string[] = [];
    for (const node of pair) {
      // Not its exit code: after a refusal 3.1.7 and ours have 7, 3.1.10 has 0.
      const { stdout, stderr } = await ring.exec(node, ['corosync-cfgtool', '-R']);
      answers.push(`${stdout}\n${stderr}\n${await reloadedKeys(ring, node)}`);
    }
    if (answers[0] !== answers[1]) throw new Error(`${name}:\n--- real:\n${answers[0]}\n--- ours:\n${answers[1]}`);
    await ring.agreed(ring.nodes);
  }
  return `${changes.length} changes, both kinds`;
}

/** What a node's cmap holds of its configuration file and of the reload. */
async function reloadedKeys(ring: InteropRing, node: RingNode): Promise<string> {
  const text = await ring.must(node, ['corosync-cmapctl', 'config.', 'totem.', 'nodelist.', 'quorum.']);
  return (
    text
      .split('\n')
      // Which node it is differs, and for udp what the reference derives from the file.
      .filter((line) => !/local_node_pos|bindnetaddr|mcastaddr|mcastport/.test(line))
      .join('\n')
  );
}
