import type { RingId } from '../types.ts';
import {
  HEADER_BYTES,
  isForeignByteOrder,
  PACKET_COMMIT_TOKEN,
  PACKET_HOLD_CANCEL,
  PACKET_JOIN,
  PACKET_MERGE_DETECT,
  PROCESSOR_LIMIT,
  readU32,
  readU64,
  writeHeader,
  writeU64,
} from './header.ts';

const JOIN_FIXED_BYTES = 33;
const COMMIT_FIXED_BYTES = 41;
const COMMIT_ADDRESS_BYTES = 4;
const COMMIT_ENTRY_BYTES = 24;
const MERGE_DETECT_BYTES = 29;
const HOLD_CANCEL_BYTES = 25;

/** memb_join (totem.md 2.4). */
export interface JoinMessage {
  /** The sender leaves the ring for good (`header.nodeid` 0). */
  readonly leave: boolean;
  readonly systemFrom: number;
  /** `seq` of the sender's current ring. */
  readonly ringSeq: number;
  readonly procList: readonly number[];
  readonly failedList: readonly number[];
}

/** One member's part of a commit token, all 0 until it filled it in. */
export interface CommitEntry {
  readonly ringId: RingId;
  readonly aru: number;
  readonly highDelivered: number;
  readonly receivedFlg: number;
}

/** memb_commit_token (totem.md 2.5). `entries[i]` belongs to `addresses[i]`. */
export interface CommitToken {
  readonly tokenSeq: number;
  readonly ringId: RingId;
  readonly retransFlg: number;
  readonly membIndex: number;
  readonly addresses: readonly number[];
  readonly entries: readonly CommitEntry[];
}

/** memb_merge_detect (totem.md 2.3). */
export interface MergeDetect {
  readonly systemFrom: number;
  readonly ringId: RingId;
}

/** token_hold_cancel (totem.md 2.6). */
export interface HoldCancel {
  readonly ringId: RingId;
}

function readList(packet: Buffer, offset: number, count: number, foreign: boolean): number[] {
  const list: number[] = [];
  for (let index = 0; index < count; index += 1) list.push(readU32(packet, offset + 4 * index, foreign));
  return list;
}

function readRingId(packet: Buffer, offset: number, foreign: boolean): RingId | undefined {
  const seq = readU64(packet, offset + 4, foreign);
  return seq === undefined ? undefined : { rep: readU32(packet, offset, foreign), seq };
}

function writeRingId(packet: Buffer, offset: number, ringId: RingId): void {
  packet.writeUInt32LE(ringId.rep, offset);
  writeU64(packet, offset + 4, ringId.seq);
}

const tooShort = (type: string): string => `Received ${type} message is too short...  ignoring.`;
/** What is said of a packet whose ring sequence number no ring can have. */
export const impossibleRing = (type: string): string =>
  `Received ${type} message has an impossible ring sequence number...  ignoring.`;

/** Reads a join; a string says why not, in the reference's words. */
export function decodeJoin(packet: Buffer): JoinMessage | string {
  const foreign = isForeignByteOrder(packet);
  if (packet.length < JOIN_FIXED_BYTES) return tooShort('memb_join');
  const procCount = readU32(packet, 17, foreign);
  const failedCount = readU32(packet, 21, foreign);
  if (procCount > PROCESSOR_LIMIT || failedCount > PROCESSOR_LIMIT) {
    return 'Received memb_join message list_entries exceeds the maximum allowed value...  ignoring.';
  }
  if (packet.length < JOIN_FIXED_BYTES + 4 * (procCount + failedCount)) return tooShort('memb_join');
  const ringSeq = readU64(packet, 25, foreign);
  if (ringSeq === undefined) return impossibleRing('memb_join');
  return {
    leave: readU32(packet, 5, foreign) === 0,
    systemFrom: readU32(packet, 13, foreign),
    ringSeq,
    procList: readList(packet, JOIN_FIXED_BYTES, procCount, foreign),
    failedList: readList(packet, JOIN_FIXED_BYTES + 4 * procCount, failedCount, foreign),
  };
}

/** Writes a join. */
export function encodeJoin(join: JoinMessage): Buffer {
  const { procList, failedList } = join;
  const packet = Buffer.alloc(JOIN_FIXED_BYTES + 4 * (procList.length + failedList.length));
  writeHeader(packet, PACKET_JOIN, 0, join.leave ? 0 : join.systemFrom);
  packet.writeUInt32LE(join.systemFrom, 13);
  packet.writeUInt32LE(procList.length, 17);
  packet.writeUInt32LE(failedList.length, 21);
  writeU64(packet, 25, join.ringSeq);
  let offset = JOIN_FIXED_BYTES;
  for (const list of [procList, failedList]) {
    for (const nodeId of list) offset = packet.writeUInt32LE(nodeId, offset);
  }
  return packet;
}

