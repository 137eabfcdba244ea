import { type Cause, type Logger, type Reactor, silentLogger } from '@sanode/runtime';
import { type Element, withAttributes } from '@sanode/xml';
import type { ClusterConnection, ClusterHandlers, ConfiguredNode, Peer } from './connection-types.ts';
import { PeerCache } from './peer-cache.ts';
import type { SimulatedTime } from './simulated-time.ts';

export interface SimulatedClusterOptions {
  readonly nodes: readonly ConfiguredNode[];
  /** Time from a send to its deliveries, ms. Default 1. */
  readonly latencyMs?: number;
  /** Whether a partition of these nodes has quorum. Default: more than half of all. */
  readonly quorate?: (members: readonly number[]) => boolean;
}

export interface SimulatedConnectOptions {
  readonly node: string;
  readonly group: string;
  readonly trackQuorum: boolean;
  readonly autoReap: boolean;
  readonly reactor?: Reactor;
  readonly log?: Logger;
}

interface Place {
  readonly node: ConfiguredNode;
  readonly pid: number;
  readonly options: SimulatedConnectOptions;
  readonly handlers: ClusterHandlers;
  readonly cache: PeerCache;
}

/**
 * A whole cluster's CPG and quorum in one process, on a simulated clock: total order, self-delivery, and the same
 * messages before the same membership change for all who stay together. For tests of daemons' cores.
 */
export class SimulatedCluster {
  readonly time: SimulatedTime;
  readonly #options: SimulatedClusterOptions;
  /** Ring that each node is in; nodes that are down have none. */
  #ringOf = new Map<number, number>();
  #ringSequence = 0n;
  #nextRing = 1;
  #nextPid = 1000;
  readonly #places: Place[] = [];

  constructor(time: SimulatedTime, options: SimulatedClusterOptions) {
    this.time = time;
    this.#options = options;
  }

  /** Sets which nodes form rings together; nodes in none are down. Their processes there are gone. */
  setRings(...rings: readonly (readonly string[])[]): void {
    const before = this.#ringOf;
    const placesBefore = [...this.#places];
    this.#ringOf = new Map();
    for (const ring of rings) {
      for (const name of ring) this.#ringOf.set(this.#node(name).id, this.#nextRing);
      this.#nextRing += 1;
    }
    this.#ringSequence += 4n;
    for (const id of before.keys()) if (!this.#ringOf.has(id)) this.#removeProcesses(id);
    for (const place of [...this.#places]) {
      const left = this.#mates(place, before, placesBefore).filter((other) => !this.#together(place, other));
      const joined = this.#mates(place, this.#ringOf).filter(
        (other) => before.get(other.node.id) !== before.get(place.node.id),
      );
      this.#later(place, () => {
        this.#quorum(place);
        if (left.length + joined.length > 0) this.#groupChange(place, left, joined);
      });
    }
  }

  /** Power cut: the node and its processes are gone, the others see it. */
  crash(name: string): void {
    this.#splitOff([name]);
  }

