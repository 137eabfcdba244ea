/** First field of every packet (totem.md 1.2). */
export const MAGIC = 0xc070;
const MAGIC_SWAPPED = 0x70c0;
export const PROTOCOL_VERSION = 3;
export const HEADER_BYTES = 13;

export const PACKET_ORF_TOKEN = 0;
export const PACKET_MCAST = 1;
export const PACKET_MERGE_DETECT = 2;
export const PACKET_JOIN = 3;
export const PACKET_COMMIT_TOKEN = 4;
export const PACKET_HOLD_CANCEL = 5;
/** Names of the packet types, as the log writes them. */
export const PACKET_NAMES = [
  'orf_token',
  'mcast',
  'memb_merge_detect',
  'memb_join',
  'memb_commit_token',
  'token_hold_cancel',
] as const;

/** `encapsulated` of an old ring's message that travels inside a recovery message; an ordinary one has 2. */
export const ENCAPSULATED_OLD = 1;

/** Limit of either list of a join, and of the members of a ring (totem.md 5). */
export const PROCESSOR_LIMIT = 384;
/** Limit of the retransmission requests in a token. */
export const RTR_LIMIT = 30;
/** Longest token that the reference takes. */
export const TOKEN_BYTES_LIMIT = 1500;

/** Whether the packet's sender has the other byte order. Only for packets that {@link rejectHeader} let pass. */
export function isForeignByteOrder(packet: Buffer): boolean {
  return packet[0] === 0xc0;
}

/** Reads a u32 in the sender's byte order. */
export function readU32(packet: Buffer, offset: number, foreign: boolean): number {
  return foreign ? packet.readUInt32BE(offset) : packet.readUInt32LE(offset);
}

/** Reads a u64 in the sender's byte order; undefined when it is 2^53 or more, which no ring reaches. */
export function readU64(packet: Buffer, offset: number, foreign: boolean): number | undefined {
  const high = readU32(packet, foreign ? offset : offset + 4, foreign);
  const low = readU32(packet, foreign ? offset + 4 : offset, foreign);
  return high < 0x20_0000 ? high * 0x1_0000_0000 + low : undefined;
}

/** Writes a u64 below 2^53. */
export function writeU64(packet: Buffer, offset: number, value: number): void {
  packet.writeUInt32LE(value % 0x1_0000_0000, offset);
  packet.writeUInt32LE(Math.floor(value / 0x1_0000_0000), offset + 4);
}

/** Writes the 13 bytes that begin every packet. `target_nodeid` is 0; knet's transport fills it in (knet.md 14.2). */
export function writeHeader(packet: Buffer, type: number, encapsulated: number, nodeId: number): void {
  packet.writeUInt16LE(MAGIC, 0);
  packet[2] = PROTOCOL_VERSION;
  packet[3] = type;
  packet[4] = encapsulated;
  packet.writeUInt32LE(nodeId, 5);
  packet.writeUInt32LE(0, 9);
}

/** What is wrong with a datagram's header (totem.md 1.3, steps 1 to 4). */
export type HeaderFault = 'too_short' | 'bad_magic' | 'unsupported_version' | 'wrong_type';

/** Why a datagram is none of ours, or undefined when its header is well. */
export function rejectHeader(packet: Buffer): HeaderFault | undefined {
  if (packet.length < HEADER_BYTES) return 'too_short';
  const magic = packet.readUInt16LE(0);
  if (magic !== MAGIC && magic !== MAGIC_SWAPPED) return 'bad_magic';
  if (packet[2] !== PROTOCOL_VERSION) return 'unsupported_version';
  return (packet[3] as number) >= PACKET_NAMES.length ? 'wrong_type' : undefined;
}

/** The reference's words for a fault that {@link rejectHeader} found (totem.md 1.3). @param from the source address */
export function describeFault(fault: HeaderFault, packet: Buffer, from: string): string {
  switch (fault) {
    case 'too_short':
      return `Message received from ${from} is too short...  Ignoring ${packet.length}.`;
    case 'bad_magic':
      return `Message received from ${from} has bad magic number (probably sent by ${guessSender(packet)}).. Ignoring`;
    case 'unsupported_version':
      return `Message received from ${from} has unsupported version ${packet[2]}... Ignoring`;
    case 'wrong_type':
      return `Message received from ${from} has wrong type...  ignoring ${packet[3]}.`;
  }
}

function guessSender(packet: Buffer): string {
  const magic = packet.readUInt16LE(0);
  if (magic === 0xffff) return 'Corosync 2.2';
  if (magic === 0xfefe) return 'Corosync 2.3+';
  const first = packet.readInt8(0);
  if (first === 1) return 'unencrypted Kronosnet';
  if (first >= 0 && first <= 5) return 'unencrypted Corosync 2.0/2.1/1.x/OpenAIS';
  return 'encrypted Kronosnet/Corosync 2.0/2.1/1.x/OpenAIS or unknown';
}
