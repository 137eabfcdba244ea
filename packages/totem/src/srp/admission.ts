import { isForeignByteOrder, PACKET_JOIN, PACKET_MCAST, PACKET_MERGE_DETECT, readU32 } from '../codec/header.ts';
import type { JoinMessage } from '../codec/membership.ts';
import type { RingState } from './ring-state.ts';

const HEADER_NODE_ID_AT = 5;
const SYSTEM_FROM_AT = 13;

/**
 * Who sent a packet, by its own word; undefined for an mcast, which anybody may send again, and for one that is too short
 * to say.
 */
function senderOf(packet: Buffer): number | undefined {
  const type = packet[3];
  if (type === PACKET_MCAST) return undefined;
  const at = type === PACKET_JOIN || type === PACKET_MERGE_DETECT ? SYSTEM_FROM_AT : HEADER_NODE_ID_AT;
  return packet.length < at + 4 ? undefined : readU32(packet, at, isForeignByteOrder(packet));
}

/**
 * Whether a packet's sender is the node whose address it comes from. Two nodes with one id would undo each other's rings;
 * here the one that is not in the nodelist with that id is not heard, and named.
 */
export function isRightSender(ring: RingState, packet: Buffer, from: string): boolean {
  const sender = senderOf(packet);
  if (sender === undefined) return true;
  const expected = ring.nodeIdOfAddress.get(from);
  if (sender === ring.myId) {
    if (expected === sender) return true;
    ring.trouble.note(from, 'own_node_id', () => {
      return `${from} uses node id ${sender}, which is this node's. Give it a nodeid of its own in corosync.conf.`;
    });
    return false;
  }
  if (expected !== undefined && expected !== sender) {
    ring.trouble.note(from, 'wrong_node_id', () => {
      return `${from} says that it is node ${sender}, but is node ${expected} in this node's nodelist. The corosync.conf of the two must agree.`;
    });
    return false;
  }
  if (expected !== undefined) ring.peers.heard(sender, ring.host.monotonicMs());
  return true;
}

/**
 * A join without the nodes that this node's nodelist does not have: it could neither send to them nor hear them. So the
 * lists stay as short as the nodelist, whatever is sent. @returns undefined when the sender itself is unknown
 */
export function withListedOnly(ring: RingState, join: JoinMessage): JoinMessage | undefined {
  const { systemFrom, procList, failedList } = join;
  const isListed = (id: number): boolean => ring.isListed(id);
  if (isListed(systemFrom) && procList.every(isListed) && failedList.every(isListed)) return join;
  const unknown = [systemFrom, ...procList, ...failedList].find((id) => !isListed(id)) as number;
  noteUnlistedMember(ring, systemFrom, unknown);
  if (!isListed(systemFrom)) return undefined;
  return { ...join, procList: procList.filter(isListed), failedList: failedList.filter(isListed) };
}

/** @param systemFrom who named it @param unknown the node id that is not in the nodelist */
export function noteUnlistedMember(ring: RingState, systemFrom: number, unknown: number): void {
  ring.trouble.note(ring.addressOf(systemFrom), 'unlisted_member', () => {
    const who =
      unknown === systemFrom ? `Node ${unknown} wants to join` : `Node ${systemFrom} counts on node ${unknown}`;
    return `${who}, but this node's nodelist does not have it. Bring corosync.conf up to date here or there, then corosync-cfgtool -R.`;
  });
}
