import { encodeJoin, type JoinMessage } from '../codec/membership.ts';
import { withListedOnly } from './admission.ts';
import { createCommitToken, enterCommit } from './commit.ts';
import { isSubset, mergeIds, sameIds, subtractIds } from './id-sets.ts';
import type { RingState } from './ring-state.ts';
import { noteDisagreement } from './suspects.ts';

/** Why the ring gathers; the numbers and texts of the reference's log (totem.md 7.2). */
export const GATHER_REASONS = [
  'consensus timeout',
  'MISSING',
  'The token was lost in the OPERATIONAL state.',
  'The consensus timeout expired.',
  'The token was lost in the COMMIT state.',
  'The token was lost in the RECOVERY state.',
  'failed to receive',
  'foreign message in operational state',
  'foreign message in gather state',
  'merge during operational state',
  'merge during gather state',
  'merge during join',
  'join during operational state',
  'join during commit state',
  'join during recovery',
  'interface change',
] as const;

const CONSENSUS_EXPIRED = 3;

/** Enters GATHER (totem.md 7.2). @param reason index in {@link GATHER_REASONS} */
export function enterGather(ring: RingState, reason: number): void {
  ring.tokenDiscard = true;
  ring.originatedToken = false;
  ring.waitingCommit = undefined;
  ring.heldBack = [];
  ring.proc = mergeIds(ring.proc, [ring.myId]);
  sendJoin(ring);
  const { timers, timings } = ring;
  timers.arm(timers.join, timings.joinMs);
  timers.arm(timers.consensus, timings.consensusMs);
  timers.disarmToken();
  timers.tokenRetransmit.disarm();
  timers.merge.disarm();
  timers.heartbeat.disarm();
  ring.mergeOutstanding = false;
  ring.consensus.clear();
  ring.consensus.add(ring.myId);
  ring.gatherSinceMs = ring.host.monotonicMs();
  ring.phase = 'gather';
  ring.statistics.counters.gather_entered += 1;
  ring.host.log.debug({}, `entering GATHER state from ${reason}(${GATHER_REASONS[reason]}).`);
  if (reason === CONSENSUS_EXPIRED) ring.statistics.counters.continuous_gather += 1;
}

/**
 * Sends a join with this node's view (8.7), after the random delay that `send_join` asks for. The reference does nothing
 * else in that time, so the join says what was true when it began: one with the number of an attempt that began since
 * would break that attempt up, and the next, without end.
 */
export function sendJoin(ring: RingState): void {
  const join = encodeJoin({
    leave: false,
    systemFrom: ring.myId,
    ringSeq: ring.ringId.seq,
    procList: ring.proc,
    failedList: ring.failed,
  });
  const { sendJoinMs } = ring.timings;
  if (sendJoinMs === 0) {
    ring.statistics.counters.memb_join_tx += 1;
    ring.host.multicast(join);
    return;
  }
  const isWaiting = ring.delayedJoin !== undefined;
  ring.delayedJoin = join;
  if (isWaiting) return;
  ring.host.setTimer((ring.host.randomUint32() % (sendJoinMs * 1000)) / 1000, () => {
    const latest = ring.delayedJoin;
    ring.delayedJoin = undefined;
    if (!ring.running || latest === undefined) return;
    ring.statistics.counters.memb_join_tx += 1;
    ring.host.multicast(latest);
  });
}

/** Sends the leave message (2.4). */
export function sendLeave(ring: RingState): void {
  ring.statistics.counters.memb_join_tx += 1;
  ring.host.multicast(
    encodeJoin({
      leave: true,
      systemFrom: ring.myId,
      ringSeq: ring.ringId.seq,
      procList: subtractIds(ring.proc, [ring.myId]),
      failedList: mergeIds(ring.failed, [ring.myId]),
    }),
  );
}

/** The consensus timer ran out, or the token timer in GATHER (7.2). */
export function consensusExpired(ring: RingState): void {
  ring.statistics.counters.consensus_timeouts += 1;
  // This process slept while the others may have answered: nobody is called failed for that. It asks anew.
  if (ring.pauseEndedMs > ring.gatherSinceMs) {
    enterGather(ring, 0);
    return;
  }
  if (consensusAgreed(ring)) {
    ring.consensus.clear();
    ring.consensus.add(ring.myId);
    ring.timers.armToken(ring.timings);
    return;
  }
  ring.failed = mergeIds(
    ring.failed,
    ring.proc.filter((id) => !ring.consensus.has(id)),
  );
  enterGather(ring, 0);
}

function consensusAgreed(ring: RingState): boolean {
  return subtractIds(ring.proc, ring.failed).every((id) => ring.consensus.has(id));
}

