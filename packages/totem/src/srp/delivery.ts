import { decodeMcast, MCAST_HEADER_BYTES } from '../codec/mcast.ts';
import type { IdList } from './id-sets.ts';
import type { RingState } from './ring-state.ts';
import { seqAdd, seqBefore, seqDistance } from './sequence.ts';
import { WINDOW_SIZE } from './sort-window.ts';

/** Moves `myAru` on while the next message is there (totem.md 8.3). */
export function updateAru(ring: RingState): void {
  const window = ring.activeWindow;
  while (seqBefore(ring.myAru, ring.highSeqReceived)) {
    const next = seqAdd(ring.myAru, 1);
    if (window.get(next) === undefined) return;
    ring.myAru = next;
  }
}

/**
 * Hands messages up to `end` to the layer above, in order (totem.md 8.9).
 * @param onlyFrom absent: stop at the first hole. Present: skip holes, and messages of senders that are not listed (7.7 step 8)
 */
export function deliverUpTo(ring: RingState, end: number, onlyFrom?: IdList): void {
  if (seqDistance(ring.highDelivered, end) >= WINDOW_SIZE) return;
  while (seqBefore(ring.highDelivered, end)) {
    const seq = seqAdd(ring.highDelivered, 1);
    const packet = ring.regular.get(seq);
    if (packet === undefined && onlyFrom === undefined) return;
    ring.highDelivered = seq;
    if (packet === undefined) continue;
    const header = decodeMcast(packet);
    if (typeof header === 'string') throw new Error(`the window holds a packet that is no message: ${header}`);
    if (onlyFrom !== undefined && !onlyFrom.includes(header.systemFrom)) continue;
    ring.host.deliverPacket(header.nodeId, packet.subarray(MCAST_HEADER_BYTES), header.foreignByteOrder);
  }
}

/** Forgets the messages that everybody has had for a rotation and that were delivered here (totem.md 8.3). */
export function freeMessages(ring: RingState, tokenAru: number): void {
  let to = tokenAru;
  if (seqBefore(ring.lastAru, to)) to = ring.lastAru;
  if (seqBefore(ring.highDelivered, to)) to = ring.highDelivered;
  if (seqBefore(to, ring.lastReleased)) return;
  ring.regular.releaseTo(to);
  ring.lastReleased = to;
}
