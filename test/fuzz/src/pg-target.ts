import type { SimRandom } from '@sanode/sim';
import { AssemblySet } from '@sanode/totem/pg/assembly';
import { groupHeader, splitGroups } from '@sanode/totem/pg/groups';
import { Packer } from '@sanode/totem/pg/packer';
import { mutated } from './mutate.ts';
import type { FuzzTarget, FuzzTargetKind } from './target.ts';

const headerBytes = 45;
const packetBytes = 1410;

function samplePackets(): Buffer[] {
  const packets: Buffer[] = [];
  const packer = new Packer({ queueAvailable: 10_000, enqueue: (packet) => packets.push(packet) }, packetBytes);
  for (const length of [0, 1, 20, 300, 1390, 1400, 5000, 20_000]) {
    packer.add([...groupHeader(length % 2 === 0 ? 'a' : 'sync'), Buffer.alloc(length, 7)]);
    if (length < 1000) packer.add([...groupHeader('a'), Buffer.alloc(10, 8)]);
    packer.flush();
  }
  return packets.map((packet) => packet.subarray(headerBytes));
}

/** Packing of messages: changed packets of any node, known or not. */
class PgTarget implements FuzzTarget {
  readonly #random: SimRandom;
  readonly #samples = samplePackets();
  readonly #set = new AssemblySet();
  readonly #counters = { refused: 0, messages: 0, malformed: 0 };

  constructor(random: SimRandom) {
    this.#random = random;
  }

  next(): void {
    const { below } = { below: (count: number) => this.#random.below(count) };
    // Whole packets too: only they let a message grow.
    const packet =
      below(3) === 0 ? Buffer.from(this.#random.pick(this.#samples)) : mutated(this.#random, this.#samples);
    const foreign = below(8) === 0;
    const nodeId = below(4) === 0 ? this.#random.uint32() : below(4);
    const messages = this.#set.take(nodeId, packet, foreign);
    if (typeof messages === 'string') {
      this.#counters.refused += 1;
      return;
    }
    for (const message of messages) {
      this.#counters.messages += 1;
      if (splitGroups(message, foreign) === undefined) this.#counters.malformed += 1;
    }
  }

  counters(): Readonly<Record<string, number>> {
    return { ...this.#counters };
  }

  finish(): void {
    const [whole] = this.#samples as [Buffer];
    if (!Array.isArray(this.#set.take(1, whole, false)) || !Array.isArray(this.#set.take(1, whole, false))) {
      throw new Error('a good packet is refused after the bad ones');
    }
  }
}

export const pgTarget: FuzzTargetKind = { name: 'totempg', make: (random) => new PgTarget(random) };
