import type { CoreHost } from '@sanode/runtime';
import { writeMcastHeader } from '../codec/mcast.ts';
import type { CommitToken } from '../codec/membership.ts';
import { encodeHoldCancel } from '../codec/membership.ts';
import { OrfToken, TOKEN_BYTES_MAXIMUM } from '../codec/orf-token.ts';
import type { TotemConfig, TotemMember, TotemTimings } from '../config.ts';
import { canonicalAddress } from '../ip-address.ts';
import { TroubleLog } from '../trouble-log.ts';
import type { ConfigurationChange, RingId } from '../types.ts';
import { sameRing } from '../types.ts';
import { Fifo } from './fifo.ts';
import type { IdList } from './id-sets.ts';
import { Peers } from './peers.ts';
import { PullQuotas } from './pull-quota.ts';
import type { RingTimers } from './ring-timers.ts';
import { SortWindow } from './sort-window.ts';
import { RingStatistics } from './statistics.ts';
import { Suspects } from './suspects.ts';

/** Tokens that are written before the first buffer is written again; see TotemHost.sendToken. */
const TOKEN_BUFFER_COUNT = 8;
/** Bytes of message queue from which its length follows (totem.md 5). */
const QUEUE_BYTES = 4 * 1024 * 1024;
/** Both headers that a packet carries at most: its own, and one more when recovery wraps it (totem.md 3.6). */
const HEADERS_BYTES = 90;

/**
 * How far a ring's sequence number may be ahead of this node's. Rings number on by 4, so no ring gets as far in years;
 * a number that leaps is forged or damaged, and taken over it would use up the numbers of all rings to come.
 */
const RING_SEQ_LEAP_LIMIT = 2 ** 32;

/** The ring's effects. Those upward (the last four) are carried out after the handler's end, in order. */
export interface RingHost extends CoreHost {
  sendToken(packet: Buffer, nodeId: number): void;
  multicast(packet: Buffer): void;
  persistRingSequence(seq: number, done: () => void): void;
  afterWaitingDatagrams(done: () => void): void;
  checkInterface(): void;
  memberCountChanged(count: number): void;
  /** A token was accepted and the quota is about to be computed: queue what waits to be packed (totem.md 8.1 step 9). */
  tokenAccepted(): void;
  deliverPacket(nodeId: number, payload: Buffer, foreignByteOrder: boolean): void;
  /** From here on messages go to the transitional assemblies (7.7 step 9). */
  assembleTransitionally(): void;
  configurationChanged(change: ConfigurationChange): void;
  tokenSent(): void;
}

export type RingPhase = 'operational' | 'gather' | 'commit' | 'recovery';

/** All variables of the ring, named as in totem.md 6.1. Changed by the functions of this folder only. */
export class RingState {
  readonly host: RingHost;
  readonly myId: number;
  readonly statistics = new RingStatistics();
  /** Largest totempg packet in bytes (M in the specification). */
  readonly packetBytesLimit: number;
  /** Q: entries of a send queue, one of which stays free. */
  readonly queueLength: number;
  timings: TotemTimings;
  memberIds: IdList = [];
  /** Node id of each address in the nodelist. */
  nodeIdOfAddress: ReadonlyMap<string, number> = new Map();
  readonly trouble: TroubleLog;
  readonly peers = new Peers();
  readonly suspects = new Suspects();
  readonly pullQuotas = new PullQuotas();
  timers!: RingTimers;

  phase: RingPhase = 'operational';
  /** `start` was called and `stop` was not. */
  running = false;
  ringId: RingId;
  oldRingId: RingId = { rep: 0, seq: 0 };
  tokenRingSeq = 0;
  /** The sequence number that is on disk for sure. */
  persistedSeq = 0;
  /** A full commit token that waits for the disk. */
  waitingCommit: CommitToken | undefined;

  proc: IdList = [];
  failed: IdList = [];
  memb: IdList = [];
  newMemb: IdList = [];
  transMemb: IdList = [];
  deliverMemb: IdList = [];
  leftMemb: IdList = [];
  leaveMemb: IdList = [];
  readonly consensus = new Set<number>();
  /** The join that `send_join` holds back for a moment. */
  delayedJoin: Buffer | undefined;

  myAru = 0;
  highSeqReceived = 0;
  highDelivered = 0;
  lastReleased = 0;
  lastAru = 0;
  lastSeq = 0;
  seqUnchanged = 0;
  tokenSeq = 0xffff_ffff;
  aruCount = 0;
  tokenHeld = false;
  trc = 0;
  pbl = 0;
  cbl = 0;
  receivedFlg = true;
  setRetransFlg = false;
  retransFlgCount = 0;
  rotationCounter = 0;
  installSeq = 0;
  highRingDelivered = 0;
  oldRingSaved = false;
  oldAru = 0;
  oldHighSeq = 0;
  originatedToken = false;
  tokenDiscard = false;
  failedToReceive = false;
  /** Sync is in progress in the installed ring: the token sends from the transitional queue. */
  waitingTransAck = true;
  /** The same for the configuration that the user has been told of, which may be an older one. */
  userWaitingTransAck = true;
  globalSeqno = 0;
  mergeOutstanding = false;
  pauseTimestampMs = 0;
  /** When this process was last found not to have been run for a while; what it heard or missed until then says nothing. */
  pauseEndedMs = Number.NEGATIVE_INFINITY;
  gatherSinceMs = 0;
  /** Joins that came in COMMIT, by sender: who sends many was left out. */
  readonly joinsInCommit = new Map<number, number>();
  /** Attempts in a row that ended in COMMIT, all with these members. */
  lostAttempts = 0;
  lostAttemptMembers: IdList = [];

