import { isForeignByteOrder, PACKET_MCAST } from '../codec/header.ts';
import { decodeMcast, MCAST_HEADER_BYTES, type McastHeader, writeMcastHeader } from '../codec/mcast.ts';
import type { CommitToken } from '../codec/membership.ts';
import { encodeOrfToken, OrfToken } from '../codec/orf-token.ts';
import { deliverUpTo } from './delivery.ts';
import { subtractIds } from './id-sets.ts';
import { hex, type RingState } from './ring-state.ts';
import { seqAdd, seqAtMost, seqBefore } from './sequence.ts';

/** Enters RECOVERY; the commit token has been sent on already (totem.md 7.6). */
export function enterRecovery(ring: RingState, commit: CommitToken): void {
  ring.host.log.debug({}, 'entering RECOVERY state.');
  ring.statistics.counters.recovery_entered += 1;
  ring.statistics.counters.continuous_gather = 0;
  ring.tokenDiscard = false;
  ring.highRingDelivered = 0;
  ring.recovery.clear();
  ring.retransQueue.clear();
  ring.heldBack = [];
  ring.tokenSeq = 0xffff_ffff;
  // An attempt that failed left its counts behind; starting anew is compatible, and safer (7.6).
  ring.retransFlgCount = 0;
  ring.rotationCounter = 0;
  ring.setRetransFlg = false;
  ring.host.memberCountChanged(commit.addresses.length);
  const entryOf = new Map(commit.addresses.map((id, index) => [id, commit.entries[index]]));
  ring.transMemb = ring.memb.filter((id) => {
    const entry = entryOf.get(id);
    return entry !== undefined && ring.isMyOldRing(entry.ringId);
  });
  if (ring.transMemb.some((id) => entryOf.get(id)?.receivedFlg === 0)) queueOldMessages(ring, commit);
  else ring.host.log.debug({}, 'Did not need to originate any messages in recovery.');
  ring.myAru = 0;
  ring.aruCount = 0;
  ring.seqUnchanged = 0;
  ring.highSeqReceived = 0;
  ring.installSeq = 0;
  ring.lastReleased = 0;
  ring.timers.armToken(ring.timings);
  ring.timers.armTokenRetransmit(ring.timings);
  ring.phase = 'recovery';
}

/** Queues the old ring's messages that some member may lack, wrapped, for everybody (7.6 step 5). */
function queueOldMessages(ring: RingState, commit: CommitToken): void {
  ring.deliverMemb = ring.transMemb;
  let low = ring.oldHighSeq;
  commit.entries.forEach((entry, index) => {
    if (!ring.deliverMemb.includes(commit.addresses[index] as number) || !ring.isMyOldRing(entry.ringId)) return;
    if (seqBefore(entry.aru, low)) low = entry.aru;
    if (seqBefore(ring.highRingDelivered, entry.highDelivered)) ring.highRingDelivered = entry.highDelivered;
  });
  for (let seq = seqAdd(low, 1); seqAtMost(seq, ring.oldHighSeq); seq = seqAdd(seq, 1)) {
    if (!ring.regular.covers(seq)) continue;
    const old = ring.regular.get(seq);
    if (old === undefined) continue;
    const packet = Buffer.allocUnsafe(MCAST_HEADER_BYTES + old.length);
    writeMcastHeader(packet, 1, ring.myId);
    old.copy(packet, MCAST_HEADER_BYTES);
    ring.retransQueue.push(packet);
  }
  ring.host.log.debug({}, `Originating ${ring.retransQueue.length} messages in RECOVERY, low ${hex(low)}.`);
}

/** The representative starts the regular token (7.6). */
export function sendInitialToken(ring: RingState): void {
  ring.host.log.debug({}, 'Sending initial ORF token');
  ring.originatedToken = true;
  const token = new OrfToken();
  token.aru = 0xffff_ffff;
  token.aruAddr = ring.myId;
  token.ringRep = ring.ringId.rep;
  token.ringSeq = ring.ringId.seq;
  ring.setRetransFlg = ring.retransQueue.length > 0;
  token.retransFlg = ring.setRetransFlg ? 1 : 0;
  ring.savedToken = encodeOrfToken(token, ring.myId, ring.nextTokenBuffer());
  ring.host.sendToken(ring.savedToken, ring.tokenTarget);
  ring.statistics.counters.orf_token_tx += 1;
  ring.timers.armToken(ring.timings);
  ring.timers.armTokenRetransmit(ring.timings);
}

