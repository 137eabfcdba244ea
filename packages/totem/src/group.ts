import type { Timer } from '@sanode/runtime';
import type { TotemConfig, TotemMember, TotemTimings } from './config.ts';
import { noteOtherTransport, noteUnlistedAddress } from './foreign-packet.ts';
import { AssemblySet } from './pg/assembly.ts';
import { groupHeader, splitGroups } from './pg/groups.ts';
import { Packer } from './pg/packer.ts';
import { brokenLimit } from './srp/limits.ts';
import { TotemRing } from './srp/ring.ts';
import type { RingHost, RingPhase } from './srp/ring-state.ts';
import type {
  ConfigurationChange,
  McastResult,
  QueueLevel,
  Reservation,
  RingId,
  Totem,
  TotemGroupName,
  TotemHost,
  TotemStats,
} from './types.ts';

/** Longest application message (totem.md 5). */
const MESSAGE_BYTES_LIMIT = 1024 * 1024;

type Upward =
  | { readonly kind: 'packet'; readonly nodeId: number; readonly payload: Buffer; readonly foreign: boolean }
  | { readonly kind: 'change'; readonly change: ConfigurationChange }
  | { readonly kind: 'transitional' }
  | { readonly kind: 'token-sent' };

/**
 * A ring with process groups on top (totem.md 6 to 10): the pure core that a daemon, or a simulation, gives a host.
 * What goes up is kept until the ring's handler has ended and handed over then, one message at a time.
 */
export class TotemGroup implements Totem {
  readonly #host: TotemHost;
  readonly #ring: TotemRing;
  readonly #packer: Packer;
  #normal = new AssemblySet();
  #transitional = new AssemblySet();
  #assembleTransitionally = true;
  readonly #upward: Upward[] = [];
  #depth = 0;
  #draining = false;
  /** Transitional configurations that the ring has entered and that were not handed up yet. */
  #changesAhead = 0;
  #reserved = 1;
  readonly #reservationLimit: number;
  #queueLevel: QueueLevel = 'low';

  constructor(host: TotemHost, config: TotemConfig) {
    if (!config.members.some((member) => member.nodeId === config.nodeId)) {
      throw new Error(`node ${config.nodeId} is not in the nodelist`);
    }
    this.#host = host;
    this.#ring = new TotemRing(this.#ringHost(), config);
    const { state } = this.#ring;
    this.#packer = new Packer(state, state.packetBytesLimit);
    this.#reservationLimit = (state.queueAvailable - 1) * (state.packetBytesLimit - 24);
  }

  start(storedSeq: number): void {
    this.#enter(() => this.#ring.start(storedSeq));
  }

  receive(packet: Buffer, from: string): void {
    this.#enter(() => this.#ring.receive(packet, from));
  }

  /** A datagram came from an address that is in no nodelist, and was dropped (totem.md 3.4). */
  refuseUnlisted(packet: Buffer, from: string): void {
    noteUnlistedAddress(this.#ring.state.trouble, packet, from);
  }

  /** A datagram came in a way that only another transport sends it. @param theirs the sender's transport */
  noteTransport(theirs: 'udp' | 'udpu', from: string): void {
    noteOtherTransport(this.#ring.state.trouble, theirs, from);
  }

  interfaceChanged(): void {
    this.#enter(() => this.#ring.interfaceChanged());
  }

  leave(): void {
    this.#enter(() => this.#ring.stop(true));
  }

  stop(): void {
    this.#enter(() => this.#ring.stop(false));
  }

  forceGather(): void {
    this.#enter(() => this.#ring.tokenExpired());
  }

  /** Takes other timings (a reload); running timers keep their durations (totem.md 5). */
  setTimings(timings: TotemTimings): void {
    this.#ring.setTimings(timings);
  }

  /** Takes another nodelist (a reload). */
  setMembers(members: readonly TotemMember[]): void {
    this.#ring.setMembers(members);
  }

  mcast(group: TotemGroupName, payload: Uint8Array | readonly Uint8Array[]): McastResult {
    const segments = payload instanceof Uint8Array ? [payload] : payload;
    const bytes = segments.reduce((sum, segment) => sum + segment.length, 0);
    if (bytes > MESSAGE_BYTES_LIMIT) return 'too-long';
    let accepted = false;
    this.#enter(() => {
      this.#ring.state.cancelTokenHold();
      accepted = this.#packer.add([...groupHeader(group), ...segments]);
    });
    this.#updateQueueLevel();
    return accepted ? 'accepted' : 'full';
  }

