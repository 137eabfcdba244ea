import { invariant } from './invariant-error.ts';
import type { RingRecord, Rings } from './rings.ts';
import type { Run } from './run.ts';

/** Packet types and limits (totem.md 1.2, 5). */
const ORF_TOKEN = 0;
const MCAST = 1;
const JOIN = 3;
const COMMIT_TOKEN = 4;
const PROCESSOR_LIMIT = 384;
const RTR_LIMIT = 30;

/** What goes over the wire: one message at one place of a ring's order, and every packet within its limits. */
export class WireAudit {
  readonly #rings: Rings;
  #lastRing: RingRecord | undefined;
  /** Old messages that were sent again in recovery. */
  recoveryCount = 0;
  /** Messages that were sent again on request. */
  retransmissionCount = 0;

  constructor(rings: Rings) {
    this.#rings = rings;
  }

  /** @param limitBytes longest packet that the configuration allows */
  sent(run: Run, packet: Buffer, limitBytes: number): void {
    invariant(packet.length <= limitBytes, () => `${run.name} sent ${packet.length} bytes, more than ${limitBytes}`);
    switch (packet[3]) {
      case MCAST:
        this.#mcast(run, packet);
        return;
      case ORF_TOKEN: {
        const requests = packet.readUInt32LE(53);
        invariant(requests <= RTR_LIMIT, () => `${run.name} asks for ${requests} retransmissions in a token`);
        return;
      }
      case JOIN: {
        const longest = Math.max(packet.readUInt32LE(17), packet.readUInt32LE(21));
        invariant(longest <= PROCESSOR_LIMIT, () => `${run.name} sent a join with ${longest} processors`);
        return;
      }
      case COMMIT_TOKEN: {
        const rep = packet.readUInt32LE(17);
        const first = packet.readUInt32LE(33) === 1;
        if (first && rep === run.node) this.#rings.made(run, { rep, seq: packet.readUIntLE(21, 6) });
        return;
      }
    }
  }

  #mcast(run: Run, packet: Buffer): void {
    const id = { rep: packet.readUInt32LE(25), seq: packet.readUIntLE(29, 6) };
    let ring = this.#lastRing;
    if (ring === undefined || ring.id.seq !== id.seq || ring.id.rep !== id.rep || ring.ambiguous)
      ring = this.#rings.get(id);
    invariant(ring !== undefined, () => `${run.name} sent a message of ring ${id.rep}.${id.seq}, which nobody made`);
    this.#lastRing = ring;
    const seq = packet.readUInt32LE(17);
    const known = ring.packets.get(seq);
    if (known === undefined) {
      ring.packets.set(seq, packet);
      if (packet[4] === 1) this.recoveryCount += 1;
      return;
    }
    this.retransmissionCount += 1;
    if (ring.ambiguous) return;
    const { name } = ring;
    invariant(
      known === packet || known.equals(packet),
      () => `${run.name} sent a second message ${seq} of ring ${name}`,
    );
  }
}