/** RECOVERY's part of a token visit (7.6): counts the rotations until everybody has everything. */
export function recoveryVisit(ring: RingState, token: OrfToken): void {
  if (ring.retransQueue.length > 0) {
    if (token.retransFlg === 0) {
      token.retransFlg = 1;
      ring.setRetransFlg = true;
    }
  } else if (token.retransFlg === 1 && ring.setRetransFlg) {
    token.retransFlg = 0;
    ring.setRetransFlg = false;
  }
  ring.retransFlgCount = token.retransFlg === 0 ? ring.retransFlgCount + 1 : 0;
  if (ring.retransFlgCount === 2) ring.installSeq = token.seq;
  if (ring.retransFlgCount >= 2 && !ring.receivedFlg && seqAtMost(ring.installSeq, ring.myAru)) {
    ring.receivedFlg = true;
    ring.deliverMemb = ring.transMemb;
  }
  if (ring.retransFlgCount >= 3 && seqAtMost(ring.installSeq, token.aru)) ring.rotationCounter += 1;
  else ring.rotationCounter = 0;
  if (ring.rotationCounter !== 2) return;
  enterOperational(ring);
  ring.rotationCounter = 0;
  ring.retransFlgCount = 0;
}

/** Installs the new ring (7.7). */
function enterOperational(ring: RingState): void {
  ring.originatedToken = false;
  ring.consensus.clear();
  ring.oldRingSaved = false;
  unwrapRecovered(ring);
  const aru = ring.myAru;
  deliverUpTo(ring, ring.oldHighSeq);
  ring.leftMemb = subtractIds(ring.memb, ring.transMemb);
  const joined = subtractIds(ring.newMemb, ring.transMemb);
  ring.memb = ring.newMemb;
  ring.lastReleased = 0;
  ring.setRetransFlg = false;
  const { ringId } = ring;
  ring.host.configurationChanged({
    type: 'transitional',
    members: ring.transMemb,
    joined: [],
    left: ring.leftMemb,
    ringId,
  });
  ring.waitingTransAck = true;
  deliverUpTo(ring, ring.oldHighSeq, ring.deliverMemb);
  ring.host.assembleTransitionally();
  ring.myAru = aru;
  ring.host.configurationChanged({ type: 'regular', members: ring.newMemb, joined, left: [], ringId });
  const oldWindow = ring.regular;
  ring.regular = ring.recovery;
  ring.recovery = oldWindow;
  ring.lastAru = 0;
  ring.proc = ring.newMemb;
  ring.failed = [];
  ring.highDelivered = highestPresent(ring);
  ring.regular.releaseTo(ring.highDelivered);
  ring.lastReleased = ring.highDelivered;
  logMembership(ring, joined);
  ring.pullQuotas.ringInstalled(ring.newMemb);
  ring.peers.ringInstalled(ring.leftMemb, joined, ring.host.monotonicMs(), ring.host.log);
  ring.leaveMemb = [];
  ring.phase = 'operational';
  ring.lostAttempts = 0;
  ring.statistics.counters.operational_entered += 1;
  ring.statistics.counters.continuous_gather = 0;
  ring.receivedFlg = true;
  ring.pauseTimestampMs = ring.host.monotonicMs();
  ring.timers.arm(ring.timers.pause, ring.timings.tokenMs / 5);
  ring.oldRingId = ringId;
}

/** Takes the old ring's messages out of their wrappers (7.7 step 2). */
function unwrapRecovered(ring: RingState): void {
  for (let seq = 1; seqAtMost(seq, ring.myAru); seq = seqAdd(seq, 1)) {
    const packet = ring.recovery.get(seq);
    if (packet === undefined || packet[4] !== 1) continue;
    const inner = packet.subarray(MCAST_HEADER_BYTES);
    const header = decodeInner(inner);
    if (header === undefined || !ring.isMyOldRing(header.ringId) || !ring.memb.includes(header.nodeId)) continue;
    if (!ring.regular.covers(header.seq) || ring.regular.get(header.seq) !== undefined) continue;
    ring.regular.add(header.seq, inner);
    if (seqBefore(ring.oldHighSeq, header.seq)) ring.oldHighSeq = header.seq;
  }
}

function decodeInner(inner: Buffer): McastHeader | undefined {
  if (inner.length < MCAST_HEADER_BYTES || inner[3] !== PACKET_MCAST) return undefined;
  if (!isForeignByteOrder(inner) && inner[0] !== 0x70) return undefined;
  const header = decodeMcast(inner);
  return typeof header === 'string' ? undefined : header;
}

function highestPresent(ring: RingState): number {
  for (let seq = ring.highSeqReceived; seq !== 0; seq = (seq - 1) >>> 0) {
    if (ring.regular.get(seq) !== undefined) return seq;
    if (!ring.regular.covers(seq)) break;
  }
  return 0;
}

function logMembership(ring: RingState, joined: readonly number[]): void {
  const list = (word: string, ids: readonly number[]): string => (ids.length === 0 ? '' : ` ${word}: ${ids.join(' ')}`);
  const { log } = ring.host;
  log.debug({}, 'entering OPERATIONAL state.');
  const name = `${hex(ring.ringId.rep)}.${hex(ring.ringId.seq)}`;
  log.info({}, `A new membership (${name}) was formed. Members${list('joined', joined)}${list('left', ring.leftMemb)}`);
  const silent = subtractIds(ring.leftMemb, ring.leaveMemb);
  if (silent.length > 0) log.info({}, `Failed to receive the leave message. failed: ${silent.join(' ')}`);
}
