import { SimDisk, SimNetwork, SimProcess, SimRandom, SimWorld } from '@sanode/sim';
import { deriveTotemTimings, TotemGroup, type TotemHost } from '@sanode/totem';
import { expect, it } from 'vitest';

const members = [1, 2, 3].map((nodeId) => ({ nodeId, address: `10.0.0.${nodeId}` }));
const firstSeed = 20_261_124;
const seeds = 12;
const fuzzMs = 3000;
const settleMs = 30_000;
/** Kept of what was on the wire, for the forger to start from. */
const maxSamples = 400;

/** Three live ring cores on one network, and a forger who changes what he saw there and sends it to them. */
class ForgedRing {
  readonly world: SimWorld;
  readonly random: SimRandom;
  readonly groups = new Map<number, TotemGroup>();
  readonly #network: SimNetwork;
  readonly #samples: Buffer[] = [];
  forged = 0;

  constructor(seed: number) {
    this.world = new SimWorld(seed);
    this.random = new SimRandom(seed);
    this.#network = new SimNetwork(this.world);
    const timings = deriveTotemTimings({ token: 300, tokenCoefficient: 50 }, members.length);
    for (const { nodeId } of members) {
      const group = new TotemGroup(this.#host(nodeId), { nodeId, members, timings, netMtuBytes: 1500 });
      this.groups.set(nodeId, group);
      group.start(0);
    }
  }

  /** Whether all three are in one ring. */
  get whole(): boolean {
    const groups = [...this.groups.values()];
    return groups.every((group) => group.state === 'operational' && group.members.length === members.length);
  }

  forge(untilMs: number): void {
    if (this.world.nowMs >= untilMs) return;
    const target = this.groups.get(1 + this.random.below(members.length));
    if (this.#samples.length > 0) {
      this.forged += 1;
      target?.receive(this.#mutated(), '10.0.0.66');
    }
    this.world.after(this.random.between(0.2, 6), () => this.forge(untilMs));
  }

  #mutated(): Buffer {
    let packet: Buffer = Buffer.from(this.random.pick(this.#samples));
    for (let changes = 1 + this.random.below(4); changes > 0; changes -= 1) {
      const at = this.random.below(Math.max(1, packet.length));
      const kind = this.random.below(5);
      if (kind === 0) packet = packet.subarray(0, at);
      else if (kind === 1)
        packet = Buffer.concat([packet, Buffer.alloc(this.random.below(200), this.random.below(256))]);
      else if (kind === 2 && at + 4 <= packet.length) {
        packet.writeUInt32LE(this.random.pick([0, 1, 2, 3, 0x7fffffff, 0x80000000, 0xffffffff, 385]), at);
      } else if (kind === 3) packet[at] = (packet[at] ?? 0) ^ (1 << this.random.below(8));
      else if (packet.length > 3) packet[3] = this.random.below(7);
    }
    return packet;
  }

  #sample(packet: Buffer): void {
    if (this.#samples.length < maxSamples) this.#samples.push(Buffer.from(packet));
    else this.#samples[this.random.below(maxSamples)] = Buffer.from(packet);
  }

  #host(nodeId: number): TotemHost {
    const { world } = this;
    const process = new SimProcess(world, `n${nodeId}`);
    const disk = new SimDisk(world);
    const group = (): TotemGroup => this.groups.get(nodeId) as TotemGroup;
    this.#network.attach(nodeId, (from, packet) => process.input(() => group().receive(packet, `10.0.0.${from}`)));
    const own = (packet: Buffer): void => {
      world.after(0.05, () => process.input(() => group().receive(packet, 'self')));
    };
    return {
      log: process.log,
      monotonicMs: () => process.monotonicMs(),
      wallMs: () => process.wallMs(),
      randomUint32: () => process.randomUint32(),
      setTimer: (delayMs, handler) => process.setTimer(delayMs, handler),
      sendToken: (packet, to) => {
        this.#sample(packet);
        if (to === nodeId) own(packet);
        else this.#network.send(nodeId, to, packet);
      },
      multicast: (packet) => {
        this.#sample(packet);
        for (const member of members) if (member.nodeId !== nodeId) this.#network.send(nodeId, member.nodeId, packet);
        own(packet);
      },
      persistRingSequence: (seq, done) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64LE(BigInt(seq));
        disk.write(process, 'ringid', bytes, done);
      },
      afterWaitingDatagrams: (done) => process.afterWaitingInput(done),
      checkInterface: () => {},
      memberCountChanged: () => {},
      deliver: () => {},
      configurationChanged: (change) => {
        if (change.type !== 'regular') return;
        group().syncCompleted();
        for (let count = 0; count < 5; count += 1) group().mcast('a', Buffer.alloc(100 * count, nodeId));
      },
      tokenSent: () => {},
      queueLevelChanged: () => {},
    };
  }
}

it.each(Array.from({ length: seeds }, (_, index) => firstSeed + index))(
  'live rings survive forged datagrams, and are whole again when they end (seed %i)',
  (seed) => {
    const ring = new ForgedRing(seed);
    expect(ring.world.runUntil(() => ring.whole, 5000)).toBe(true);
    const untilMs = ring.world.nowMs + fuzzMs;
    ring.forge(untilMs);
    ring.world.run(untilMs + 1);
    expect(ring.forged).toBeGreaterThan(200);
    const states = (): string =>
      [...ring.groups]
        .map(([id, group]) => `${id} ${group.state} [${group.members}] ${JSON.stringify(group.ringId)}`)
        .join('; ');
    expect(
      ring.world.runUntil(() => ring.whole, ring.world.nowMs + settleMs),
      states(),
    ).toBe(true);
  },
  20_000,
);
