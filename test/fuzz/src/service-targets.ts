import { readFileSync } from 'node:fs';
import { FakeCluster } from '@sanode/cluster/testing/fake-cluster';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import type { SimRandom } from '@sanode/sim';
import { mutated } from './mutate.ts';
import type { FuzzTarget, FuzzTargetKind } from './target.ts';

const services = { cmap: 0, cfg: 1, cpg: 2, quorum: 3, votequorum: 5 } as const;
type ServiceName = keyof typeof services | 'sync';

const headerBytes = 16;
/** Longest message of each kind; a sample of each function, so that every decoder is reached without captures too. */
const messageBytes = 2048;
const functionsPerService = 8;
/** Inputs between two new memberships, and between two rests in which queued messages are delivered. */
const changeEvery = 2000;
/** The sync service reads only while it synchronizes: a new membership this often, and most messages name its ring. */
const syncChangeEvery = 10;
const restEvery = 50;
const deviceWaitMs = 60_000;

function blankMessages(service: number): Buffer[] {
  return Array.from({ length: functionsPerService }, (_, fn) => {
    const message = Buffer.alloc(messageBytes);
    message.writeUInt32LE(service * 0x10000 + fn);
    message.writeUInt32LE(messageBytes, 8);
    return message;
  });
}

function captures(service: ServiceName): Buffer[] {
  if (!haveShared()) return [];
  const file = sharedPath('vectors', 'services', 'exec-messages.json');
  const { messages } = JSON.parse(readFileSync(file, 'utf8')) as {
    messages: { hex?: string; hex_head?: string; decoded: { service: string } }[];
  };
  return messages
    .filter(({ decoded }) => decoded.service === service)
    .map(({ hex, hex_head }) => Buffer.from(hex ?? hex_head ?? '', 'hex'));
}

/** The services of one node of a ring of three; changed messages of another member come in. */
class ServiceTarget implements FuzzTarget {
  readonly #random: SimRandom;
  readonly #service: ServiceName;
  readonly #samples: readonly Buffer[];
  #cluster = new FakeCluster({ nodeIds: [1, 2, 3] });
  #fed = 0;
  #ended = 0;
  #delivered = 0;

  constructor(random: SimRandom, service: ServiceName) {
    this.#random = random;
    this.#service = service;
    this.#cluster.rings([1, 2, 3]);
    const listener = {
      deliver: () => {
        this.#delivered += 1;
      },
      fragment: () => {
        this.#delivered += 1;
      },
      configurationChange() {},
      totemConfiguration() {},
    };
    for (const { core } of this.#cluster.nodes) {
      const client = core.cpg.connect(77, listener);
      core.cpg.join(client, 'group', true);
      this.#cluster.settle();
      core.cpg.multicast(client, Buffer.from('message'), () => {});
      core.cpg.multicastFragment(client, { type: 1, totalBytes: 20, data: Buffer.from('fragment') }, () => {});
    }
    this.#cluster.settle();
    const own = this.#cluster.wire.filter(({ group }) => (group === 'sync') === (service === 'sync'));
    const numbers = service === 'sync' ? blankMessages(0).slice(0, 2) : blankMessages(services[service]);
    const sent = own
      .map(({ payload }) => payload)
      .filter((payload) => service === 'sync' || payload.readUInt16LE(2) === services[service]);
    this.#samples = [...numbers, ...captures(service), ...sent];
  }

  next(): void {
    const { core } = this.#cluster.node(1);
    const random = this.#random;
    this.#fed += 1;
    if (this.#fed % (this.#service === 'sync' ? syncChangeEvery : changeEvery) === 0) this.#cluster.view([1, 2, 3]);
    const payload = mutated(random, this.#samples);
    if (random.below(20) > 0) this.#address(payload);
    const group = this.#service === 'sync' ? 'sync' : 'a';
    core.deliver({ group, nodeId: 1 + random.below(3), payload, foreignByteOrder: random.below(50) === 0 });
    if (this.#fed % restEvery === 0) {
      this.#cluster.settle();
      this.#cluster.wire.length = 0;
      // What a message may lawfully do to the process: a kill, a shutdown. Here the process goes on.
      for (const node of this.#cluster.nodes) {
        this.#ended += node.process.length;
        node.process.length = 0;
      }
    }
  }

  /** Makes sure that the message is read by whom it is for. */
  #address(payload: Buffer): void {
    if (this.#service !== 'sync') {
      if (payload.length >= headerBytes) payload.writeUInt16LE(services[this.#service], 2);
      return;
    }
    if (payload.length < headerBytes + 12) return;
    const { ring } = this.#cluster.node(1);
    payload.writeUInt32LE(ring.rep, headerBytes);
    payload.writeBigUInt64LE(BigInt(ring.seq), headerBytes + 4);
  }

  counters(): Readonly<Record<string, number>> {
    const { icmap } = this.#cluster.node(1);
    const counters: Record<string, number> = { ended: this.#ended, delivered: this.#delivered };
    if (this.#service === 'sync') return { ...counters, synchronizations: this.#cluster.node(1).synchronizations };
    counters['received'] = icmap
      .list(`runtime.services.${this.#service}.`)
      .filter(([key]) => key.endsWith('.rx'))
      .reduce((sum, [, value]) => sum + Number(value.value), 0);
    return counters;
  }

  finish(): void {
    const node = this.#cluster.node(1);
    const before = node.synchronizations;
    this.#cluster.rings([1, 2, 3]);
    // A quorum device that was made up is waited for, for a while.
    this.#cluster.advance(deviceWaitMs);
    if (node.synchronizations === before) throw new Error('no synchronization ends after the bad messages');
  }
}

const names: readonly ServiceName[] = ['sync', 'cmap', 'cfg', 'cpg', 'quorum', 'votequorum'];

/** One target for each service that speaks over the ring. */
export const serviceTargets: readonly FuzzTargetKind[] = names.map((service) => ({
  name: service,
  make: (random) => new ServiceTarget(random, service),
}));
