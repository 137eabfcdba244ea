import { type CoreHost, silentLogger, type Timer } from '@sanode/runtime';
import type { ConfigurationChange, McastResult, RingId, TotemGroupName } from '@sanode/totem';
import type { CmapValue } from '../client/types.ts';
import { Icmap } from '../cmap/icmap.ts';
import { ClusterCore } from '../engine/cluster-core.ts';
import type { ServerDaemon } from '../server/session.ts';

interface Queued {
  readonly ring: RingId;
  readonly sender: FakeNode;
  readonly group: TotemGroupName;
  readonly payload: Buffer;
}

/** Node 1's daemon as the server of the local socket sees it: it has no links and no statistics. */
export const quietDaemon: ServerDaemon = {
  nodeId: 1,
  ringStatus: () => [],
  nodeAddresses: () => [],
  reopenLogs() {},
  clearStatistics() {},
  statistics: () => new Map(),
  nodeStatus: () => undefined,
};

/** Settings of {@link FakeCluster}. */
export interface FakeClusterOptions {
  readonly nodeIds: readonly number[];
  /** Keys of `quorum.` and others, the same on all nodes. */
  readonly keys?: Readonly<Record<string, CmapValue>>;
  readonly votequorum?: boolean;
  /** What each node has kept of earlier expected votes. Default 0. */
  readonly storedExpectedVotes?: number;
  /** Messages of one node that the ring takes between two tokens. */
  readonly roomPerToken?: number;
}

/** One node: a core and what it did to its process. */
export class FakeNode {
  readonly id: number;
  readonly icmap = new Icmap();
  readonly core: ClusterCore;
  readonly process: string[] = [];
  reloadResult = 1;
  storedExpectedVotes: number;
  synchronizations = 0;
  ring: RingId = { rep: 0, seq: 0 };
  members: readonly number[] = [];
  room: number;

  constructor(id: number, cluster: FakeCluster, options: FakeClusterOptions) {
    this.id = id;
    this.room = cluster.roomPerToken;
    this.storedExpectedVotes = options.storedExpectedVotes ?? 0;
    for (const [index, nodeId] of options.nodeIds.entries()) {
      this.icmap.set(`nodelist.node.${index}.nodeid`, { type: 'u32', value: nodeId });
    }
    this.icmap.set('nodelist.local_node_pos', { type: 'u32', value: options.nodeIds.indexOf(id) });
    for (const [key, value] of Object.entries(options.keys ?? {})) this.icmap.set(key, value);
    this.core = new ClusterCore(
      {
        host: cluster.host,
        icmap: this.icmap,
        ring: {
          mcast: (group, payload) => cluster.mcast(this, group, payload),
          syncCompleted() {},
          cancelTokenHold() {},
        },
        cfg: {
          killed: (reason) => this.process.push(reason),
          shutDown: () => this.process.push('shut down'),
          reload: (done) => done(this.reloadResult),
        },
        evTracking: {
          load: () => this.storedExpectedVotes,
          store: (votes) => {
            this.storedExpectedVotes = votes;
          },
        },
      },
      {
        nodeId: id,
        votequorum: options.votequorum ?? true,
        memberIp: (nodeId) => `r(0) ip(10.0.0.${nodeId}) `,
        synchronized: () => {
          this.synchronizations += 1;
        },
        mustLeave: () => this.process.push('must leave'),
      },
    );
  }
}

/** Cores on a ring in memory that keeps totem's promises: one order for all members, self-delivery, views. */
export class FakeCluster {
  readonly roomPerToken: number;
  readonly nodes: readonly FakeNode[];
  readonly host: CoreHost;
  /** What was multicast, in order: for tests that look at the wire. */
  readonly wire: { sender: number; group: TotemGroupName; payload: Buffer }[] = [];
  #nowMs = 0;
  #timers: { dueMs: number; handler: (lateMs: number) => void }[] = [];
  #queue: Queued[] = [];
  #sequence = 1;

