import type { CibReply, CibRequest } from '@sanode/cib';
import { compareVersions, type Envelopes, type RequestInput } from '@sanode/messages';
import { type ClusterConnection, type Election, isActive, type Peer } from '@sanode/peers';
import type { Logger, Timer } from '@sanode/runtime';
import type { ThrottleTable, TransitionEngine } from '@sanode/transition';
import { CrashGrace } from './crash-grace.ts';
import type { Fsa } from './fsa.ts';
import type { ControllerHost } from './host.ts';
import { type ClusterOptions, readOptions } from './options.ts';

/** Bits of the controller's input register (controller.md 4). */
export type Flag =
  | 'THE_DC'
  | 'STARTING'
  | 'SHUTDOWN'
  | 'STAYDOWN'
  | 'READ_CONFIG'
  | 'CIB_CONNECTED'
  | 'LRM_CONNECTED'
  | 'PE_CONNECTED'
  | 'TE_CONNECTED'
  | 'HAVE_CIB'
  | 'CIB_ASKED'
  | 'MEMBERSHIP'
  | 'PEER_DATA'
  | 'HA_CONNECTED'
  | 'SENT_RSC_STOP'
  | 'IN_RECOVERY';

/** How far a peer has joined (controller.md 6). */
export const joinPhase = { nack: -1, none: 0, welcomed: 1, integrated: 2, finalized: 3, confirmed: 4 } as const;
export type JoinPhase = (typeof joinPhase)[keyof typeof joinPhase];

/** What the controller knows of a peer besides the peer cache. */
export interface PeerInfo {
  phase: JoinPhase;
  expected: 'member' | 'down' | 'pending' | 'banned' | undefined;
  /** Epoch seconds since when it is a member of the ring, and in the group; 0 = is not. */
  memberSince: number;
  onlineSince: number;
  /** How long its controller is waited for when it leaves the group unasked while its node stays. */
  readonly grace: CrashGrace;
}

export type TimerName =
  | 'dc-deadtime'
  | 'early-election'
  | 'integration'
  | 'finalization'
  | 'shutdown-escalation'
  | 'recheck'
  | 'transition'
  | 'wait'
  | 'scheduler'
  | 'settle'
  | 'crash-grace'
  | 'quorum-gained'
  | 'throttle';

/** What all parts of one controller share. */
export class Context {
  readonly host: ControllerHost;
  readonly log: Logger;
  readonly envelopes: Envelopes;
  readonly flags = new Set<Flag>();
  readonly peerInfo = new Map<number, PeerInfo>();
  readonly throttle: ThrottleTable;
  fsa!: Fsa;
  engine!: TransitionEngine;
  election!: Election;
  options: ClusterOptions = readOptions(new Map());
  cluster: ClusterConnection | undefined;
  /** Name and version of the DC that is known. */
  dc: string | undefined;
  dcVersion: string | undefined;
  hasQuorum = false;
  everHadQuorum = false;
  /** Ring that the controller knows of. */
  membershipSequence = 0n;
  /** Remote part of pending CIB calls: see `settled`. */
  #outstandingChanges = 0;
  #whenSettled: (() => void)[] = [];
  readonly #timers = new Map<TimerName, Timer>();

  constructor(deps: { host: ControllerHost; envelopes: Envelopes; throttle: ThrottleTable }) {
    this.host = deps.host;
    this.log = deps.host.log;
    this.envelopes = deps.envelopes;
    this.throttle = deps.throttle;
  }

  get isDc(): boolean {
    return this.flags.has('THE_DC');
  }

  get localName(): string {
    return this.cluster?.localName ?? '';
  }

  get localUuid(): string {
    return this.cluster?.localUuid ?? '';
  }

  /** Feature set that gates are compared with: the DC's, else our own. */
  get clusterFeatureSet(): string {
    return this.dcVersion ?? this.envelopes.featureSet;
  }

  /** How digests escape text: as the release that we announce does. */
  get digestEscaping(): '2.1' | '3.0' {
    return compareVersions(this.envelopes.featureSet, '3.17.0') < 0 ? '2.1' : '3.0';
  }

  info(peer: Peer): PeerInfo {
    let info = this.peerInfo.get(peer.id);
    if (info === undefined) {
      info = { phase: joinPhase.none, expected: undefined, memberSince: 0, onlineSince: 0, grace: new CrashGrace() };
      this.peerInfo.set(peer.id, info);
    }
    return info;
  }

  peers(): readonly Peer[] {
    return this.cluster?.peers() ?? [];
  }

  activePeers(): readonly Peer[] {
    return this.peers().filter(isActive);
  }

  isLocal(name: string | undefined): boolean {
    return name !== undefined && name.toLowerCase() === this.localName.toLowerCase();
  }

  /** Runs the reaction to one event, then the state machine. */
  react(handler: () => void): void {
    handler();
    this.fsa.run();
  }

  /** Sends a request of the envelope's form. */
  request(input: RequestInput): void {
    this.host.send(input.host, this.envelopes.request(input));
  }

  /** A request to the cib. Changes that count for the scheduler's input are waited for by `settled`. */
  cib(request: CibRequest, done?: (reply: CibReply) => void): void {
    const isChange = request.operation !== 'cib_query';
    if (isChange) this.#outstandingChanges += 1;
    this.host.cib(request, (reply) => {
      if (isChange) this.#outstandingChanges -= 1;
      this.react(() => {
        if (done !== undefined) done(reply);
        else if (reply.rc < 0) {
          const fields = { operation: request.operation, section: request.section, rc: reply.rc };
          this.log.warn(fields, `the CIB refused ${request.operation} of ${request.section ?? 'all'} (${reply.rc})`);
        }
        if (this.#outstandingChanges === 0) for (const run of this.#whenSettled.splice(0)) run();
      });
    });
  }

  /** Runs when no change of ours is on its way to the CIB, at once if so. */
  settled(run: () => void): void {
    if (this.#outstandingChanges === 0) run();
    else this.#whenSettled.push(run);
  }

  /** Starts (anew) a timer; a span of 0 starts none. */
  startTimer(name: TimerName, delayMs: number, expired: () => void): void {
    this.stopTimer(name);
    if (delayMs <= 0) return;
    const timer = this.host.setTimer(Math.min(delayMs, 2 ** 31 - 1), () => {
      this.#timers.delete(name);
      this.react(expired);
    });
    this.#timers.set(name, timer);
  }

  stopTimer(name: TimerName): boolean {
    const timer = this.#timers.get(name);
    timer?.cancel();
    return this.#timers.delete(name);
  }

  timerRuns(name: TimerName): boolean {
    return this.#timers.has(name);
  }

  stopAllTimers(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
