import {
  isForeignByteOrder,
  PACKET_ORF_TOKEN,
  RTR_LIMIT,
  readU32,
  readU64,
  TOKEN_BYTES_LIMIT,
  writeHeader,
  writeU64,
} from './header.ts';

const FIXED_BYTES = 57;
const RTR_ENTRY_BYTES = 16;
/** Room for the longest token that is ever sent. */
export const TOKEN_BYTES_MAXIMUM = FIXED_BYTES + RTR_LIMIT * RTR_ENTRY_BYTES;

/** One requested retransmission. */
export interface RetransmitRequest {
  ringRep: number;
  ringSeq: number;
  seq: number;
}

/** The regular token (totem.md 2.1), read into the same object at each visit, as it comes thousands of times a second. */
export class OrfToken {
  seq = 0;
  tokenSeq = 0;
  aru = 0;
  aruAddr = 0;
  ringRep = 0;
  ringSeq = 0;
  backlog = 0;
  fcc = 0;
  retransFlg = 0;
  /** How many of `rtr` count. */
  rtrCount = 0;
  readonly rtr: RetransmitRequest[] = Array.from({ length: RTR_LIMIT }, () => ({ ringRep: 0, ringSeq: 0, seq: 0 }));

  /** Takes entry `index` out of the request list; later ones move up. */
  removeRequest(index: number): void {
    const [removed] = this.rtr.splice(index, 1);
    if (removed !== undefined) this.rtr.push(removed);
    this.rtrCount -= 1;
  }

  /** Adds a request; the caller has checked that there is room. */
  addRequest(ringRep: number, ringSeq: number, seq: number): void {
    const entry = this.rtr[this.rtrCount] as RetransmitRequest;
    entry.ringRep = ringRep;
    entry.ringSeq = ringSeq;
    entry.seq = seq;
    this.rtrCount += 1;
  }
}

/** Reads a token into `token`. @returns why not, in the reference's words (totem.md 1.3 step 5), or undefined */
export function decodeOrfToken(packet: Buffer, token: OrfToken): string | undefined {
  const foreign = isForeignByteOrder(packet);
  if (packet.length < FIXED_BYTES) return 'Received orf_token message is too short...  ignoring.';
  if (packet.length > TOKEN_BYTES_LIMIT) return 'Received orf_token message is too long...  ignoring.';
  const count = readU32(packet, 53, foreign);
  if (count > RTR_LIMIT) return 'Received orf_token message rtr_entries is corrupted...  ignoring.';
  if (packet.length < FIXED_BYTES + count * RTR_ENTRY_BYTES)
    return 'Received orf_token message is too short...  ignoring.';
  const ringSeq = readU64(packet, 33, foreign);
  if (ringSeq === undefined) return 'Received orf_token message has an impossible ring sequence number...  ignoring.';
  token.seq = readU32(packet, 13, foreign);
  token.tokenSeq = readU32(packet, 17, foreign);
  token.aru = readU32(packet, 21, foreign);
  token.aruAddr = readU32(packet, 25, foreign);
  token.ringRep = readU32(packet, 29, foreign);
  token.ringSeq = ringSeq;
  token.backlog = readU32(packet, 41, foreign);
  token.fcc = readU32(packet, 45, foreign);
  token.retransFlg = readU32(packet, 49, foreign);
  token.rtrCount = 0;
  for (let index = 0; index < count; index += 1) {
    const offset = FIXED_BYTES + index * RTR_ENTRY_BYTES;
    // An entry of a ring that cannot be: nobody holds its message, so it is not carried on.
    const entrySeq = readU64(packet, offset + 4, foreign);
    if (entrySeq === undefined) continue;
    token.addRequest(readU32(packet, offset, foreign), entrySeq, readU32(packet, offset + 12, foreign));
  }
  return undefined;
}

/** Writes `token` as forwarded by `nodeId` into `into` (at least TOKEN_BYTES_MAXIMUM). @returns the packet, a view of `into` */
export function encodeOrfToken(token: OrfToken, nodeId: number, into: Buffer): Buffer {
  writeHeader(into, PACKET_ORF_TOKEN, 0, nodeId);
  into.writeUInt32LE(token.seq, 13);
  into.writeUInt32LE(token.tokenSeq, 17);
  into.writeUInt32LE(token.aru, 21);
  into.writeUInt32LE(token.aruAddr, 25);
  into.writeUInt32LE(token.ringRep, 29);
  writeU64(into, 33, token.ringSeq);
  into.writeUInt32LE(token.backlog, 41);
  into.writeUInt32LE(token.fcc, 45);
  into.writeUInt32LE(token.retransFlg, 49);
  into.writeUInt32LE(token.rtrCount, 53);
  for (let index = 0; index < token.rtrCount; index += 1) {
    const entry = token.rtr[index] as RetransmitRequest;
    const offset = FIXED_BYTES + index * RTR_ENTRY_BYTES;
    into.writeUInt32LE(entry.ringRep, offset);
    writeU64(into, offset + 4, entry.ringSeq);
    into.writeUInt32LE(entry.seq, offset + 12);
  }
  return into.subarray(0, FIXED_BYTES + token.rtrCount * RTR_ENTRY_BYTES);
}
