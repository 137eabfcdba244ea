import { SimRandom } from '@sanode/sim';
import { encodeJoin, encodeMergeDetect } from '@sanode/totem/codec/membership';
import { describe, expect, it } from 'vitest';
import { noise } from '../fuzz/src/mutate.ts';
import { CONSENSUS_MS, Scene, TOKEN_MS } from './src/scene.ts';

const floodMs = 60_000;
const gapMs = 1;
/** Membership changes that each node lets another one cost in quick succession. */
const pullsAtOnce = 10;
/** And what one may cost that is too slow for a flood: one in half of (token + consensus) at most. */
const slowPulls = (2 * floodMs) / (TOKEN_MS + CONSENSUS_MS);
const backWithinMs = 12 * (TOKEN_MS + CONSENSUS_MS);

/** Node 3 of a ring of three has gone mad: its machine sends what `make` makes to the others, every millisecond. */
class Flood {
  readonly scene = new Scene(3);
  readonly random = new SimRandom(11);
  /** What the healthy node 3 sent. */
  readonly old: Buffer[] = [];
  wholeMs = 0;
  longestGapMs = 0;
  sent = 0;
  #endMs = 0;

  constructor() {
    const { scene } = this;
    const passes = scene.network.passes as NonNullable<typeof scene.network.passes>;
    scene.network.passes = (from, to, packet) => {
      if (from === 3 && this.#endMs === 0 && this.old.length < 400) this.old.push(Buffer.from(packet));
      return passes(from, to, packet);
    };
    scene.startAll();
    for (let index = 0; index < 20; index += 1) scene.node(3).send(500);
    scene.pass(1000);
    scene.node(3).crash('power cut');
    scene.until(() => this.whole);
  }

  run(make: (flood: Flood) => Buffer): void {
    const { scene } = this;
    this.#endMs = scene.world.nowMs + floodMs;
    const pour = (): void => {
      if (scene.world.nowMs >= this.#endMs) return;
      const packet = make(this);
      for (const to of [1, 2]) scene.network.send(3, to, packet);
      this.sent += 1;
      scene.world.after(gapMs, pour);
    };
    let brokenSinceMs = scene.world.nowMs;
    let lastMs = scene.world.nowMs;
    const watch = (): void => {
      const { nowMs } = scene.world;
      if (this.whole) {
        this.wholeMs += nowMs - lastMs;
        brokenSinceMs = nowMs;
      } else this.longestGapMs = Math.max(this.longestGapMs, nowMs - brokenSinceMs);
      lastMs = nowMs;
      if (nowMs < this.#endMs) scene.world.after(20, watch);
    };
    pour();
    watch();
    scene.pass(floodMs);
  }

  /** Nodes 1 and 2 are in one ring. */
  get whole(): boolean {
    const [one, two] = [this.scene.ring(1), this.scene.ring(2)];
    return one === two && /operational \[1,2\]$/.test(one);
  }

  rings(): number {
    return this.scene.node(1).group?.stats().srp['operational_entered'] ?? 0;
  }

  counted(kind: string): number {
    return this.scene.node(1).group?.stats().trouble[`10.0.0.3.${kind}`] ?? 0;
  }
}

const anyId = (random: SimRandom): number => (random.chance(0.5) ? 1 + random.below(3) : random.uint32());
const anyList = (random: SimRandom): number[] => Array.from({ length: random.below(6) }, () => anyId(random));

/** A join in a name of the nodelist, or none; the ring it speaks of may be ahead. */
function forgedJoin({ random, scene }: Flood, systemFrom: number): Buffer {
  const ringSeq = (scene.node(1).group?.ringId.seq ?? 0) + random.below(3) * 4;
  const lists = { procList: anyList(random), failedList: random.chance(0.5) ? [] : anyList(random) };
  return encodeJoin({ leave: random.chance(0.1), systemFrom, ringSeq, ...lists });
}

describe('a node that floods the others', () => {
  it.each([
    ['garbage', ({ random }: Flood) => noise(random, random.below(200)), 'not_totem'],
    ['joins in the names of others', (flood: Flood) => forgedJoin(flood, 1 + flood.random.below(2)), 'wrong_node_id'],
    ['joins of nodes that do not exist', (flood: Flood) => forgedJoin(flood, flood.random.uint32()), 'wrong_node_id'],
  ])('with %s does not touch their ring, is counted, and named once', (_what, make, kind) => {
    const flood = new Flood();
    const rings = flood.rings();
    flood.run(make);
    expect(flood.rings()).toBe(rings);
    expect(flood.longestGapMs).toBe(0);
    expect(flood.counted(kind)).toBeGreaterThan(0.3 * flood.sent);
    expect(flood.scene.logged(1, ' warn: ').length).toBeLessThan(10);
  });

  it.each([
    ['what it sent when it was well', ({ random, old }: Flood) => random.pick(old)],
    ['joins in its own name', (flood: Flood) => forgedJoin(flood, 3)],
    [
      'merge_detects of rings that are not',
      ({ random }: Flood) => encodeMergeDetect({ systemFrom: 3, ringId: { rep: 3, seq: random.below(1000) } }),
    ],
  ])('with %s costs them a bounded number of rings, and is back when it is well', (_what, make) => {
    const flood = new Flood();
    const rings = flood.rings();
    flood.run(make);
    const bound = 2 * (pullsAtOnce + 1) + slowPulls;
    expect(flood.rings() - rings).toBeLessThanOrEqual(bound);
    expect(flood.longestGapMs).toBeLessThan(4 * (TOKEN_MS + CONSENSUS_MS));
    expect(flood.counted('too_many_joins')).toBeGreaterThan(0);
    flood.scene.node(3).start();
    flood.scene.until(() => flood.scene.ring(1).endsWith('operational [1,2,3]'), backWithinMs);
  });
});

describe('a cable between two neighbours that is cut', () => {
  it('is named, and leaves a ring of the others', () => {
    const scene = new Scene(3);
    scene.startAll();
    scene.blocked = (from, to) => from + to === 5;
    scene.until(() => /operational \[1,[23]\]$/.test(scene.ring(1)), 10_000);
    expect(scene.node(1).group?.stats().suspects).toEqual({ '2-3': expect.any(Number) });
    expect(scene.logged(1, 'the network between').length).toBe(1);
    const rings = scene.node(1).group?.stats().srp['operational_entered'] ?? 0;
    scene.pass(60_000);
    expect((scene.node(1).group?.stats().srp['operational_entered'] ?? 0) - rings).toBeLessThan(
      2 * pullsAtOnce + slowPulls,
    );
    scene.blocked = () => false;
    scene.until(() => scene.nodes.every(({ id }) => scene.ring(id).endsWith('operational [1,2,3]')), backWithinMs);
  });
});
