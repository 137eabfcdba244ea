import { SimDisk, SimNetwork, SimProcess, type SimRandom, SimWorld } from '@sanode/sim';
import { deriveTotemTimings, formatRingId, TotemGroup, type TotemHost } from '@sanode/totem';
import { PACKET_NAMES } from '@sanode/totem/codec/header';
import { mutated } from './mutate.ts';
import type { FuzzTarget, FuzzTargetKind } from './target.ts';

const members = [1, 2, 3].map((nodeId) => ({ nodeId, address: `10.0.0.${nodeId}` }));
/** Where the sender's node id stands in each type of packet. */
const senderAt = [5, 5, 13, 13, 5, 5];
const samplesKept = 64;
/** Inputs in a row; then the ring is left alone for a while, so that it is not always gathering. */
const burst = 400;
const restMs = 1200;
const gapMaxMs = 0.03;
const settleMs = 60_000;

/** Three live ring cores; changed packets of one type are sent to them. */
class RingTarget implements FuzzTarget {
  readonly #random: SimRandom;
  readonly #type: number;
  readonly #world: SimWorld;
  readonly #network: SimNetwork;
  readonly #groups = new Map<number, TotemGroup>();
  readonly #samples: Buffer[][] = PACKET_NAMES.map(() => []);
  #fed = 0;
  #deliveries = 0;

  constructor(random: SimRandom, type: number) {
    this.#random = random;
    this.#type = type;
    this.#world = new SimWorld(random.uint32());
    this.#network = new SimNetwork(this.#world);
    const timings = deriveTotemTimings({ token: 100, tokenCoefficient: 0 }, members.length);
    for (const { nodeId } of members) {
      const group = new TotemGroup(this.#host(nodeId), { nodeId, members, timings, netMtuBytes: 1500 });
      this.#groups.set(nodeId, group);
      group.start(0);
    }
    this.#world.runUntil(() => this.#whole, 2000);
  }

  next(): void {
    if (this.#fed % burst === 0) this.#world.runUntil(() => this.#whole, this.#world.nowMs + restMs);
    this.#fed += 1;
    const samples = this.#samples[this.#type] as Buffer[];
    const packet = mutated(this.#random, samples.length > 0 ? samples : this.#samples.flat());
    if (packet.length > 3 && this.#random.below(20) > 0) packet[3] = this.#type;
    const target = this.#groups.get(1 + this.#random.below(members.length)) as TotemGroup;
    target.receive(packet, this.#claimedAddress(packet));
    this.#world.run(this.#world.nowMs + this.#random.between(0, gapMaxMs));
  }

  /** The address of the node that a packet says it comes from: so it gets past the check of senders. */
  #claimedAddress(packet: Buffer): string {
    const at = senderAt[packet[3] ?? 0] ?? 5;
    const id = packet.length < at + 4 ? 0 : packet.readUInt32LE(at);
    return members.find(({ nodeId }) => nodeId === id)?.address ?? '10.0.0.66';
  }

  counters(): Readonly<Record<string, number>> {
    const name = `${PACKET_NAMES[this.#type]}_rx`;
    const sum = (counter: string): number =>
      [...this.#groups.values()].reduce((total, group) => total + (group.stats().srp[counter] ?? 0), 0);
    return {
      [name]: sum(name),
      rx_msg_dropped: sum('rx_msg_dropped'),
      gather_entered: sum('gather_entered'),
      deliveries: this.#deliveries,
    };
  }

  finish(): void {
    if (this.#world.runUntil(() => this.#whole, this.#world.nowMs + settleMs)) return;
    const states = [...this.#groups].map(
      ([id, group]) => `${id}: ${group.state} [${group.members}] ${formatRingId(group.ringId)}`,
    );
    throw new Error(`no common ring ${settleMs} ms after the last input: ${states.join(', ')}`);
  }

  get #whole(): boolean {
    const groups = [...this.#groups.values()];
    return groups.every((group) => group.state === 'operational' && group.members.length === members.length);
  }

  #sample(packet: Buffer): void {
    const kept = this.#samples[packet[3] as number] as Buffer[];
    if (kept.length < samplesKept) kept.push(Buffer.from(packet));
    else if (this.#random.below(8) === 0) kept[this.#random.below(samplesKept)] = Buffer.from(packet);
  }

  #host(nodeId: number): TotemHost {
    const world = this.#world;
    const process = new SimProcess(world, `n${nodeId}`);
    const disk = new SimDisk(world);
    const group = (): TotemGroup => this.#groups.get(nodeId) as TotemGroup;
    this.#network.attach(nodeId, (from, packet) => process.input(() => group().receive(packet, `10.0.0.${from}`)));
    const own = (packet: Buffer): void => {
      world.after(0.05, () => process.input(() => group().receive(packet, `10.0.0.${nodeId}`)));
    };
    return {
      ...process.coreHost(),
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
      deliver: () => {
        this.#deliveries += 1;
      },
      configurationChanged: (change) => {
        if (change.type !== 'regular') return;
        group().syncCompleted();
        for (let count = 0; count < 5; count += 1) group().mcast('a', Buffer.alloc(400 * count, nodeId));
      },
      tokenSent: () => {},
      queueLevelChanged: () => {},
    };
  }
}

/** One target for each type of totem packet. */
export const ringTargets: readonly FuzzTargetKind[] = PACKET_NAMES.map((name, type) => ({
  name,
  make: (random) => new RingTarget(random, type),
}));