  regular = new SortWindow();
  recovery = new SortWindow();
  readonly newQueue = new Fifo<Buffer>();
  readonly newQueueTrans = new Fifo<Buffer>();
  readonly retransQueue = new Fifo<Buffer>();
  /** Ordinary messages of the new ring that came before this node installed it (8.6). */
  heldBack: Buffer[] = [];

  /** The token that is being worked on. */
  readonly token = new OrfToken();
  tokenTarget = 0;
  /** The member before this one in the order of the ring: tokens come from it. */
  tokenSource = 0;
  savedToken: Buffer | undefined;
  readonly #tokenBuffers = Array.from({ length: TOKEN_BUFFER_COUNT }, () => Buffer.alloc(TOKEN_BYTES_MAXIMUM));
  #nextTokenBuffer = 0;

  /** Whether what waits in the sockets is being thrown away after a pause (7.3 step 1). */
  flushing = false;
  flushedCount = 0;

  constructor(host: RingHost, config: TotemConfig) {
    this.host = host;
    this.myId = config.nodeId;
    this.timings = config.timings;
    this.trouble = new TroubleLog(host.log, () => host.monotonicMs());
    this.setMembers(config.members);
    this.packetBytesLimit = config.netMtuBytes - HEADERS_BYTES;
    this.queueLength = Math.trunc(QUEUE_BYTES / this.packetBytesLimit);
    this.ringId = { rep: config.nodeId, seq: 0 };
  }

  /** Takes a nodelist. */
  setMembers(members: readonly TotemMember[]): void {
    this.memberIds = members.map((member) => member.nodeId);
    this.nodeIdOfAddress = new Map(members.map((member) => [canonicalAddress(member.address), member.nodeId]));
  }

  /** Whether a node may come into a ring of this node: it is in the nodelist, or still in the ring. */
  isListed(nodeId: number): boolean {
    return this.memberIds.includes(nodeId) || this.memb.includes(nodeId);
  }

  /** The address of a node in the nodelist, for log lines. */
  addressOf(nodeId: number): string {
    for (const [address, id] of this.nodeIdOfAddress) if (id === nodeId) return address;
    return `node${nodeId}`;
  }

  get isRep(): boolean {
    return this.ringId.rep === this.myId;
  }

  /** The queue that the next token visit sends from. */
  get activeQueue(): Fifo<Buffer> {
    if (this.phase === 'recovery') return this.retransQueue;
    return this.waitingTransAck ? this.newQueueTrans : this.newQueue;
  }

  /** The queue that the local node's messages go to. */
  get originQueue(): Fifo<Buffer> {
    return this.userWaitingTransAck ? this.newQueueTrans : this.newQueue;
  }

  get activeWindow(): SortWindow {
    return this.phase === 'recovery' ? this.recovery : this.regular;
  }

  isMyRing(rep: number, seq: number): boolean {
    return this.ringId.rep === rep && this.ringId.seq === seq;
  }

  /** Whether a peer can have come to this ring sequence number, see {@link RING_SEQ_LEAP_LIMIT}. */
  isPlausibleRingSeq(seq: number): boolean {
    return seq - this.ringId.seq <= RING_SEQ_LEAP_LIMIT;
  }

  isMyOldRing(ringId: RingId): boolean {
    return sameRing(ringId, this.oldRingId);
  }

  /** The next buffer for a token, free to be written. */
  nextTokenBuffer(): Buffer {
    this.#nextTokenBuffer = (this.#nextTokenBuffer + 1) % TOKEN_BUFFER_COUNT;
    return this.#tokenBuffers[this.#nextTokenBuffer] as Buffer;
  }

  /** Packets that may still be queued (totem.md 8.8 *avail*). */
  get queueAvailable(): number {
    return Math.max(0, this.queueLength - this.originQueue.length - 2);
  }

  /** Queues a packet of the local node; the first 45 bytes are overwritten (8.8). */
  enqueue(packet: Buffer): void {
    writeMcastHeader(packet, 2, this.myId);
    this.originQueue.push(packet);
    this.statistics.counters.mcast_tx += 1;
  }

  /** Sets a held token in motion, as something is to be sent (8.6). */
  cancelTokenHold(): void {
    if (!this.tokenHeld) return;
    this.tokenHeld = false;
    this.statistics.counters.token_hold_cancel_tx += 1;
    this.host.multicast(encodeHoldCancel({ ringId: this.ringId }, this.myId));
  }

  /** Remembers where the operational ring stood, unless that is remembered already (6.3). */
  saveOldRing(): void {
    if (this.oldRingSaved) return;
    this.oldRingSaved = true;
    this.oldRingId = this.ringId;
    this.oldAru = this.myAru;
    this.oldHighSeq = this.highSeqReceived;
    this.host.log.debug({}, `Saving state aru ${hex(this.myAru)} high seq received ${hex(this.highSeqReceived)}`);
  }

  /** Back to the operational ring after an attempt that failed (6.3). */
  restoreOldRing(): void {
    this.myAru = this.oldAru;
    this.highSeqReceived = this.oldHighSeq;
    this.host.log.debug(
      {},
      `Restoring instance->my_aru ${hex(this.myAru)} my high seq received ${hex(this.oldHighSeq)}`,
    );
  }
}

/** A number as the reference logs it with %x. */
export function hex(value: number): string {
  return value.toString(16);
}
