import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mustOn, until } from '../lab/src/machine.ts';
import { installInteropPrograms } from './src/mixes.ts';
import { installedRelease } from './src/release.ts';
import { InteropRing, type RingNode } from './src/ring.ts';

const distDir = fileURLToPath(new URL('../../dist', import.meta.url));
const testTimeoutMs = 180_000;
const namedWithinMs = 30_000;
const pausesMs = [2000, 20_000];

let ring: InteropRing;
let ours: RingNode;
let other: RingNode;
let wrong: RingNode;

beforeAll(async () => {
  installInteropPrograms();
  const kinds = ['ours', 'real', 'real'] as const;
  const plan = {
    name: 'trouble',
    transport: 'udpu',
    family: 'ipv4',
    kinds,
    releases: [installedRelease()],
    distDir,
  } as const;
  ring = await InteropRing.create(plan);
  [ours, other, wrong] = ring.nodes as [RingNode, RingNode, RingNode];
  // Behind a shell: nsenter would stop when corosync is stopped, and never go on.
  ours.machine.spawn(['sh', '-c', '"$0" -f & wait', 'corosync']);
  for (const node of [other, wrong]) ring.start(node);
  await ring.agreed(ring.nodes);
}, testTimeoutMs);
afterAll(() => ring?.close());

async function signal(node: RingNode, name: string): Promise<void> {
  const pid = (await ring.pidsOf(node)).at(-1);
  await mustOn(node.machine, ['kill', `-${name}`, String(pid)]);
}

/** What our node has counted, by key. */
async function statistics(): Promise<Map<string, number>> {
  const { stdout } = await ring.exec(ours, ['corosync-cmapctl', '-m', 'stats']);
  return new Map(
    [...stdout.matchAll(/^(\S+) \(\w+\) = (\d+)$/gm)].map(([, key, value]) => [key as string, Number(value)]),
  );
}

describe('our node among real ones, when its process is stopped', () => {
  it.each(pausesMs)(
    'for %i ms, says so, blames nobody, and is back',
    async (pauseMs) => {
      const before = ring.logOf(ours).length;
      const pauses = (await statistics()).get('stats.pauses.count') ?? 0;
      await signal(ours, 'STOP');
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      await signal(ours, 'CONT');
      expect(await until(() => /was not run for/.test(ring.logOf(ours).slice(before)), namedWithinMs, 100)).toBe(true);
      await ring.agreed(ring.nodes);
      const log = ring.logOf(ours).slice(before);
      const said = [...log.matchAll(/This process was not run for (\d+) ms/g)].map(([, ms]) => Number(ms));
      expect(said).toHaveLength(1);
      expect(said[0]).toBeGreaterThan(pauseMs - 500);
      expect(said[0]).toBeLessThan(pauseMs + 3000);
      expect(log).not.toMatch(/A processor failed|does not hear|calls this node failed|the network between/);
      const now = await statistics();
      expect(now.get('stats.pauses.count')).toBe(pauses + 1);
      expect([...now.keys()].filter((key) => key.startsWith('stats.suspects.'))).toEqual([]);
    },
    testTimeoutMs,
  );
});

/** Starts node 3 with another corosync.conf. */
async function startWrong(edit: (text: string) => string): Promise<void> {
  await ring.cut(wrong);
  await ring.agreed([ours, other]);
  ring.configure(wrong, {}, ring.nodes, edit);
  await ring.restore(wrong);
}

const swapIds = (text: string): string =>
  text.replace(/nodeid: ([13])$/gm, (_line, id: string) => `nodeid: ${id === '1' ? 3 : 1}`);
const encrypted = 'transport: knet\n  crypto_cipher: aes256\n  crypto_hash: sha256';

describe('a real node that is configured otherwise is named once by ours', () => {
  it.each([
    ['with the node id of ours', swapIds, 'own_node_id', /uses node id 1, which is this node's/],
    [
      'transport knet',
      (t: string) => t.replace(/transport: udpu/, 'transport: knet'),
      'knet',
      /uses transport knet without encryption/,
    ],
    [
      'transport knet, encrypted',
      (t: string) => t.replace(/transport: udpu/, encrypted),
      'not_totem',
      /either uses transport knet with encryption/,
    ],
  ])(
    '%s',
    async (_what, edit, kind, words) => {
      writeFileSync(join(wrong.machine.diskDir, 'etc', 'corosync', 'authkey'), Buffer.alloc(256, 7), { mode: 0o400 });
      const before = ring.logOf(ours).length;
      await startWrong(edit);
      const named = () => words.test(ring.logOf(ours).slice(before));
      expect(await until(named, namedWithinMs, 200), ring.logOf(ours).slice(before)).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 5000));
      const log = ring.logOf(ours).slice(before);
      expect(log.match(new RegExp(words, 'g'))).toHaveLength(1);
      expect((await statistics()).get(`stats.trouble.${wrong.address}.${kind}`)).toBeGreaterThan(2);
      await ring.agreed([ours, other]);
    },
    testTimeoutMs,
  );

  it(
    'and is back when its corosync.conf is mended',
    async () => {
      await startWrong((text) => text);
      await ring.agreed(ring.nodes);
    },
    testTimeoutMs,
  );
});