function isLowest(ring: RingState): boolean {
  const candidates = subtractIds(ring.proc, ring.failed);
  return candidates.includes(ring.myId) && candidates.every((id) => ring.myId <= id);
}

/** A join came in (7.3), after the pause check. */
export function receiveJoin(ring: RingState, received: JoinMessage): void {
  const join = withListedOnly(ring, received);
  if (join === undefined) return;
  noteDisagreement(ring, join);
  ring.tokenRingSeq = Math.max(ring.tokenRingSeq, join.ringSeq);
  switch (ring.phase) {
    case 'operational':
      if (join.failedList.includes(ring.myId)) return;
      if (ring.memb.includes(join.systemFrom) && join.ringSeq < ring.ringId.seq) return;
      if (!ring.pullQuotas.take(ring, join.systemFrom)) return;
      processJoin(ring, join);
      return;
    case 'gather':
      processJoin(ring, join);
      return;
    case 'commit':
      ring.joinsInCommit.set(join.systemFrom, (ring.joinsInCommit.get(join.systemFrom) ?? 0) + 1);
      if (!concernsAttempt(ring, join)) return;
      processJoin(ring, join);
      enterGather(ring, 13);
      return;
    case 'recovery':
      if (!concernsAttempt(ring, join)) return;
      forgetFailures(ring, join);
      processJoin(ring, join);
      ring.restoreOldRing();
      enterGather(ring, 5);
      ring.statistics.counters.recovery_token_lost += 1;
      enterGather(ring, 14);
      return;
  }
}

/**
 * Everybody had the same failed list when this attempt began; a member that has fewer on it now has installed the ring
 * already, and met others. The reference keeps its own list, and tells those others that they have failed; two large
 * rings that met while one of them was forming could go on for ever without becoming one.
 */
function forgetFailures(ring: RingState, join: JoinMessage): void {
  const isShorter = join.failedList.length < ring.failed.length && isSubset(join.failedList, ring.failed);
  if (isShorter) ring.failed = join.failedList;
}

function concernsAttempt(ring: RingState, join: JoinMessage): boolean {
  return ring.newMemb.includes(join.systemFrom) && join.ringSeq >= ring.ringId.seq;
}

function processJoin(ring: RingState, join: JoinMessage): void {
  const { procList, failedList, systemFrom, leave } = join;
  if (leave) {
    const leaver = failedList.at(-1) ?? 0;
    ring.host.log.debug({}, `Received LEAVE message from ${leaver}`);
    if (leaver !== 0) ring.leaveMemb = mergeIds(ring.leaveMemb, [leaver]);
  }
  if (sameIds(procList, ring.proc) && sameIds(failedList, ring.failed)) {
    if (!leave) ring.consensus.add(systemFrom);
    if (reachConsensus(ring)) return;
  } else if (!learnFromJoin(ring, join)) {
    // An older view of a slower node: this node's next join will inform it.
  } else {
    enterGather(ring, 11);
    return;
  }
  if (ring.phase === 'operational') enterGather(ring, 12);
}

/** @returns true when the attempt of a node that failed to receive began */
function reachConsensus(ring: RingState): boolean {
  if (!consensusAgreed(ring)) return false;
  if (ring.failedToReceive) {
    ring.failedToReceive = false;
    ring.proc = [ring.myId];
    ring.failed = [];
    enterCommit(ring, createCommitToken(ring));
    return true;
  }
  if (isLowest(ring)) enterCommit(ring, createCommitToken(ring));
  return false;
}

/** Takes over what a join says that this node does not know yet (7.3 *process* steps 3 to 5). @returns whether anything was new */
function learnFromJoin(ring: RingState, join: JoinMessage): boolean {
  const { procList, failedList, systemFrom } = join;
  if (isSubset(procList, ring.proc) && isSubset(failedList, ring.failed)) return false;
  // A join in this node's own name that says something new is forged or damaged. Believed, it could put this node on its
  // own failed list, with no candidate left and no way out of GATHER.
  if (systemFrom === ring.myId) return false;
  if (ring.failed.includes(systemFrom)) return false;
  const proc = mergeIds(ring.proc, procList);
  let { failed } = ring;
  if (failedList.includes(ring.myId)) failed = mergeIds(failed, [systemFrom]);
  else if (ring.memb.includes(systemFrom)) failed = mergeIds(failed, failedList);
  // The reference gathers anew even when nothing was learned (a stranger's failed list does not count here). Then nodes
  // of several old rings answer each join with joins of their own, without end. The consensus timer settles it.
  if (proc === ring.proc && failed === ring.failed) return false;
  ring.proc = proc;
  ring.failed = failed;
  return true;
}
