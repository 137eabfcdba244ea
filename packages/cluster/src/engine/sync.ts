import type { CoreHost } from '@sanode/runtime';
import { formatRingId, type RingId, sameRing } from '@sanode/totem';
import type { Service } from './service.ts';
import { decodeSyncMessage, encodeSyncMessage, maxSyncServices } from './sync-messages.ts';

export interface SyncDeps {
  readonly host: CoreHost;
  /** Multicasts in the group `sync`. @returns false when the ring has no room now */
  send(message: Buffer): boolean;
  /** Asks for a call of `tokenSent`, an idle ring included. */
  wake(): void;
  completed(): void;
}

interface Entry {
  readonly id: number;
  readonly service: Service | undefined;
}

/** The sync service: brings the services of all members to one state, in lock-step (totem.md 12). */
export class SyncEngine {
  readonly #deps: SyncDeps;
  readonly #services: readonly Service[];
  #transitional: readonly number[] = [];
  #members: readonly number[] = [];
  #ringId: RingId | undefined;
  #entries: Entry[] = [];
  #index = 0;
  #heard = new Set<number>();
  #building = false;
  /** Messages and process steps that wait for room or for the next token, in order. */
  #work: (() => boolean)[] = [];
  #processing = false;

  /** @param services local services, any order; those without a sync part take no part */
  constructor(deps: SyncDeps, services: readonly Service[]) {
    this.#deps = deps;
    this.#services = services.filter((service) => service.sync !== undefined).sort((a, b) => a.id - b.id);
  }

  /** A sync that runs is abandoned. Call before the services hear of the next ring. */
  abort(): void {
    if (this.#processing) this.#entries[this.#index]?.service?.sync?.abort();
    this.#processing = false;
    this.#work = [];
    this.#ringId = undefined;
  }

  /** The members that come along into the next ring. */
  rememberTransitional(members: readonly number[]): void {
    this.#transitional = members;
  }

  start(members: readonly number[], ringId: RingId): void {
    this.#members = [...members].sort((a, b) => a - b);
    this.#ringId = ringId;
    this.#heard = new Set();
    this.#building = true;
    this.#index = 0;
    this.#entries = this.#services.map((service) => ({ id: service.id, service }));
    const build = encodeSyncMessage({ ringId, services: this.#entries.map((entry) => entry.id) });
    this.#push(() => this.#deps.send(build));
    const transitional = this.#transitional.filter((id) => members.includes(id));
    for (const { service } of this.#entries) service?.sync?.init(transitional, this.#members, ringId);
  }

  /** A token was sent on: goes on with what waits. */
  tokenSent(): void {
    this.#runWork();
  }

  receive(senderId: number, message: Buffer): void {
    const ringId = this.#ringId;
    const decoded = decodeSyncMessage(message);
    if (ringId === undefined || decoded === undefined) return;
    const { services } = decoded;
    if (!sameRing(decoded.ringId, ringId)) {
      const what = services === undefined ? 'barrier' : 'service build';
      this.#deps.host.log.debug({ ring: formatRingId(decoded.ringId) }, `${what} for old ring - discarding`);
      return;
    }
    if ((services !== undefined) !== this.#building || !this.#members.includes(senderId)) return;
    if (services !== undefined) this.#addServices(services);
    this.#heard.add(senderId);
    if (this.#heard.size === this.#members.length) this.#roundEnded();
  }

  #addServices(ids: readonly number[]): void {
    for (const id of ids) {
      if (this.#entries.length < maxSyncServices && !this.#entries.some((entry) => entry.id === id)) {
        this.#entries.push({ id, service: undefined });
      }
    }
    this.#entries.sort((a, b) => a.id - b.id);
  }

  #roundEnded(): void {
    if (this.#building) this.#building = false;
    else {
      const entry = this.#entries[this.#index] as Entry;
      this.#deps.host.log.debug({ service: entry.id }, `Committing synchronization for service ${entry.id}`);
      entry.service?.sync?.activate();
      this.#index += 1;
    }
    this.#heard = new Set();
    if (this.#index >= this.#entries.length) {
      this.#ringId = undefined;
      this.#deps.completed();
      return;
    }
    const { service } = this.#entries[this.#index] as Entry;
    const barrier = encodeSyncMessage({ ringId: this.#ringId as RingId, services: undefined });
    this.#processing = true;
    this.#work.push(
      () => service?.sync?.process() ?? true,
      () => {
        this.#processing = false;
        return this.#deps.send(barrier);
      },
    );
    this.#deps.wake();
  }

  #push(work: () => boolean): void {
    this.#work.push(work);
    this.#runWork();
  }

  #runWork(): void {
    while (this.#work.length > 0) {
      if (!(this.#work[0] as () => boolean)()) {
        this.#deps.wake();
        return;
      }
      this.#work.shift();
    }
  }
}
