import {
  PACKET_COMMIT_TOKEN,
  PACKET_HOLD_CANCEL,
  PACKET_JOIN,
  PACKET_MCAST,
  PACKET_MERGE_DETECT,
  PACKET_ORF_TOKEN,
  rejectHeader,
} from '../codec/header.ts';
import { decodeMcast } from '../codec/mcast.ts';
import {
  decodeCommitToken,
  decodeHoldCancel,
  decodeJoin,
  decodeMergeDetect,
  encodeMergeDetect,
  impossibleRing,
  type JoinMessage,
} from '../codec/membership.ts';
import type { TotemConfig, TotemMember, TotemTimings } from '../config.ts';
import { noteNotTotem } from '../foreign-packet.ts';
import { isRightSender } from './admission.ts';
import { receiveCommitToken } from './commit.ts';
import { consensusExpired, enterGather, receiveJoin, sendJoin, sendLeave } from './gather.ts';
import { receiveHoldCancel, receiveMcast, receiveMergeDetect } from './messages.ts';
import { releaseHeldToken, resendToken } from './resend.ts';
import { type RingHost, RingState } from './ring-state.ts';
import { RingTimers } from './ring-timers.ts';
import { blameForLostCommitToken } from './suspects.ts';
import { receiveToken } from './token.ts';

const HEALTH_PERIOD_MS = 1500;
const CONTINUOUS_GATHER_LIMIT = 3;
const SEND_FAILURES_LIMIT = 30;
const INTERFACE_CHANGE = 15;

/** The single-ring protocol (totem.md 6 to 9): membership, total order, recovery, flow control. Pure; see RingHost. */
export class TotemRing {
  readonly state: RingState;

  constructor(host: RingHost, config: TotemConfig) {
    const ring = new RingState(host, config);
    this.state = ring;
    ring.timers = new RingTimers(host, {
      late: (lateMs) => this.#noteLate(lateMs),
      token: () => this.tokenExpired(),
      tokenWarning: () => this.#warnOfToken(),
      tokenRetransmit: () => resendToken(ring),
      tokenHold: () => releaseHeldToken(ring),
      join: () => this.#repeatJoin(),
      consensus: () => {
        if (ring.phase === 'gather') consensusExpired(ring);
      },
      merge: () => this.#detectMerge(),
      pause: () => this.#notePause(),
      health: () => this.#checkHealth(),
    });
  }

  /** The interface is up for the first time: take the stored ring sequence number up and gather (7.1). */
  start(storedSeq: number): void {
    const ring = this.state;
    ring.running = true;
    ring.persistedSeq = storedSeq;
    ring.ringId = { rep: ring.myId, seq: storedSeq + 1 };
    ring.tokenRingSeq = ring.ringId.seq;
    ring.host.log.debug(
      {},
      `Created or loaded sequence id ${ring.myId.toString(16)}.${ring.ringId.seq.toString(16)} for this ring.`,
    );
    this.#notePause();
    ring.timers.arm(ring.timers.health, HEALTH_PERIOD_MS);
    enterGather(ring, INTERFACE_CHANGE);
  }

  interfaceChanged(): void {
    if (this.state.running) enterGather(this.state, INTERFACE_CHANGE);
  }

  /** Says good-bye when `leave`, then stops for good. */
  stop(leave: boolean): void {
    if (!this.state.running) return;
    if (leave) sendLeave(this.state);
    this.state.running = false;
    this.state.timers.close();
  }

  /** Takes other timings; running timers keep their durations (5). */
  setTimings(timings: TotemTimings): void {
    this.state.timings = timings;
  }

  setMembers(members: readonly TotemMember[]): void {
    this.state.setMembers(members);
  }

