import type { RingId } from '../types.ts';
import { isForeignByteOrder, PACKET_MCAST, readU32, readU64, writeHeader, writeU64 } from './header.ts';

/** Bytes before the payload of an mcast. */
export const MCAST_HEADER_BYTES = 45;

/** The fixed part of an mcast (totem.md 2.2). */
export interface McastHeader {
  readonly encapsulated: number;
  /** The originator, also of a retransmission. */
  readonly nodeId: number;
  readonly systemFrom: number;
  readonly seq: number;
  readonly thisSeqno: number;
  readonly ringId: RingId;
  readonly guarantee: number;
  readonly foreignByteOrder: boolean;
}

/** Reads the fixed part; a string says why not, in the reference's words. */
export function decodeMcast(packet: Buffer): McastHeader | string {
  const foreign = isForeignByteOrder(packet);
  if (packet.length < MCAST_HEADER_BYTES) return 'Received mcast message is too short...  ignoring.';
  const ringSeq = readU64(packet, 29, foreign);
  if (ringSeq === undefined) return 'Received mcast message has an impossible ring sequence number...  ignoring.';
  return {
    encapsulated: packet[4] as number,
    nodeId: readU32(packet, 5, foreign),
    systemFrom: readU32(packet, 13, foreign),
    seq: readU32(packet, 17, foreign),
    thisSeqno: readU32(packet, 21, foreign) | 0,
    ringId: { rep: readU32(packet, 25, foreign), seq: ringSeq },
    guarantee: readU32(packet, 41, foreign) | 0,
    foreignByteOrder: foreign,
  };
}

/**
 * Writes the fixed part into the first 45 bytes of `packet`. `seq`, `this_seqno` and the ring id are filled in by
 * {@link stampMcast} when the token lets the packet go.
 */
export function writeMcastHeader(packet: Buffer, encapsulated: number, nodeId: number, guarantee = 0): void {
  writeHeader(packet, PACKET_MCAST, encapsulated, nodeId);
  packet.writeUInt32LE(nodeId, 13);
  packet.fill(0, 17, MCAST_HEADER_BYTES);
  packet.writeInt32LE(guarantee, 41);
}

/** Gives a queued packet its place in the order of a ring. */
export function stampMcast(packet: Buffer, seq: number, thisSeqno: number, ringId: RingId): void {
  packet.writeUInt32LE(seq, 17);
  packet.writeInt32LE(thisSeqno | 0, 21);
  packet.writeUInt32LE(ringId.rep, 25);
  writeU64(packet, 29, ringId.seq);
}
