import { type CommitEntry, type CommitToken, encodeCommitToken } from '../codec/membership.ts';
import { sameIds, subtractIds } from './id-sets.ts';
import { enterRecovery, sendInitialToken } from './recovery.ts';
import type { RingState } from './ring-state.ts';
import { seqBefore } from './sequence.ts';

const EMPTY_ENTRY: CommitEntry = { ringId: { rep: 0, seq: 0 }, aru: 0, highDelivered: 0, receivedFlg: 0 };

/** The commit token of the ring that this node, the lowest, proposes (totem.md 7.5). */
export function createCommitToken(ring: RingState): CommitToken {
  ring.host.log.debug({}, 'Creating commit token because I am the rep.');
  const addresses = subtractIds(ring.proc, ring.failed).sort((a, b) => a - b);
  return {
    tokenSeq: 0,
    ringId: { rep: ring.myId, seq: ring.tokenRingSeq + 4 },
    retransFlg: 0,
    membIndex: 0,
    addresses,
    entries: addresses.map(() => EMPTY_ENTRY),
  };
}

/** Enters COMMIT with a token that came, or was created (7.5). */
export function enterCommit(ring: RingState, received: CommitToken): void {
  ring.saveOldRing();
  ring.newMemb = received.addresses;
  const token = fillEntry(ring, received);
  const target = token.addresses[token.membIndex % token.addresses.length] as number;
  if (ring.memberIds.includes(target)) {
    ring.tokenTarget = target;
    sendCommitToken(ring, token);
  } else {
    ring.host.log.warn({}, `Node ${target} is not in the nodelist: the commit token cannot be sent to it`);
  }
  ring.tokenSource = sourceOf(received);
  ring.joinsInCommit.clear();
  const { timers, timings } = ring;
  timers.join.disarm();
  timers.consensus.disarm();
  ring.ringId = token.ringId;
  ring.tokenRingSeq = token.ringId.seq;
  persist(ring, token.ringId.seq);
  ring.phase = 'commit';
  ring.host.log.debug({}, 'entering COMMIT state.');
  ring.statistics.counters.commit_entered += 1;
  ring.statistics.counters.continuous_gather = 0;
  timers.armTokenRetransmit(timings);
  timers.armToken(timings);
  ring.trc = 0;
  ring.pbl = 0;
  ring.cbl = 0;
}

/** Who is before the node that fills in the next entry. */
function sourceOf(token: CommitToken): number {
  const count = token.addresses.length;
  return token.addresses[(token.membIndex + count - 1) % count] as number;
}

/** Writes this node's old ring into its entry of the token. */
function fillEntry(ring: RingState, token: CommitToken): CommitToken {
  const entries = token.entries.slice();
  const index = token.membIndex;
  ring.receivedFlg = ring.myAru === ring.highSeqReceived;
  entries[index] = {
    ringId: ring.oldRingId,
    aru: ring.oldAru,
    highDelivered: ring.highDelivered,
    receivedFlg: ring.receivedFlg ? 1 : 0,
  };
  let highest = ring.oldAru;
  for (let i = 0; i <= index; i += 1) {
    const entry = entries[i] as CommitEntry;
    if (ring.isMyOldRing(entry.ringId) && seqBefore(highest, entry.aru)) highest = entry.aru;
  }
  for (let i = 0; i <= index; i += 1) {
    const entry = entries[i] as CommitEntry;
    if (!ring.isMyOldRing(entry.ringId) || !seqBefore(entry.aru, highest)) continue;
    entries[i] = { ...entry, receivedFlg: 0 };
    if (i === index) ring.receivedFlg = false;
  }
  return { ...token, entries, membIndex: index + 1 };
}

/** Sends the token on to its target, which stays until the next commit (7.5). */
function sendCommitToken(ring: RingState, token: CommitToken): void {
  ring.savedToken = encodeCommitToken({ ...token, tokenSeq: (token.tokenSeq + 1) >>> 0 }, ring.myId);
  ring.host.sendToken(ring.savedToken, ring.tokenTarget);
  ring.statistics.counters.memb_commit_token_tx += 1;
  ring.timers.armTokenRetransmit(ring.timings);
}

/** Stores the ring's sequence number. Until it is stored this node does not let the ring become operational. */
function persist(ring: RingState, seq: number): void {
  ring.host.persistRingSequence(seq, () => {
    ring.persistedSeq = Math.max(ring.persistedSeq, seq);
    const waiting = ring.waitingCommit;
    ring.waitingCommit = undefined;
    if (waiting !== undefined) receiveCommitToken(ring, waiting);
  });
}

/** A commit token came in (7.5 *Receipt*). */
export function receiveCommitToken(ring: RingState, token: CommitToken): void {
  ring.host.log.debug({}, 'got commit token');
  switch (ring.phase) {
    case 'operational':
      return;
    case 'gather':
      if (token.membIndex >= token.addresses.length || !token.addresses.includes(ring.myId)) return;
      if (!sameIds(token.addresses, subtractIds(ring.proc, ring.failed))) return;
      if (token.ringId.seq > ring.ringId.seq) enterCommit(ring, token);
      return;
    case 'commit':
      if (token.ringId.seq !== ring.ringId.seq || token.ringId.rep !== ring.ringId.rep) return;
      if (token.membIndex !== token.addresses.length || !sameIds(token.addresses, ring.newMemb)) return;
      if (ring.persistedSeq < token.ringId.seq) {
        ring.waitingCommit = token;
        return;
      }
      sendCommitToken(ring, token);
      enterRecovery(ring, token);
      return;
    case 'recovery':
      if (!ring.isMyRing(token.ringId.rep, token.ringId.seq)) return;
      if (!ring.isRep || ring.originatedToken) return;
      sendInitialToken(ring);
      return;
  }
}