  /** Kills a node's process in one group; the node stays. */
  kill(name: string, group: string): void {
    for (const place of [...this.#places]) {
      if (place.node.name === name && place.options.group === group) this.#leave(place);
    }
  }

  /** Joins a group, as connectCluster does. Handlers run from the clock's next event on. */
  connect(options: SimulatedConnectOptions, handlers: ClusterHandlers): ClusterConnection {
    const node = this.#node(options.node);
    const cache = new PeerCache(
      {
        log: options.log ?? silentLogger,
        monotonicMs: () => this.time.nowMs,
        configuredName: (id) => this.#options.nodes.find((each) => each.id === id)?.name,
        changed: (peer, change, before) => handlers.peerChanged(peer, change, before),
      },
      { localId: node.id, localPid: this.#nextPid, autoReap: options.autoReap },
    );
    cache.addLocal(node.name);
    const place: Place = { node, pid: this.#nextPid, options, handlers, cache };
    this.#nextPid += 1;
    this.#places.push(place);
    this.#later(place, () => this.#quorum(place));
    for (const mate of this.#mates(place, this.#ringOf)) {
      this.#later(mate, () => this.#groupChange(mate, [], [place]));
    }
    return this.#connection(place);
  }

  #connection(place: Place): ClusterConnection {
    const { node, cache } = place;
    return {
      localId: node.id,
      localName: node.name,
      localUuid: String(node.id),
      peers: () => cache.all(),
      peerByName: (name) => cache.byName(name),
      peerById: (id): Peer | undefined => cache.byId(id),
      configuredNodes: () => this.#options.nodes,
      forget: (which) => cache.forget(which),
      send: (to, message, cause) => this.#send(place, to, message, cause),
      leave: async () => this.#leave(place),
    };
  }

  #send(from: Place, to: string | undefined, message: Element, cause: Cause): void {
    if (!this.#places.includes(from)) return;
    for (const place of this.#mates(from, this.#ringOf)) {
      if (to !== undefined && place.node.name.toLowerCase() !== to.toLowerCase()) continue;
      this.#later(
        place,
        () => {
          place.cache.learnName(from.node.id, from.node.name);
          const element = withAttributes(message, { src: from.node.name });
          place.handlers.message({ element, fromId: from.node.id, fromName: from.node.name, cause });
        },
        cause,
      );
    }
  }

  #leave(place: Place): void {
    const mates = this.#mates(place, this.#ringOf);
    this.#places.splice(this.#places.indexOf(place), 1);
    for (const mate of mates) if (mate !== place) this.#later(mate, () => this.#groupChange(mate, [place], []));
  }

  #splitOff(names: readonly string[]): void {
    const gone = new Set(names.map((name) => this.#node(name).id));
    const rings = new Map<number, string[]>();
    for (const [id, ring] of this.#ringOf) {
      if (gone.has(id)) continue;
      const name = this.#options.nodes.find((node) => node.id === id)?.name as string;
      rings.set(ring, [...(rings.get(ring) ?? []), name]);
    }
    this.setRings(...rings.values());
  }

  #removeProcesses(id: number): void {
    for (const place of [...this.#places])
      if (place.node.id === id) this.#places.splice(this.#places.indexOf(place), 1);
  }

  #groupChange(place: Place, left: readonly Place[], joined: readonly Place[]): void {
    const member = (each: Place, reason: number) => ({ nodeId: each.node.id, pid: each.pid, reason });
    const members = this.#mates(place, this.#ringOf);
    place.cache.groupChanged({
      members: members.map((each) => member(each, 0)),
      left: left.map((each) => member(each, 3)),
      joined: joined.map((each) => member(each, 1)),
    });
    place.handlers.groupChanged?.(members.map((each) => each.node.id));
  }

  #quorum(place: Place): void {
    if (!place.options.trackQuorum) return;
    const ring = this.#ringOf.get(place.node.id);
    const members = this.#options.nodes.map((node) => node.id).filter((id) => this.#ringOf.get(id) === ring);
    const quorate = this.#options.quorate?.(members) ?? members.length * 2 > this.#options.nodes.length;
    const view = { quorate, ringNodeId: members[0] ?? 0, ringSequence: this.#ringSequence, members };
    if (place.cache.ringChanged(view)) place.handlers.quorumChanged?.(quorate, this.#ringSequence);
  }

  /** Those of the same group in the same ring, itself included. A process dead by the time is not asked. */
  #mates(place: Place, ringOf: ReadonlyMap<number, number>, places: readonly Place[] = this.#places): Place[] {
    const ring = ringOf.get(place.node.id);
    if (ring === undefined) return [];
    return places.filter((each) => each.options.group === place.options.group && ringOf.get(each.node.id) === ring);
  }

  #together(a: Place, b: Place): boolean {
    return this.#places.includes(b) && this.#ringOf.get(a.node.id) === this.#ringOf.get(b.node.id);
  }

  #later(place: Place, run: () => void, cause?: Cause): void {
    this.time.after(this.#options.latencyMs ?? 1, () => {
      if (!this.#places.includes(place)) return;
      if (place.options.reactor === undefined) run();
      else place.options.reactor.enter(run, cause);
    });
  }

  #node(name: string): ConfiguredNode {
    const node = this.#options.nodes.find((each) => each.name === name);
    if (node === undefined) throw new Error(`no node ${name} in the simulated cluster`);
    return node;
  }
}