/** Reads a commit token; a string says why not, in the reference's words. */
export function decodeCommitToken(packet: Buffer): CommitToken | string {
  const foreign = isForeignByteOrder(packet);
  if (packet.length < COMMIT_FIXED_BYTES) return tooShort('memb_commit_token');
  const count = readU32(packet, 37, foreign);
  // The reference's own limit: more processors than a ring can have, or none, make no ring.
  if (count > PROCESSOR_LIMIT || count === 0) return tooShort('memb_commit_token');
  const entriesOffset = COMMIT_FIXED_BYTES + COMMIT_ADDRESS_BYTES * count;
  if (packet.length < entriesOffset + COMMIT_ENTRY_BYTES * count) return tooShort('memb_commit_token');
  const membIndex = readU32(packet, 33, foreign);
  if (membIndex > count) return 'Received memb_commit_token message memb_index is corrupted...  ignoring.';
  const ringId = readRingId(packet, 17, foreign);
  if (ringId === undefined) return impossibleRing('memb_commit_token');
  const entries: CommitEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    const offset = entriesOffset + COMMIT_ENTRY_BYTES * index;
    const entryRing = readRingId(packet, offset, foreign);
    if (entryRing === undefined) return impossibleRing('memb_commit_token');
    entries.push({
      ringId: entryRing,
      aru: readU32(packet, offset + 12, foreign),
      highDelivered: readU32(packet, offset + 16, foreign),
      receivedFlg: readU32(packet, offset + 20, foreign),
    });
  }
  return {
    tokenSeq: readU32(packet, 13, foreign),
    ringId,
    retransFlg: readU32(packet, 29, foreign),
    membIndex,
    addresses: readList(packet, COMMIT_FIXED_BYTES, count, foreign),
    entries,
  };
}

/** Writes a commit token as forwarded by `nodeId`. */
export function encodeCommitToken(token: CommitToken, nodeId: number): Buffer {
  const count = token.addresses.length;
  const packet = Buffer.alloc(COMMIT_FIXED_BYTES + (COMMIT_ADDRESS_BYTES + COMMIT_ENTRY_BYTES) * count);
  writeHeader(packet, PACKET_COMMIT_TOKEN, 0, nodeId);
  packet.writeUInt32LE(token.tokenSeq, 13);
  writeRingId(packet, 17, token.ringId);
  packet.writeUInt32LE(token.retransFlg, 29);
  packet.writeUInt32LE(token.membIndex, 33);
  packet.writeUInt32LE(count, 37);
  let offset = COMMIT_FIXED_BYTES;
  for (const address of token.addresses) offset = packet.writeUInt32LE(address, offset);
  for (const entry of token.entries) {
    writeRingId(packet, offset, entry.ringId);
    packet.writeUInt32LE(entry.aru, offset + 12);
    packet.writeUInt32LE(entry.highDelivered, offset + 16);
    packet.writeUInt32LE(entry.receivedFlg, offset + 20);
    offset += COMMIT_ENTRY_BYTES;
  }
  return packet;
}

/** Reads a merge_detect; a string says why not, in the reference's words. */
export function decodeMergeDetect(packet: Buffer): MergeDetect | string {
  const foreign = isForeignByteOrder(packet);
  if (packet.length < MERGE_DETECT_BYTES) return tooShort('memb_merge_detect');
  const ringId = readRingId(packet, 17, foreign);
  return ringId === undefined
    ? impossibleRing('memb_merge_detect')
    : { systemFrom: readU32(packet, HEADER_BYTES, foreign), ringId };
}

/** Writes a merge_detect. */
export function encodeMergeDetect(message: MergeDetect): Buffer {
  const packet = Buffer.alloc(MERGE_DETECT_BYTES);
  writeHeader(packet, PACKET_MERGE_DETECT, 0, message.systemFrom);
  packet.writeUInt32LE(message.systemFrom, HEADER_BYTES);
  writeRingId(packet, 17, message.ringId);
  return packet;
}

/** Reads a token_hold_cancel; a string says why not, in the reference's words. */
export function decodeHoldCancel(packet: Buffer): HoldCancel | string {
  if (packet.length < HOLD_CANCEL_BYTES) return tooShort('token_hold_cancel');
  const ringId = readRingId(packet, HEADER_BYTES, isForeignByteOrder(packet));
  return ringId === undefined ? impossibleRing('token_hold_cancel') : { ringId };
}

/** Writes a token_hold_cancel. */
export function encodeHoldCancel(message: HoldCancel, nodeId: number): Buffer {
  const packet = Buffer.alloc(HOLD_CANCEL_BYTES);
  writeHeader(packet, PACKET_HOLD_CANCEL, 0, nodeId);
  writeRingId(packet, HEADER_BYTES, message.ringId);
  return packet;
}
