import { SimNetwork, SimProcess, SimWorld } from '@sanode/sim';
import { MCAST_HEADER_BYTES } from '../codec/mcast.ts';
import { deriveTotemTimings, type TotemOptions } from '../config.ts';
import { TotemRing } from '../srp/ring.ts';
import type { ConfigurationChange } from '../types.ts';

/** A message that the ring gave to a node. */
export interface Delivery {
  readonly from: number;
  readonly text: string;
  readonly foreign: boolean;
}

/** What the ring's user says when the services agree. */
const synced = { waitingTransAck: false, userWaitingTransAck: false };

/** One node of a {@link PlainRing}. */
export interface PlainNode {
  readonly ring: TotemRing;
  readonly deliveries: Delivery[];
  readonly changes: ConfigurationChange[];
}

/** Rings without packing and services on a simulated network, for tests that look at their state. Node ids from 1 on. */
export class PlainRing {
  readonly world = new SimWorld(3);
  readonly network = new SimNetwork(this.world);
  readonly nodes: readonly PlainNode[];
  /** What becomes of a packet on its way; undefined: it is lost. */
  rewrite: (from: number, to: number, packet: Buffer) => Buffer | undefined = (_from, _to, packet) => packet;

  constructor(count: number, options: TotemOptions = {}) {
    const ids = Array.from({ length: count }, (_, index) => index + 1);
    const members = ids.map((nodeId) => ({ nodeId, address: `10.0.0.${nodeId}` }));
    const timings = deriveTotemTimings({ token: 1000, tokenCoefficient: 0, ...options }, count);
    this.nodes = ids.map((nodeId) => this.#node(nodeId, { nodeId, members, timings, netMtuBytes: 1500 }));
    for (const { ring } of this.nodes) ring.start(0);
  }

  node(id: number): PlainNode {
    return this.nodes[id - 1] as PlainNode;
  }

  /** Queues a message on a node. */
  send(id: number, text: string): void {
    const { state } = this.node(id).ring;
    state.cancelTokenHold();
    state.enqueue(Buffer.concat([Buffer.alloc(MCAST_HEADER_BYTES), Buffer.from(text)]));
  }

  pass(ms: number): void {
    this.world.run(this.world.nowMs + ms);
  }

  /** Lets time pass until `done`. @returns how long it took @throws {Error} when that is too long */
  until(done: () => boolean, limitMs = 10_000): number {
    const startMs = this.world.nowMs;
    if (!this.world.runUntil(done, startMs + limitMs)) throw new Error(`not within ${limitMs} ms`);
    return this.world.nowMs - startMs;
  }

  /** All nodes are in one ring. */
  get whole(): boolean {
    return this.nodes.every(
      ({ ring: { state } }) => state.phase === 'operational' && state.memb.length === this.nodes.length,
    );
  }

  #node(nodeId: number, config: ConstructorParameters<typeof TotemRing>[1]): PlainNode {
    const process = new SimProcess(this.world, `n${nodeId}`);
    const deliveries: Delivery[] = [];
    const changes: ConfigurationChange[] = [];
    const receive = (packet: Buffer, from: number): void => process.input(() => ring.receive(packet, `10.0.0.${from}`));
    this.network.attach(nodeId, (from, packet) => receive(packet, from));
    const send = (to: number, packet: Buffer): void => {
      if (to === nodeId) {
        const copy = Buffer.from(packet);
        this.world.after(0.05, () => receive(copy, nodeId));
        return;
      }
      const rewritten = this.rewrite(nodeId, to, packet);
      if (rewritten !== undefined) this.network.send(nodeId, to, rewritten);
    };
    const ring = new TotemRing(
      {
        ...process.coreHost(),
        sendToken: (packet, to) => send(to, packet),
        multicast: (packet) => {
          for (const member of config.members) send(member.nodeId, packet);
        },
        persistRingSequence: (_seq, done) => void this.world.after(0.5, () => process.input(done)),
        afterWaitingDatagrams: (done) => process.afterWaitingInput(done),
        checkInterface() {},
        memberCountChanged() {},
        tokenAccepted() {},
        deliverPacket: (from, payload, foreign) => deliveries.push({ from, text: payload.toString(), foreign }),
        assembleTransitionally() {},
        configurationChanged: (change) => {
          changes.push(change);
          if (change.type === 'regular') this.world.after(0, () => Object.assign(ring.state, synced));
        },
        tokenSent() {},
      },
      config,
    );
    return { ring, deliveries, changes };
  }
}