  /** Handles one datagram (1.3). */
  receive(packet: Buffer, from: string): void {
    const ring = this.state;
    if (!ring.running) return;
    if (ring.flushing) {
      ring.flushedCount += 1;
      return;
    }
    const rejected = rejectHeader(packet);
    if (rejected !== undefined) {
      if (rejected === 'wrong_type') ring.statistics.counters.rx_msg_dropped += 1;
      noteNotTotem(ring.trouble, rejected, packet, from);
      return;
    }
    if (!isRightSender(ring, packet, from)) {
      ring.statistics.counters.rx_msg_dropped += 1;
      return;
    }
    const refused = this.#dispatch(packet);
    if (refused !== undefined) ring.trouble.note(from, 'malformed', () => `${from}: ${refused}`);
  }

  #dispatch(packet: Buffer): string | undefined {
    const ring = this.state;
    const { counters } = ring.statistics;
    switch (packet[3]) {
      case PACKET_ORF_TOKEN:
        counters.orf_token_rx += 1;
        return receiveToken(ring, packet);
      case PACKET_MCAST:
        counters.mcast_rx += 1;
        return handle(decodeMcast(packet), (header) => void receiveMcast(ring, header, packet));
      case PACKET_MERGE_DETECT:
        counters.memb_merge_detect_rx += 1;
        return handle(decodeMergeDetect(packet), (message) => void receiveMergeDetect(ring, message));
      case PACKET_JOIN:
        counters.memb_join_rx += 1;
        return handle(decodeJoin(packet), (join) => {
          if (!ring.isPlausibleRingSeq(join.ringSeq)) return impossibleRing('memb_join');
          this.#receiveJoin(join);
          return undefined;
        });
      case PACKET_COMMIT_TOKEN:
        counters.memb_commit_token_rx += 1;
        return handle(decodeCommitToken(packet), (token) => {
          if (!ring.isPlausibleRingSeq(token.ringId.seq)) return impossibleRing('memb_commit_token');
          receiveCommitToken(ring, token);
          return undefined;
        });
      case PACKET_HOLD_CANCEL:
        counters.token_hold_cancel_rx += 1;
        return handle(decodeHoldCancel(packet), (message) => void receiveHoldCancel(ring, message));
      default:
        return undefined;
    }
  }

  /** A join after a pause of this process is old, and so is all that waits: throw it away first (7.3 step 1). */
  #receiveJoin(join: JoinMessage): void {
    const ring = this.state;
    if (join.systemFrom === 0 || join.procList.includes(0)) return;
    const pausedMs = ring.host.monotonicMs() - ring.pauseTimestampMs;
    if (pausedMs <= ring.timings.tokenMs / 2) {
      receiveJoin(ring, join);
      return;
    }
    this.#notePauseEnd(pausedMs);
    ring.host.log.info({}, `Process pause detected for ${Math.trunc(pausedMs)} ms, flushing membership messages.`);
    ring.flushing = true;
    ring.flushedCount = 0;
    ring.host.afterWaitingDatagrams(() => {
      ring.flushing = false;
      if (ring.running && ring.flushedCount === 0) receiveJoin(ring, join);
    });
  }

  /** The token did not come in time (7.8). */
  tokenExpired(): void {
    const ring = this.state;
    const { counters } = ring.statistics;
    const { log } = ring.host;
    if (!ring.running) return;
    switch (ring.phase) {
      case 'operational': {
        const { tokenMs, consensusMs } = ring.timings;
        log.debug({}, 'The token was lost in the OPERATIONAL state.');
        if (ring.pauseEndedMs > ring.statistics.lastTokenMs) {
          log.info({}, 'The token was missed while this process was not run; no other node is to blame for that.');
        } else {
          log.info(
            {},
            `A processor failed, forming new configuration: token timed out (${tokenMs}ms), waiting ${consensusMs}ms for consensus.`,
          );
        }
        ring.host.checkInterface();
        enterGather(ring, 2);
        counters.operational_token_lost += 1;
        return;
      }
      case 'gather':
        log.debug({}, `The consensus timeout expired (${ring.timings.consensusMs}ms).`);
        consensusExpired(ring);
        enterGather(ring, 3);
        counters.gather_token_lost += 1;
        return;
      case 'commit':
        log.debug({}, 'The token was lost in the COMMIT state.');
        blameForLostCommitToken(ring);
        enterGather(ring, 4);
        counters.commit_token_lost += 1;
        return;
      case 'recovery':
        log.debug({}, 'The token was lost in the RECOVERY state.');
        ring.restoreOldRing();
        enterGather(ring, 5);
        ring.tokenDiscard = true;
        counters.recovery_token_lost += 1;
        return;
    }
  }

  #repeatJoin(): void {
    const ring = this.state;
    if (ring.phase !== 'gather' && ring.phase !== 'commit') return;
    sendJoin(ring);
    ring.timers.arm(ring.timers.join, ring.timings.joinMs);
  }

  #detectMerge(): void {
    const ring = this.state;
    ring.mergeOutstanding = false;
    if (ring.phase !== 'operational' || !ring.isRep) return;
    ring.statistics.counters.memb_merge_detect_tx += 1;
    ring.host.multicast(encodeMergeDetect({ systemFrom: ring.myId, ringId: ring.ringId }));
  }

  #warnOfToken(): void {
    const ring = this.state;
    const { tokenMs, tokenWarningPercent } = ring.timings;
    const nowMs = ring.host.monotonicMs();
    const sinceMs = Math.trunc(nowMs - ring.statistics.lastTokenMs);
    ring.host.log.info({}, `Token has not been received in ${sinceMs} ms `);
    ring.timers.tokenWarning.arm(Math.trunc((tokenMs * tokenWarningPercent) / 100), nowMs);
  }

  /** A timer that is later than the reference lets a process pause (7.3 step 1): this process was not run. */
  #noteLate(lateMs: number): void {
    const ring = this.state;
    if (lateMs <= ring.timings.tokenMs / 2) return;
    this.#notePauseEnd(Math.max(lateMs, ring.host.monotonicMs() - ring.pauseTimestampMs));
  }

  /** Several timers and joins tell of one pause: it is counted and said once. */
  #notePauseEnd(pausedMs: number): void {
    const ring = this.state;
    const nowMs = ring.host.monotonicMs();
    if (nowMs - pausedMs <= ring.pauseEndedMs) {
      ring.pauseEndedMs = nowMs;
      return;
    }
    ring.pauseEndedMs = nowMs;
    ring.statistics.paused(pausedMs);
    ring.host.log.warn(
      {},
      `This process was not run for ${Math.trunc(pausedMs)} ms: it was stopped, or the machine slept or is overloaded. ` +
        'What the other nodes did meanwhile is not held against them.',
    );
  }

  #notePause(): void {
    const ring = this.state;
    ring.pauseTimestampMs = ring.host.monotonicMs();
    ring.timers.pause.arm(ring.timings.tokenMs / 5, ring.pauseTimestampMs);
  }

  #checkHealth(): void {
    const ring = this.state;
    const { counters } = ring.statistics;
    ring.timers.arm(ring.timers.health, HEALTH_PERIOD_MS);
    ring.peers.review(ring.host.monotonicMs(), ring.host.log);
    const gathering = counters.continuous_gather > CONTINUOUS_GATHER_LIMIT;
    const failing = counters.continuous_sendmsg_failures > SEND_FAILURES_LIMIT;
    counters.firewall_enabled_or_nic_failure = gathering || failing ? 1 : 0;
    if (!gathering && !failing) return;
    const why = gathering ? 'totem is continuously in gather state' : 'unable to send multicast messages';
    ring.host.log.warn(
      {},
      'Totem is unable to form a cluster because of an operating system or network fault ' +
        `(reason: ${why}). The most common cause of this message is that the local firewall is configured improperly.`,
    );
  }
}

function handle<T>(decoded: T | string, use: (message: T) => string | undefined): string | undefined {
  return typeof decoded === 'string' ? decoded : use(decoded);
}
