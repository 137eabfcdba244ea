import type { CoreHost } from '@sanode/runtime';
import { formatRingId, type RingId, sameRing } from '@sanode/totem';
import type { Service } from './service.ts';

const barrierBytes = 32;
const buildBytes = 552;
const maxServices = 128;

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
    const build = this.#message(1, buildBytes, ringId);
    build.writeInt32LE(this.#entries.length, 32);
    for (const [index, entry] of this.#entries.entries()) build.writeInt32LE(entry.id, 40 + 4 * index);
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
    if (ringId === undefined || message.length < barrierBytes) return;
    const id = message.readUInt32LE(0);
    if (id !== 0 && (id !== 1 || message.length < buildBytes)) return;
    const theirs = { rep: message.readUInt32LE(16), seq: Number(message.readBigUInt64LE(20)) };
    if (!sameRing(theirs, ringId)) {
      const what = id === 0 ? 'barrier' : 'service build';
      this.#deps.host.log.debug({ ring: formatRingId(theirs) }, `${what} for old ring - discarding`);
      return;
    }
    if ((id === 1) !== this.#building || !this.#members.includes(senderId)) return;
    if (id === 1) this.#addServices(message);
    this.#heard.add(senderId);
    if (this.#heard.size === this.#members.length) this.#roundEnded();
  }

  #addServices(message: Buffer): void {
    const count = Math.min(Math.max(message.readInt32LE(32), 0), maxServices);
    for (let i = 0; i < count; i += 1) {
      const id = message.readInt32LE(40 + 4 * i);
      if (this.#entries.length < maxServices && !this.#entries.some((entry) => entry.id === id)) {
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
    const barrier = this.#message(0, barrierBytes, this.#ringId as RingId);
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

  #message(id: number, size: number, ringId: RingId): Buffer {
    const message = Buffer.alloc(size);
    message.writeUInt32LE(id, 0);
    message.writeUInt32LE(size, 8);
    message.writeUInt32LE(ringId.rep, 16);
    message.writeBigUInt64LE(BigInt(ringId.seq), 20);
    return message;
  }
}
