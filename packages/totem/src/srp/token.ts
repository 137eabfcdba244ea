import { isForeignByteOrder, RTR_LIMIT, readU32 } from '../codec/header.ts';
import { decodeMcast, stampMcast } from '../codec/mcast.ts';
import { decodeOrfToken, encodeOrfToken, type OrfToken } from '../codec/orf-token.ts';
import { deliverUpTo, freeMessages, updateAru } from './delivery.ts';
import { enterGather } from './gather.ts';
import { mergeIds } from './id-sets.ts';
import { receiveMcast } from './messages.ts';
import { recoveryVisit } from './recovery.ts';
import { hex, type RingState } from './ring-state.ts';
import { seqAdd, seqAtMost, seqBefore, seqDistance } from './sequence.ts';
import { WINDOW_SIZE } from './sort-window.ts';

const FAILED_TO_RECEIVE = 6;
const NODE_ID_AT = 5;

/** A regular token came in (totem.md 8.1). @returns why it was not read, in the reference's words */
export function receiveToken(ring: RingState, packet: Buffer): string | undefined {
  const { token } = ring;
  const refused = decodeOrfToken(packet, token);
  if (refused !== undefined) return refused;
  if (ring.tokenDiscard) return undefined;
  if (ring.phase === 'commit') return undefined;
  // The reference counts activity by tokens of other rings too; old ones that are sent again would keep a ring from idling.
  if (!ring.isMyRing(token.ringRep, token.ringSeq)) return undefined;
  if (!comesFromNeighbour(ring, packet)) return undefined;
  const nowMs = ring.host.monotonicMs();
  noteActivity(ring, token, nowMs);
  if (seqAtMost(token.tokenSeq, ring.tokenSeq)) {
    ring.peers.repeatedToken(ring.tokenSource);
    return undefined;
  }
  if (seqDistance(ring.myAru, token.seq) >= WINDOW_SIZE) {
    return `Received orf_token message has an impossible sequence number ${hex(token.seq)}...  ignoring.`;
  }
  // The reference frees before it looks whether the token is a duplicate; then a token that was sent twice counts as two
  // rotations, and messages are forgotten that another member still lacks.
  if (ring.phase === 'operational') freeMessages(ring, token.aru);
  visit(ring, token, nowMs);
  return undefined;
}

/** A token of this ring comes from the member before this one and from nobody else; two tokens would undo the order. */
function comesFromNeighbour(ring: RingState, packet: Buffer): boolean {
  const sender = readU32(packet, NODE_ID_AT, isForeignByteOrder(packet));
  if (sender === ring.tokenSource) return true;
  ring.trouble.note(ring.addressOf(sender), 'wrong_place', () => {
    return `Node ${sender} sends a token that node ${ring.tokenSource} should send: its ring is not this node's.`;
  });
  return false;
}

/** Steps 3 to 6: is the ring idle, and is the token to be held? */
function noteActivity(ring: RingState, token: OrfToken, nowMs: number): void {
  if (token.seq === ring.lastSeq) {
    if (!ring.mergeOutstanding) {
      ring.timers.merge.arm(ring.timings.mergeMs, nowMs);
      ring.mergeOutstanding = true;
    }
    ring.seqUnchanged += 1;
  } else {
    ring.timers.merge.disarm();
    ring.mergeOutstanding = false;
    ring.timers.tokenHold.disarm();
    ring.seqUnchanged = 0;
  }
  ring.lastSeq = token.seq;
  const limit = ring.timings.seqnoUnchangedConst;
  ring.tokenHeld = ring.isRep ? ring.seqUnchanged > limit : ring.seqUnchanged >= limit;
}

/** Steps 9 to 19: the token is this node's now. */
function visit(ring: RingState, token: OrfToken, nowMs: number): void {
  const { timers, timings, statistics } = ring;
  let forward = !(ring.isRep && ring.tokenHeld);
  statistics.tokenReceived(nowMs);
  ring.host.tokenAccepted();
  const lastAru = ring.lastAru;
  ring.lastAru = token.aru;
  let allowed = sendingQuota(ring, token);
  const resent = retransmit(ring, token, allowed);
  allowed -= resent;
  if (timings.cancelTokenHoldOnRetransmit && ring.tokenHeld && (token.rtrCount > 0 || resent > 0)) {
    ring.tokenHeld = false;
    forward = true;
  }
  if (seqBefore(seqAdd(ring.lastReleased, WINDOW_SIZE - allowed - timings.windowSize), token.seq)) allowed = 0;
  const sent = multicastQueued(ring, token, allowed) + resent;
  token.fcc = (token.fcc + sent - ring.trc) >>> 0;
  token.backlog = (token.backlog + ring.cbl - ring.pbl) >>> 0;
  ring.trc = sent;
  ring.pbl = ring.cbl;
  if (!updateTokenAru(ring, token, lastAru)) return;
  ring.tokenSeq = token.tokenSeq;
  token.tokenSeq = seqAdd(token.tokenSeq, 1);
  if (ring.phase === 'recovery') recoveryVisit(ring, token);
  ring.savedToken = encodeOrfToken(token, ring.myId, ring.nextTokenBuffer());
  if (forward) {
    ring.host.sendToken(ring.savedToken, ring.tokenTarget);
    ring.peers.tokenForwarded(nowMs);
  }
  if (ring.phase === 'operational') {
    if (ring.heldBack.length > 0) takeHeldBack(ring);
    deliverUpTo(ring, ring.highSeqReceived);
  }
  timers.armToken(timings, nowMs);
  timers.armTokenRetransmit(timings, nowMs);
  if (ring.isRep && ring.tokenHeld) timers.tokenHold.arm(timings.holdMs, nowMs);
  ring.host.tokenSent();
  rearmHeartbeat(ring, forward, nowMs);
  statistics.tokenSent(ring.host.monotonicMs(), token.backlog);
}

