import type { CoreHost } from '@sanode/runtime';

/** Identity of a ring. Written `REP.SEQ` in hexadecimal in logs, see {@link formatRingId}. */
export interface RingId {
  /** Node id of the representative that created it. */
  readonly rep: number;
  /** Below 2^53. */
  readonly seq: number;
}

/** A ring id the way logs and tools write it: `1.1f`. */
export function formatRingId(ringId: RingId): string {
  return `${ringId.rep.toString(16)}.${ringId.seq.toString(16)}`;
}

/** Whether two ring ids name the same ring. */
export function sameRing(a: RingId, b: RingId): boolean {
  return a.seq === b.seq && a.rep === b.rep;
}

/** A change of the ring's configuration (totem.md 7.7 and 10.6). All lists in the reference's order. */
export interface ConfigurationChange {
  readonly type: 'transitional' | 'regular';
  readonly members: readonly number[];
  readonly joined: readonly number[];
  readonly left: readonly number[];
  /** The new ring, in both types. */
  readonly ringId: RingId;
}

/** The two process groups of the daemon: `a` service messages (totem.md 11), `sync` the sync service (12). */
export type TotemGroupName = 'a' | 'sync';

/** A message in the agreed order of the ring. */
export interface TotemMessage {
  readonly group: TotemGroupName;
  /** Who sent it. */
  readonly nodeId: number;
  /** The payload, group header removed. Belongs to the receiver: it may be kept, nobody writes to it any more. */
  readonly payload: Buffer;
  /** The sender has the other byte order; whoever reads the payload swaps it. */
  readonly foreignByteOrder: boolean;
}

/** Fill of the send queue (totem.md 10.5). */
export type QueueLevel = 'low' | 'good' | 'high' | 'critical';

/**
 * What a ring does to the world.
 *
 * `sendToken`, `multicast` and `persistRingSequence` are called inside a handler: carry them out in order after it and
 * never call back into the ring from them. `deliver`, `configurationChanged` and `tokenSent` are called in order after
 * the handler's end, one at a time: act on them **at once** (do not queue them). From them all methods of the group may
 * be called, `syncCompleted()` in particular, as it decides how the very next message is assembled.
 */
export interface TotemHost extends CoreHost {
  /**
   * Sends a token to the member `nodeId` (this node itself when it is alone). The bytes stay unchanged until at least
   * seven further tokens were sent.
   */
  sendToken(packet: Buffer, nodeId: number): void;
  /** Sends a packet to every configured member, this node included (totem.md 3.3). The bytes never change afterwards. */
  multicast(packet: Buffer): void;
  /**
   * Stores the ring sequence number so that it survives the process (totem.md 6.4), then calls `done` as an event of
   * its own. When it cannot be stored the host ends the process: a ring id must never come twice.
   */
  persistRingSequence(seq: number, done: () => void): void;
  /**
   * Calls `done` as an event of its own once everything that waited in the sockets now has been handed to `receive`
   * (totem.md 7.3 step 1: after a pause what waits is thrown away).
   */
  afterWaitingDatagrams(done: () => void): void;
  /** The token was lost while operational: look whether the interface address is still there (totem.md 3.5). */
  checkInterface(): void;
  /** Number of members of the ring that is being installed; 1 keeps the periodic interface check running (3.5). */
  memberCountChanged(count: number): void;
  deliver(message: TotemMessage): void;
  configurationChanged(change: ConfigurationChange): void;
  /** A token has been sent on: time for the sync service's work item (totem.md 12.3). */
  tokenSent(): void;
  /** The send queue's level changed; IPC rate limits follow it. */
  queueLevelChanged(level: QueueLevel): void;
}

/** What `mcast` did: `full` = no room now, try again later; `too-long` = it will never fit (1 MiB). */
export type McastResult = 'accepted' | 'full' | 'too-long';

/** What `reserve` did: room for `count` packets was set aside (give it back with `release(count)`). */
export type Reservation =
  | { readonly result: 'reserved'; readonly count: number }
  | { readonly result: 'full' | 'too-long' };

/** A ring as its users see it; {@link TotemGroup} is the implementation. */
export interface Totem {
  /**
   * The interface is up: loads the ring id and gathers (totem.md 7.1).
   * @param storedSeq the sequence number on disk, 0 when there is none
   */
  start(storedSeq: number): void;
  /**
   * A datagram came in (the transport has checked the source, 3.4). The buffer belongs to the ring from now on.
   * @param from source address, for log texts
   */
  receive(packet: Buffer, from: string): void;
  /** The interface came back or changed (3.5): gather again. */
  interfaceChanged(): void;
  /** Sends the leave message (totem.md 2.4) and stops for good: timers cancelled, whatever comes in is ignored. */
  leave(): void;
  /** Stops for good without a word. */
  stop(): void;
  /** Runs the token loss handler, as cmap `runtime.force_gather` does (7.8). */
  forceGather(): void;
  /**
   * Queues a message for the ring. Segments are sent back to back; how a message is cut in segments decides packet
   * boundaries in corner cases (totem.md 10.3), so give header and data as the reference does. The bytes are copied.
   */
  mcast(group: TotemGroupName, payload: Uint8Array | readonly Uint8Array[]): McastResult;
  /** Sets room aside for a message of `payloadBytes`, as IPC admission does before it carries out a request (10.5). */
  reserve(group: TotemGroupName, payloadBytes: number): Reservation;
  /** Gives reserved room back. */
  release(count: number): void;
  readonly queueLevel: QueueLevel;
  /** Sync is complete: the ordinary send queue and assemblies are used again (12.4). */
  syncCompleted(): void;
  /**
   * The sync service has a work item that waits for the next `tokenSent`: an idle ring's token is set in motion
   * (totem.md 12.3 "scheduling also cancels token hold").
   */
  cancelTokenHold(): void;
  readonly ringId: RingId;
  /** Members of the installed ring, [] before the first. */
  readonly members: readonly number[];
  readonly state: 'operational' | 'gather' | 'commit' | 'recovery';
  /** Current counters by their cmap name below `stats.srp.` and `stats.pg.` (totem.md 9). */
  stats(): TotemStats;
}

/** Counters of a ring (totem.md 9), named as in cmap. Times in milliseconds. */
export interface TotemStats {
  readonly srp: Readonly<Record<string, number>>;
  readonly pg: Readonly<Record<string, number>>;
  /** What this node sees of the others, by `NODEID.NAME`; ours, as all that follow. Below `stats.peers.` */
  readonly peers: Readonly<Record<string, number>>;
  /** Times that this process was not run; below `stats.pauses.` */
  readonly pauses: Readonly<Record<string, number>>;
  /** How often two nodes did not seem to hear each other, by `LOWER-HIGHER`; below `stats.suspects.` */
  readonly suspects: Readonly<Record<string, number>>;
  /** Datagrams with something wrong, by `ADDRESS.KIND`; below `stats.trouble.` */
  readonly trouble: Readonly<Record<string, number>>;
}
