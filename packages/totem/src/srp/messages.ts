import { ENCAPSULATED_OLD } from '../codec/header.ts';
import type { McastHeader } from '../codec/mcast.ts';
import type { HoldCancel, MergeDetect } from '../codec/membership.ts';
import { noteUnlistedMember } from './admission.ts';
import { deliverUpTo, updateAru } from './delivery.ts';
import { enterGather } from './gather.ts';
import { mergeIds } from './id-sets.ts';
import { resendToken } from './resend.ts';
import type { RingState } from './ring-state.ts';
import { seqBefore } from './sequence.ts';

/** Ordinary messages of the new ring that are kept until this node installs it. More than any window sends at once. */
export const HELD_BACK_LIMIT = 1024;

/** An mcast came in (totem.md 8.6). */
export function receiveMcast(ring: RingState, header: McastHeader, packet: Buffer): void {
  const { seq, ringId } = header;
  if (!ring.isMyRing(ringId.rep, ringId.seq)) {
    const counted = foreignMessage(ring, header.systemFrom, 7, 8);
    if (!counted) ring.statistics.counters.rx_msg_dropped += 1;
    return;
  }
  if (!ring.newMemb.includes(header.systemFrom) || header.nodeId !== header.systemFrom) {
    ring.statistics.counters.rx_msg_dropped += 1;
    return;
  }
  if (ring.phase === 'recovery' && header.encapsulated !== ENCAPSULATED_OLD) {
    if (ring.heldBack.length < HELD_BACK_LIMIT) ring.heldBack.push(packet);
    return;
  }
  // A late copy of a recovery message: everybody has had it before the ring became operational.
  if (ring.phase === 'operational' && header.encapsulated === 1) return;
  const window = header.encapsulated === 1 ? ring.recovery : ring.regular;
  if (window.covers(seq) && window.get(seq) === undefined) {
    notePeer(ring, header.systemFrom, seq, window.missesOf(seq));
    window.add(seq, packet);
    if (seqBefore(ring.highSeqReceived, seq)) ring.highSeqReceived = seq;
  }
  updateAru(ring);
  if (ring.phase === 'operational') deliverUpTo(ring, ring.highSeqReceived);
}

function notePeer(ring: RingState, nodeId: number, seq: number, misses: number): void {
  const isOfThisRotation = seqBefore(ring.lastSeq, seq);
  const nowMs = isOfThisRotation ? ring.host.monotonicMs : undefined;
  ring.peers.message(nodeId, misses >= ring.timings.missCountConst, nowMs);
}

/** @returns false in COMMIT and RECOVERY, where foreign messages are ignored */
function foreignMessage(ring: RingState, from: number, operationalReason: number, gatherReason: number): boolean {
  if (ring.phase === 'commit' || ring.phase === 'recovery') return false;
  if (!ring.isListed(from)) {
    noteUnlistedMember(ring, from, from);
    return true;
  }
  if (ring.phase === 'gather' && ring.proc.includes(from)) return true;
  if (ring.phase === 'operational' && !ring.pullQuotas.take(ring, from)) return true;
  ring.proc = mergeIds(ring.proc, [from]);
  enterGather(ring, ring.phase === 'operational' ? operationalReason : gatherReason);
  return true;
}

/** A merge_detect came in (8.6): another ring is near. */
export function receiveMergeDetect(ring: RingState, message: MergeDetect): void {
  if (ring.isMyRing(message.ringId.rep, message.ringId.seq)) return;
  foreignMessage(ring, message.systemFrom, 9, 10);
}

/** A token_hold_cancel came in (8.6): somebody wants to send. */
export function receiveHoldCancel(ring: RingState, message: HoldCancel): void {
  if (!ring.isMyRing(message.ringId.rep, message.ringId.seq)) return;
  ring.seqUnchanged = 0;
  if (ring.isRep) resendToken(ring);
}