/** How many packets this node may send now (8.2). */
function sendingQuota(ring: RingState, token: OrfToken): number {
  const { windowSize, maxMessages } = ring.timings;
  let allowed = Math.min(maxMessages, (windowSize - token.fcc) >>> 0);
  ring.cbl = ring.activeQueue.length;
  const total = (token.backlog + ring.cbl - ring.pbl) >>> 0;
  if (total !== 0) {
    const share = Math.trunc((windowSize * ring.pbl) / total);
    if (share > 0 && allowed > share) allowed = share;
  }
  return allowed;
}

/** Serves requests that others put on the token, and adds this node's (8.4). @returns how many packets were sent */
function retransmit(ring: RingState, token: OrfToken, allowed: number): number {
  const window = ring.activeWindow;
  let resent = 0;
  if (token.rtrCount > 0) {
    const list = token.rtr.slice(0, token.rtrCount).map((request) => `${hex(request.seq)} `);
    ring.host.log.info({}, `Retransmit List: ${list.join('')}`);
  }
  for (let index = 0; index < token.rtrCount && resent < allowed; ) {
    const request = token.rtr[index];
    const mine = request !== undefined && ring.isMyRing(request.ringRep, request.ringSeq);
    const stored = mine ? window.get(request.seq) : undefined;
    if (stored === undefined) {
      index += 1;
      continue;
    }
    ring.host.multicast(stored);
    token.removeRequest(index);
    resent += 1;
  }
  ring.statistics.counters.mcast_retx += resent;
  requestMissing(ring, token);
  return resent;
}

function requestMissing(ring: RingState, token: OrfToken): void {
  const window = ring.activeWindow;
  const span = seqDistance(ring.myAru, token.seq);
  for (let i = 1; token.rtrCount < RTR_LIMIT && i <= span; i += 1) {
    const seq = seqAdd(ring.myAru, i);
    if (!window.covers(seq)) return;
    if (window.get(seq) !== undefined) continue;
    if (window.countMiss(seq) < ring.timings.missCountConst) continue;
    let listed = false;
    for (let index = 0; index < token.rtrCount; index += 1) listed ||= token.rtr[index]?.seq === seq;
    if (!listed) token.addRequest(ring.ringId.rep, ring.ringId.seq, seq);
  }
}

/** Gives queued packets their place in the order and sends them (8.1 step 12). @returns how many */
function multicastQueued(ring: RingState, token: OrfToken, allowed: number): number {
  const queue = ring.activeQueue;
  const window = ring.activeWindow;
  let sent = 0;
  while (sent < allowed) {
    const packet = queue.shift();
    if (packet === undefined) break;
    token.seq = seqAdd(token.seq, 1);
    stampMcast(packet, token.seq, ring.globalSeqno, ring.ringId);
    ring.globalSeqno = (ring.globalSeqno + 1) | 0;
    window.add(token.seq, packet);
    ring.host.multicast(packet);
    ring.highSeqReceived = token.seq;
    sent += 1;
  }
  updateAru(ring);
  if (ring.phase === 'recovery') ring.timers.armTokenRetransmit(ring.timings);
  return sent;
}

/** Step 13. @returns false when this node gave up, as it receives nothing (8.5) */
function updateTokenAru(ring: RingState, token: OrfToken, lastAru: number): boolean {
  if (seqBefore(ring.myAru, token.aru) || token.aruAddr === ring.myId || token.aruAddr === 0) {
    token.aru = ring.myAru;
    token.aruAddr = token.aru === token.seq ? 0 : ring.myId;
  }
  ring.aruCount = token.aru === lastAru && token.aruAddr !== 0 ? ring.aruCount + 1 : 0;
  if (ring.aruCount <= ring.timings.failRecvConst || token.aruAddr !== ring.myId) return true;
  ring.host.log.error({}, 'FAILED TO RECEIVE');
  ring.failedToReceive = true;
  ring.failed = mergeIds(ring.failed, [ring.myId]);
  enterGather(ring, FAILED_TO_RECEIVE);
  return false;
}

/** Handles the messages of this ring that came before it was installed here (8.6). */
function takeHeldBack(ring: RingState): void {
  const packets = ring.heldBack;
  ring.heldBack = [];
  for (const packet of packets) {
    const header = decodeMcast(packet);
    if (typeof header !== 'string') receiveMcast(ring, header, packet);
  }
}

function rearmHeartbeat(ring: RingState, forwarded: boolean, nowMs: number): void {
  const { heartbeatFailuresAllowed, tokenRetransmitMs, maxNetworkDelayMs, tokenMs } = ring.timings;
  if (heartbeatFailuresAllowed === 0) return;
  const spanMs = heartbeatFailuresAllowed * tokenRetransmitMs + maxNetworkDelayMs;
  if (forwarded && spanMs < tokenMs) ring.timers.heartbeat.arm(spanMs, nowMs);
  else ring.timers.heartbeat.disarm();
}
