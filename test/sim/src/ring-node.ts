import { type SimDisk, type SimNetwork, SimProcess, type SimWorld } from '@sanode/sim';
import {
  type ConfigurationChange,
  formatRingId,
  type RingId,
  sameRing,
  type TotemConfig,
  TotemGroup,
  type TotemHost,
  type TotemMessage,
} from '@sanode/totem';
import { type MessageId, RingHistory } from './ring-history.ts';

const RING_FILE = 'ringid';
/** A token to oneself takes this long, as it takes a turn of the event loop. */
const OWN_TOKEN_MS = 0.05;

/** One machine with a ring on it. It can be crashed and started again; its disk stays. */
export class RingNode {
  readonly id: number;
  readonly histories: RingHistory[] = [];
  readonly #world: SimWorld;
  readonly #network: SimNetwork;
  readonly #disk: SimDisk;
  readonly #config: TotemConfig;
  process: SimProcess | undefined;
  group: TotemGroup | undefined;
  #runs = 0;
  #nextNumber = 0;
  /** Ring of the sync under way, and who has announced itself in it. */
  #syncRing: RingId | undefined;
  #syncMembers: readonly number[] = [];
  #announced = new Set<number>();
  syncComplete = false;

  constructor(deps: { world: SimWorld; network: SimNetwork; disk: SimDisk }, config: TotemConfig) {
    this.#world = deps.world;
    this.#network = deps.network;
    this.#disk = deps.disk;
    this.#config = config;
    this.id = config.nodeId;
  }

  get history(): RingHistory {
    return this.histories.at(-1) as RingHistory;
  }

  get running(): boolean {
    return this.process?.alive === true;
  }

  start(): void {
    this.#runs += 1;
    const process = new SimProcess(this.#world, `n${this.id}.${this.#runs}`);
    const history = new RingHistory(this.id, this.#runs);
    this.histories.push(history);
    this.process = process;
    this.#nextNumber = 0;
    this.syncComplete = false;
    const group = new TotemGroup(this.#host(process, history), this.#config);
    this.group = group;
    this.#network.attach(this.id, (from, packet) => process.input(() => group.receive(packet, `10.0.0.${from}`)));
    const stored = this.#disk.read(RING_FILE);
    group.start(stored === undefined ? 0 : Number(Buffer.from(stored).readBigUInt64LE()));
  }

  /** Power cut. */
  crash(): void {
    this.process?.kill();
    this.#network.attach(this.id, undefined);
    this.group = undefined;
  }

  /** Orderly end. */
  leave(): void {
    this.group?.leave();
    this.crash();
  }

  /** Sends a message of `bytes`; only when sync is complete, as the daemon's clients may. @returns whether it was taken */
  send(bytes: number): boolean {
    if (this.group === undefined || !this.syncComplete) return false;
    const payload = Buffer.alloc(12 + bytes, this.#nextNumber & 0xff);
    payload.writeUInt32LE(this.id, 0);
    payload.writeUInt32LE(this.#runs, 4);
    payload.writeUInt32LE(this.#nextNumber, 8);
    if (this.group.mcast('a', payload) !== 'accepted') return false;
    this.history.sent.push({ sender: this.history.run, node: this.id, number: this.#nextNumber });
    this.#world.trace(() => `${this.history.run} sends ${this.#nextNumber} of ${payload.length} bytes`);
    this.#nextNumber += 1;
    return true;
  }

  #host(process: SimProcess, history: RingHistory): TotemHost {
    const world = this.#world;
    const own = (packet: Buffer, delayMs: number): void => {
      world.after(delayMs, () => process.input(() => this.group?.receive(packet, 'self')));
    };
    return {
      log: process.log,
      monotonicMs: () => process.monotonicMs(),
      wallMs: () => process.wallMs(),
      randomUint32: () => process.randomUint32(),
      setTimer: (delayMs, handler) => process.setTimer(delayMs, handler),
      sendToken: (packet, nodeId) => {
        if (nodeId === this.id) own(packet, OWN_TOKEN_MS);
        else this.#network.send(this.id, nodeId, packet);
      },
      multicast: (packet) => {
        for (const member of this.#config.members) {
          if (member.nodeId !== this.id) this.#network.send(this.id, member.nodeId, packet);
        }
        own(packet, 0);
      },
      persistRingSequence: (seq, done) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64LE(BigInt(seq));
        this.#disk.write(process, RING_FILE, bytes, done);
      },
      afterWaitingDatagrams: (done) => process.afterWaitingInput(done),
      checkInterface: () => {},
      memberCountChanged: () => {},
      deliver: (message) => this.#deliver(history, message),
      configurationChanged: (change) => this.#changed(history, change),
      tokenSent: () => {},
      queueLevelChanged: () => {},
    };
  }

  #changed(history: RingHistory, change: ConfigurationChange): void {
    history.events.push({ kind: 'change', change });
    this.#world.trace(
      () => `${history.run} ${change.type} ${formatRingId(change.ringId)} [${change.members}] left [${change.left}]`,
    );
    this.syncComplete = false;
    this.#syncRing = undefined;
    if (change.type === 'transitional') return;
    this.#syncRing = change.ringId;
    this.#syncMembers = change.members;
    this.#announced = new Set();
    const announcement = Buffer.alloc(12);
    announcement.writeUInt32LE(change.ringId.rep, 0);
    announcement.writeBigUInt64LE(BigInt(change.ringId.seq), 4);
    this.group?.mcast('sync', announcement);
  }

  #deliver(history: RingHistory, message: TotemMessage): void {
    const { payload } = message;
    if (message.group === 'sync') {
      const ring = { rep: payload.readUInt32LE(0), seq: Number(payload.readBigUInt64LE(4)) };
      if (this.#syncRing === undefined || !sameRing(ring, this.#syncRing)) return;
      this.#announced.add(message.nodeId);
      if (!this.#syncMembers.every((id) => this.#announced.has(id))) return;
      this.syncComplete = true;
      this.#syncRing = undefined;
      this.group?.syncCompleted();
      return;
    }
    const node = payload.readUInt32LE(0);
    const id: MessageId = { sender: `${node}.${payload.readUInt32LE(4)}`, node, number: payload.readUInt32LE(8) };
    const filler = id.number & 0xff;
    if (node !== message.nodeId || !payload.subarray(12).equals(Buffer.alloc(payload.length - 12, filler))) {
      throw new Error(`${history.run} received a damaged message from node ${message.nodeId}`);
    }
    history.events.push({ kind: 'message', id });
    this.#world.trace(() => `${history.run} receives ${id.sender}#${id.number}`);
  }
}
