import { until } from '../../lab/src/machine.ts';
import type { InteropRing, RingNode } from './ring.ts';

/** Every real node's own log names `rep` as the representative of its last membership. */
export function inRealLogs(ring: InteropRing, nodes: readonly RingNode[], rep: number): void {
  for (const node of nodes.filter(({ kind }) => kind === 'real')) {
    const found = ring.lastMembership(node);
    if (found !== String(rep)) throw new Error(`real node ${node.id} logs representative ${found}, not ${rep}`);
  }
}

/** corosync-quorumtool of all these nodes comes to show the same, and so many expected votes. */
export async function expectVotes(ring: InteropRing, nodes: readonly RingNode[], wanted: number): Promise<void> {
  let text = '';
  const arrived = await until(
    async () => {
      text = await ring.agreed(nodes);
      return text.match(/Expected votes:\s+(\d+)/)?.[1] === String(wanted);
    },
    10_000,
    200,
  );
  if (!arrived) throw new Error(`expected votes ${wanted} did not arrive everywhere:\n${text}`);
}

/** A cmap key comes to have this value on all these nodes. */
export async function expectKey(
  ring: InteropRing,
  nodes: readonly RingNode[],
  key: string,
  value: string,
): Promise<void> {
  let seen: string[] = [];
  const everywhere = await until(
    async () => {
      seen = await Promise.all(
        nodes.map(async (node) => {
          const { stdout, stderr } = await ring.exec(node, ['corosync-cmapctl', '-g', key]);
          return stdout.match(/= (.*)/)?.[1] ?? stderr.trim();
        }),
      );
      return seen.every((each) => each === value);
    },
    20_000,
    300,
  );
  if (!everywhere) throw new Error(`${key} is ${seen}, not ${value}`);
}

export function expectText(text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`${pattern} is not in:\n${text}`);
}