  reserve(group: TotemGroupName, payloadBytes: number): Reservation {
    const bytes = payloadBytes + group.length;
    if (bytes >= this.#reservationLimit || payloadBytes > MESSAGE_BYTES_LIMIT) return { result: 'too-long' };
    const count = this.#packer.packetsFor(bytes);
    if (this.#ring.state.queueAvailable - this.#reserved < count) return { result: 'full' };
    this.#reserved += count;
    this.#updateQueueLevel();
    return { result: 'reserved', count };
  }

  release(count: number): void {
    this.#reserved -= count;
    this.#updateQueueLevel();
  }

  get queueLevel(): QueueLevel {
    return this.#queueLevel;
  }

  syncCompleted(): void {
    const { state } = this.#ring;
    this.#packer.finishMessage();
    state.userWaitingTransAck = false;
    // The ring may be in the next configuration already while its user still catches up with the one before.
    if (this.#changesAhead === 0) state.waitingTransAck = false;
    this.#assembleTransitionally = false;
    this.#updateQueueLevel();
  }

  cancelTokenHold(): void {
    this.#enter(() => this.#ring.state.cancelTokenHold());
  }

  get ringId(): RingId {
    return this.#ring.state.ringId;
  }

  get members(): readonly number[] {
    return this.#ring.state.memb;
  }

  get state(): RingPhase {
    return this.#ring.state.phase;
  }

  stats(): TotemStats {
    const { state } = this.#ring;
    return {
      srp: state.statistics.snapshot(this.#host.monotonicMs()),
      pg: { msg_queue_avail: state.queueAvailable, msg_reserved: this.#reserved },
      peers: state.peers.counters(this.#host.monotonicMs()),
      pauses: { ...state.statistics.pauses },
      suspects: state.suspects.counters(),
      trouble: state.trouble.counters(),
    };
  }

  /** For an auditor: a sentence about a queue that is longer than it may be; undefined when all are within their limits. */
  brokenLimit(): string | undefined {
    return brokenLimit(this.#ring.state);
  }

  /** Clears the counters (cmap `stats.clear.totem`). */
  clearStats(): void {
    const { statistics, peers, suspects, trouble } = this.#ring.state;
    for (const part of [statistics, peers, suspects, trouble]) part.clear();
  }

  #ringHost(): RingHost {
    const host = this.#host;
    return {
      log: host.log,
      monotonicMs: () => host.monotonicMs(),
      wallMs: () => host.wallMs(),
      randomUint32: () => host.randomUint32(),
      setTimer: (delayMs, handler): Timer => host.setTimer(delayMs, (lateMs) => this.#enter(() => handler(lateMs))),
      sendToken: (packet, nodeId) => host.sendToken(packet, nodeId),
      multicast: (packet) => host.multicast(packet),
      persistRingSequence: (seq, done) => host.persistRingSequence(seq, () => this.#enter(done)),
      afterWaitingDatagrams: (done) => host.afterWaitingDatagrams(() => this.#enter(done)),
      checkInterface: () => host.checkInterface(),
      memberCountChanged: (count) => host.memberCountChanged(count),
      tokenAccepted: () => this.#packer.flush(),
      deliverPacket: (nodeId, payload, foreign) => this.#upward.push({ kind: 'packet', nodeId, payload, foreign }),
      configurationChanged: (change) => {
        if (change.type === 'transitional') this.#changesAhead += 1;
        this.#upward.push({ kind: 'change', change });
      },
      assembleTransitionally: () => this.#upward.push({ kind: 'transitional' }),
      tokenSent: () => this.#upward.push({ kind: 'token-sent' }),
    };
  }

  /** Runs a handler of the ring, then hands up what came of it. */
  #enter(handler: () => void): void {
    this.#depth += 1;
    try {
      handler();
    } finally {
      this.#depth -= 1;
    }
    if (this.#depth > 0 || this.#draining || this.#upward.length === 0) return;
    this.#draining = true;
    try {
      for (let index = 0; index < this.#upward.length; index += 1) this.#handUp(this.#upward[index] as Upward);
    } finally {
      this.#upward.length = 0;
      this.#draining = false;
    }
  }

  #handUp(event: Upward): void {
    switch (event.kind) {
      case 'packet':
        this.#handUpPacket(event.nodeId, event.payload, event.foreign);
        return;
      case 'change':
        if (event.change.type === 'transitional') this.#transitionBegins();
        this.#normal.forget(event.change.left);
        this.#transitional.forget(event.change.left);
        this.#host.configurationChanged(event.change);
        return;
      case 'transitional':
        this.#assembleTransitionally = true;
        return;
      case 'token-sent':
        this.#host.tokenSent();
        this.#updateQueueLevel();
        return;
    }
  }

  /** What the user has sent up to now goes out with the messages before, what it sends from now on with the sync. */
  #transitionBegins(): void {
    const { state } = this.#ring;
    this.#changesAhead -= 1;
    if (!state.userWaitingTransAck) this.#packer.finish();
    state.userWaitingTransAck = true;
  }

  #handUpPacket(nodeId: number, packet: Buffer, foreign: boolean): void {
    const set = this.#assembleTransitionally ? this.#transitional : this.#normal;
    const messages = set.take(nodeId, packet, foreign);
    if (typeof messages === 'string') {
      this.#host.log.warn({}, messages);
      return;
    }
    for (const message of messages) {
      const split = splitGroups(message, foreign);
      if (split === undefined) {
        this.#host.log.warn({}, `Message received from node ${nodeId} has a malformed group list...  Ignoring.`);
        continue;
      }
      for (const group of split.groups) {
        this.#host.deliver({ group, nodeId, payload: split.payload, foreignByteOrder: foreign });
      }
    }
  }

  /** Bands of totem.md 10.5; values between them keep the level. */
  #updateQueueLevel(): void {
    const { state } = this.#ring;
    const used = 100 - Math.trunc(((state.queueAvailable - this.#reserved) * 100) / state.queueLength);
    let level = this.#queueLevel;
    if (used >= 75) level = 'critical';
    else if (used < 30) level = 'low';
    else if (used > 40 && used < 50) level = 'good';
    else if (used > 60 && used < 70) level = 'high';
    if (level === this.#queueLevel) return;
    this.#queueLevel = level;
    this.#host.queueLevelChanged(level);
  }
}
