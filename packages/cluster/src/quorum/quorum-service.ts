import type { CoreHost } from '@sanode/runtime';
import type { RingId } from '@sanode/totem';
import type { Service, SyncPart } from '../engine/service.ts';

/** A decision of the quorum provider, or the last sync's lists. */
export interface QuorumListener {
  quorum(quorate: boolean, ringId: RingId, members: readonly number[]): void;
  nodeList(ringId: RingId, members: readonly number[], joined: readonly number[], left: readonly number[]): void;
}

/** The quorum service (corosync-services.md 4). */
export class QuorumService implements Service {
  readonly id = 3;
  readonly shortName = 'quorum';
  readonly functionCount = 0;
  readonly sync: SyncPart;
  readonly #log: CoreHost['log'];
  readonly #hasProvider: boolean;
  #quorate: boolean;
  #viewMembers: readonly number[] = [];
  #viewRing: RingId = { rep: 0, seq: 0 };
  #members: readonly number[] = [];
  #oldMembers: readonly number[] = [];
  #joined: readonly number[] = [];
  #left: readonly number[] = [];
  #ringId: RingId = { rep: 0, seq: 0 };
  /** Latest registered first. */
  #trackers: QuorumListener[] = [];
  #internal: ((quorate: boolean) => void)[] = [];

  /** @param hasProvider whether a provider decides; without one every partition has quorum */
  constructor(host: CoreHost, hasProvider: boolean) {
    this.#log = host.log;
    this.#hasProvider = hasProvider;
    this.#quorate = !hasProvider;
    this.sync = {
      init: (transitional, members, ringId) => this.#syncInit(transitional, members, ringId),
      process: () => true,
      activate: () => this.#syncActivate(),
      abort() {},
    };
  }

  get quorate(): boolean {
    return this.#quorate;
  }

  get hasProvider(): boolean {
    return this.#hasProvider;
  }

  receive(): void {}

  swapByteOrder(): void {}

  onChange(listener: (quorate: boolean) => void): void {
    this.#internal.push(listener);
  }

  /** Registers a tracker; with `current` it gets what is now, first. */
  track(listener: QuorumListener, current: boolean, changes: boolean): void {
    if (current) {
      listener.nodeList(this.#ringId, this.#oldMembers, [], []);
      listener.quorum(this.#quorate, this.#viewRing, this.#viewMembers);
    }
    if (changes && !this.#trackers.includes(listener)) this.#trackers.unshift(listener);
  }

  isTracking(listener: QuorumListener): boolean {
    return this.#trackers.includes(listener);
  }

  untrack(listener: QuorumListener): void {
    this.#trackers = this.#trackers.filter((other) => other !== listener);
  }

  /** The provider's decision. */
  decided(members: readonly number[], quorate: boolean, ringId: RingId): void {
    if (quorate !== this.#quorate) {
      this.#log.info(
        { subsystem: 'QUORUM' },
        quorate
          ? 'This node is within the primary component and will provide service.'
          : 'This node is within the non-primary component and will NOT provide any services.',
      );
    }
    this.#quorate = quorate;
    this.#logList('Members', members);
    this.#viewMembers = members;
    this.#viewRing = ringId;
    for (const listener of this.#internal) listener(quorate);
    for (const tracker of this.#trackers) tracker.quorum(quorate, ringId, members);
  }

  #syncInit(transitional: readonly number[], members: readonly number[], ringId: RingId): void {
    const old = this.#oldMembers;
    this.#left = old.filter((id) => !transitional.includes(id) || !members.includes(id));
    this.#joined = members.filter((id) => !old.includes(id) || this.#left.includes(id));
    this.#members = members;
    this.#ringId = ringId;
    this.#logList('Sync members', members);
    if (this.#joined.length > 0) this.#logList('Sync joined', this.#joined);
    if (this.#left.length > 0) this.#logList('Sync left', this.#left);
  }

  #syncActivate(): void {
    this.#oldMembers = this.#members;
    for (const tracker of this.#trackers) tracker.nodeList(this.#ringId, this.#members, this.#joined, this.#left);
  }

  #logList(name: string, ids: readonly number[]): void {
    this.#log.info({ subsystem: 'QUORUM' }, `${name}[${ids.length}]: ${ids.join(' ')}`);
  }
}
