import type { IpcServerClient } from '@sanode/ipc';
import type { RingId } from '@sanode/totem';
import type { ShutdownTracker } from '../cfg/cfg-service.ts';
import type { NodeStatus, RingStatus } from '../client/cfg.ts';
import type { CmapValue, CpgMember } from '../client/types.ts';
import type { CpgClient, CpgListener } from '../cpg/cpg-service.ts';
import type { ClusterCore } from '../engine/cluster-core.ts';
import type { QuorumListener } from '../quorum/quorum-service.ts';
import type { VotequorumListener } from '../votequorum/votequorum-service.ts';
import { ByteWriter } from '../wire/bytes.ts';
import { writeMembers, writeNodeIds, writeRingView } from '../wire/cpg.ts';
import { event } from '../wire/protocol.ts';
import { EventWriter } from './event-writer.ts';
import { newCounters, type StatisticsMap } from './statistics-map.ts';

/** What the server asks of the daemon around the core. */
export interface ServerDaemon {
  readonly nodeId: number;
  ringStatus(): readonly RingStatus[];
  /** undefined: unknown node */
  nodeStatus(nodeId: number): NodeStatus | undefined;
  nodeAddresses(nodeId: number): readonly string[];
  reopenLogs(): void;
  /** The statistics map (corosync-services.md 7.5). */
  statistics(): ReadonlyMap<string, CmapValue>;
  /** Sets some of them to 0. @param what totem, schedmiss, knet or all */
  clearStatistics(what: string): void;
}

/** One client's state: what it joined and tracks. */
export class Session implements CpgListener, ShutdownTracker {
  readonly client: IpcServerClient;
  readonly core: ClusterCore;
  readonly daemon: ServerDaemon;
  /** Process id that the client has in its own eyes. */
  pid = 0;
  greeted = false;
  cpg: CpgClient | undefined;
  votequorumContext = 0n;
  readonly counters = newCounters();
  readonly statistics: StatisticsMap;
  readonly cmapTrackers = new Map<number, () => void>();
  readonly #events: EventWriter;

  constructor(client: IpcServerClient, core: ClusterCore, daemon: ServerDaemon, statistics: StatisticsMap) {
    this.client = client;
    this.core = core;
    this.daemon = daemon;
    this.statistics = statistics;
    this.#events = new EventWriter((body) => {
      this.counters.dispatched += 1;
      client.sendEvent(body);
    });
  }

  /** Sends what was collected, so that a response does not overtake the events before it. */
  flush(): void {
    this.#events.flush();
  }

  sendEvent(fields: ByteWriter): void {
    this.#events.add(fields);
  }

  deliver(nodeId: number, pid: number, data: Buffer): void {
    this.#events.addDelivery(event.cpgDeliver, nodeId, pid, data);
  }

  fragment(nodeId: number, pid: number, type: number, totalBytes: number, data: Buffer): void {
    const writer = new ByteWriter(32 + data.length).u8(event.cpgDeliverPartial).u32(nodeId).u32(pid);
    this.#events.add(writer.u8(type).u32(totalBytes).bytes(data));
  }

  configurationChange(
    members: readonly CpgMember[],
    left: readonly CpgMember[],
    joined: readonly CpgMember[],
    ownLeave: boolean,
  ): void {
    const writer = new ByteWriter().u8(event.cpgConfigurationChange).u8(ownLeave ? 1 : 0);
    writeMembers(writer, members);
    writeMembers(writer, left);
    writeMembers(writer, joined);
    this.#events.add(writer);
  }

  totemConfiguration(ringId: RingId, members: readonly number[]): void {
    const writer = new ByteWriter().u8(event.cpgTotemConfiguration);
    writeRingView(writer, view(ringId, members));
    this.#events.add(writer);
  }

  readonly quorumTracker: QuorumListener = {
    quorum: (quorate, ringId, members) => {
      const writer = new ByteWriter().u8(event.quorum).u8(quorate ? 1 : 0);
      writeRingView(writer, view(ringId, members));
      this.#events.add(writer);
    },
    nodeList: (ringId, members, joined, left) => {
      const writer = new ByteWriter().u8(event.quorumNodeList);
      writeRingView(writer, view(ringId, members));
      writeNodeIds(writer, joined);
      writeNodeIds(writer, left);
      this.#events.add(writer);
    },
  };

  readonly votequorumTracker: VotequorumListener = {
    quorum: (quorate, nodes) => {
      const writer = new ByteWriter().u8(event.votequorumQuorum).u64(this.votequorumContext);
      writer.u8(quorate ? 1 : 0).u32(nodes.length);
      for (const node of nodes) writer.u32(node.nodeId).u32(node.state);
      this.#events.add(writer);
    },
    nodeList: (ringId, members) => {
      const writer = new ByteWriter().u8(event.votequorumNodeList).u64(this.votequorumContext);
      writeRingView(writer, view(ringId, members));
      this.#events.add(writer);
    },
    expectedVotes: (expected) => {
      this.#events.add(new ByteWriter().u8(event.votequorumExpected).u64(this.votequorumContext).u32(expected));
    },
  };

  testShutdown(flags: number, result: number): void {
    this.#events.add(new ByteWriter().u8(event.cfgTestShutdown).u8(flags).u8(result));
  }

  /** The client is gone. */
  end(): void {
    if (this.cpg !== undefined) this.core.cpg.disconnect(this.cpg);
    this.core.quorum.untrack(this.quorumTracker);
    this.core.votequorum?.untrack(this.votequorumTracker);
    this.core.cfg.callerGone(this);
    this.core.cfg.untrack(this);
    for (const stop of this.cmapTrackers.values()) stop();
    this.cmapTrackers.clear();
  }
}

function view(ringId: RingId, members: readonly number[]) {
  return { ringNodeId: ringId.rep, ringSequence: BigInt(ringId.seq), members };
}
