import { SimDisk, SimNetwork, SimWorld } from '@sanode/sim';
import { deriveTotemTimings, formatRingId, type TotemOptions } from '@sanode/totem';
import { PACKET_JOIN } from '@sanode/totem/codec/header';
import { decodeJoin } from '@sanode/totem/codec/membership';
import { Audit } from './audit/index.ts';
import { RingNode } from './ring-node.ts';

export const TOKEN_MS = 1000;
export const CONSENSUS_MS = 1200;

/** A ring of `count` nodes with token 1000, and what goes over its wire. */
export class Scene {
  /** What the nodes log, with the time before it. */
  readonly lines: string[] = [];
  readonly world = new SimWorld(7, (line) => this.lines.push(line));
  readonly network = new SimNetwork(this.world);
  readonly audit = new Audit();
  readonly nodes: RingNode[];
  readonly wire: { readonly atMs: number; readonly from: number; readonly to: number; readonly type: number }[] = [];
  /** Whom each node has called failed in its joins, good-byes aside. */
  readonly accusations: { readonly from: number; readonly failed: number }[] = [];
  /** What does not get through. */
  blocked: (from: number, to: number, type: number) => boolean = () => false;

  constructor(count: number, options: TotemOptions = {}, netMtuBytes = 1500) {
    const members = Array.from({ length: count }, (_, index) => ({
      nodeId: index + 1,
      address: `10.0.0.${index + 1}`,
    }));
    const timings = deriveTotemTimings({ token: TOKEN_MS, tokenCoefficient: 0, ...options }, count);
    this.network.passes = (from, to, packet) => {
      const type = packet[3] as number;
      this.wire.push({ atMs: this.world.nowMs, from, to, type });
      if (type === PACKET_JOIN) this.#readJoin(from, packet);
      return !this.blocked(from, to, type);
    };
    this.nodes = members.map(
      ({ nodeId }) =>
        new RingNode(
          { world: this.world, network: this.network, disk: new SimDisk(this.world), audit: this.audit },
          { config: { nodeId, members, timings, netMtuBytes }, quorum: {}, writeBehind: false },
        ),
    );
  }

  #readJoin(from: number, packet: Buffer): void {
    const join = decodeJoin(packet);
    if (typeof join === 'string' || join.leave) return;
    for (const failed of join.failedList) this.accusations.push({ from, failed });
  }

  /** Whom a node has called failed so far, without repetitions. */
  accusedBy(id: number): number[] {
    return [...new Set(this.accusations.filter(({ from }) => from === id).map(({ failed }) => failed))];
  }

  node(id: number): RingNode {
    return this.nodes[id - 1] as RingNode;
  }

  startAll(): void {
    for (const node of this.nodes) node.start();
    this.pass(1000);
  }

  pass(ms: number): void {
    this.world.run(this.world.nowMs + ms);
  }

  /** Lets time pass until `done`. @returns how long it took */
  until(done: () => boolean, limitMs = 10_000): number {
    const startMs = this.world.nowMs;
    if (!this.world.runUntil(done, startMs + limitMs)) throw new Error(`not within ${limitMs} ms`);
    return this.world.nowMs - startMs;
  }

  /** Log lines of a node in which `words` are. */
  logged(id: number, words: string): string[] {
    return this.lines.filter((line) => line.includes(` n${id}.`) && line.includes(words));
  }

  ring(id: number): string {
    const { group } = this.node(id);
    return group === undefined ? 'down' : `${formatRingId(group.ringId)} ${group.state} [${group.members}]`;
  }
}
