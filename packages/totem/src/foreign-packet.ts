import { describeFault, type HeaderFault, isForeignByteOrder, readU32, rejectHeader } from './codec/header.ts';
import type { TroubleKind, TroubleLog } from './trouble-log.ts';

const MAGIC_COROSYNC_22 = 0xffff;
const MAGIC_COROSYNC_23 = 0xfefe;
const SENDER_AT = 5;
/** First byte of an unencrypted knet packet (knet.md 2.1), and its types. */
const KNET_VERSION = 1;
const KNET_TYPES: readonly number[] = [0x00, 0x81, 0x82, 0x83, 0x84];

/** Counts a datagram that is no Totem packet of this version, and says in words what its sender runs and what to do. */
export function noteNotTotem(trouble: TroubleLog, fault: HeaderFault, packet: Buffer, from: string): void {
  trouble.note(from, kindOf(fault, packet), () =>
    `${describeFault(fault, packet, from)} ${advice(fault, packet, from)}`.trim(),
  );
}

function kindOf(fault: HeaderFault, packet: Buffer): TroubleKind {
  if (fault === 'unsupported_version') return 'other_version';
  if (fault !== 'bad_magic') return 'malformed';
  if (isCorosync2(packet)) return 'corosync_2';
  return isPlainKnet(packet) ? 'knet' : 'not_totem';
}

function isCorosync2(packet: Buffer): boolean {
  const magic = packet.readUInt16LE(0);
  return magic === MAGIC_COROSYNC_22 || magic === MAGIC_COROSYNC_23;
}

function isPlainKnet(packet: Buffer): boolean {
  return packet[0] === KNET_VERSION && KNET_TYPES.includes(packet[1] as number);
}

/**
 * A datagram from an address that is not in the nodelist. The name of a cluster is in no packet, so a stranger with the
 * same port and a node that the nodelist lacks look the same.
 */
export function noteUnlistedAddress(trouble: TroubleLog, packet: Buffer, from: string): void {
  trouble.note(from, 'unlisted_address', () => {
    const fault = rejectHeader(packet);
    if (fault !== undefined)
      return `${from} is not in the nodelist and sends something else than Totem here; dropped. ${advice(fault, packet, from)}`.trim();
    const nodeId = readU32(packet, SENDER_AT, isForeignByteOrder(packet));
    return (
      `${from} (node id ${nodeId}) sends Totem packets here but is not in the nodelist; dropped. Either it belongs to ` +
      "another cluster, whose nodelist or multicast group names this node, or this node's corosync.conf lacks it."
    );
  });
}

/** A node of the nodelist sends in a way that only another transport does. */
export function noteOtherTransport(trouble: TroubleLog, theirs: 'udp' | 'udpu', from: string): void {
  const ours = theirs === 'udp' ? 'udpu' : 'udp';
  trouble.note(
    from,
    'other_transport',
    () => `${from} uses transport ${theirs}, this node ${ours}: corosync.conf must agree.`,
  );
}

/** What can be told from the first bytes; where two things look the same both are named. */
function advice(fault: HeaderFault, packet: Buffer, from: string): string {
  if (fault === 'unsupported_version') return `${from} runs another release of corosync: bring it to version 3.`;
  if (fault !== 'bad_magic') return '';
  if (isCorosync2(packet)) {
    return `${from} runs corosync 2, which cannot join: bring it to version 3.`;
  }
  if (isPlainKnet(packet)) {
    return `${from} uses transport knet without encryption, this node does not: the transport in corosync.conf must agree.`;
  }
  return (
    `${from} either uses transport knet with encryption (this node does not: the transport in corosync.conf must agree), ` +
    'or runs corosync 2 or older, or is no cluster node at all: encrypted packets do not tell.'
  );
}