  constructor(options: FakeClusterOptions) {
    this.roomPerToken = options.roomPerToken ?? 1000;
    this.host = {
      monotonicMs: () => this.#nowMs,
      wallMs: () => this.#nowMs,
      randomUint32: () => 0,
      setTimer: (delayMs, handler) => this.#setTimer(delayMs, handler),
      log: silentLogger,
    };
    this.nodes = options.nodeIds.map((id) => new FakeNode(id, this, options));
    for (const node of this.nodes) node.core.start();
  }

  node(id: number): FakeNode {
    const found = this.nodes.find((node) => node.id === id);
    if (found === undefined) throw new Error(`no node ${id}`);
    return found;
  }

  mcast(sender: FakeNode, group: TotemGroupName, payload: Uint8Array | readonly Uint8Array[]): McastResult {
    if (sender.room === 0) return 'full';
    sender.room -= 1;
    const bytes = payload instanceof Uint8Array ? Buffer.from(payload) : Buffer.concat(payload as Uint8Array[]);
    this.#queue.push({ ring: sender.ring, sender, group, payload: bytes });
    this.wire.push({ sender: sender.id, group, payload: bytes });
    return 'accepted';
  }

  /** Forms one ring of each set of nodes, all at the same time, and lets everything come to rest. */
  rings(...sets: readonly (readonly number[])[]): void {
    this.view(...sets);
    this.settle();
  }

  /** Delivers the configuration changes only. */
  view(...sets: readonly (readonly number[])[]): void {
    this.#sequence += 4;
    for (const ids of sets) {
      const members = [...ids].sort((a, b) => a - b);
      const ringId = { rep: members[0] as number, seq: this.#sequence };
      const before = new Map(members.map((id) => [id, this.node(id).ring]));
      for (const id of members) this.#install(this.node(id), members, ringId, before);
    }
  }

  /** Delivers and rotates tokens until nothing happens any more. */
  settle(): void {
    let idle = 0;
    while (idle < 3) {
      const moved = this.#queue.length > 0;
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#deliver(next);
      for (const node of this.nodes) {
        node.room = this.roomPerToken;
        if (node.members.length > 0) node.core.tokenSent();
      }
      idle = moved ? 0 : idle + 1;
    }
  }

  /** Lets time pass; timers that are due fire in order. */
  advance(ms: number): void {
    this.#nowMs += ms;
    const due = this.#timers.filter((timer) => timer.dueMs <= this.#nowMs).sort((a, b) => a.dueMs - b.dueMs);
    this.#timers = this.#timers.filter((timer) => timer.dueMs > this.#nowMs);
    for (const timer of due) timer.handler(this.#nowMs - timer.dueMs);
    this.settle();
  }

  #install(node: FakeNode, members: readonly number[], ringId: RingId, before: ReadonlyMap<number, RingId>): void {
    const fresh = node.members.length === 0;
    const together = members.filter((id) => {
      const ring = before.get(id);
      return id === node.id || (!fresh && ring?.rep === node.ring.rep && ring.seq === node.ring.seq);
    });
    const left = node.members.filter((id) => !together.includes(id));
    const joined = members.filter((id) => !together.includes(id) || fresh);
    const change = (type: ConfigurationChange['type']): ConfigurationChange =>
      type === 'transitional'
        ? { type, members: fresh ? [] : together, joined: [], left, ringId }
        : { type, members, joined, left: [], ringId };
    node.core.configurationChanged(change('transitional'));
    node.ring = ringId;
    node.members = members;
    node.core.configurationChanged(change('regular'));
  }

  #deliver({ ring, sender, group, payload }: Queued): void {
    for (const node of this.nodes) {
      const hears = ring.seq === 0 ? node === sender : node.ring.seq === ring.seq && node.ring.rep === ring.rep;
      if (!hears) continue;
      node.core.deliver({ group, nodeId: sender.id, payload, foreignByteOrder: false });
    }
  }

  #setTimer(delayMs: number, handler: (lateMs: number) => void): Timer {
    const timer = { dueMs: this.#nowMs + delayMs, handler };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }
}
