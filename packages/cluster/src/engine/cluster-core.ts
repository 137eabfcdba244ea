import type { CoreHost } from '@sanode/runtime';
import type { ConfigurationChange, McastResult, Totem, TotemMessage } from '@sanode/totem';
import { type CfgHost, CfgService } from '../cfg/cfg-service.ts';
import { CmapService } from '../cmap/cmap-service.ts';
import type { Icmap } from '../cmap/icmap.ts';
import { CpgService } from '../cpg/cpg-service.ts';
import { QuorumService } from '../quorum/quorum-service.ts';
import type { ExpectedVotesStore } from '../votequorum/config.ts';
import { VotequorumService } from '../votequorum/votequorum-service.ts';
import { headerBytes, headerOffsets, serviceId, swapFields } from './message.ts';
import type { Service, ServiceRing } from './service.ts';
import { SyncEngine } from './sync.ts';
import { swapSyncMessage } from './sync-messages.ts';

/** Messages of services that wait for room in the ring; more means the ring has stood still and something is wrong. */
const maxKept = 100_000;

/** What the services need of the process and the ring beneath them. */
export interface ClusterDeps {
  readonly host: CoreHost;
  /** The ring; it may be given before it runs. */
  readonly ring: Pick<Totem, 'mcast' | 'syncCompleted' | 'cancelTokenHold'>;
  readonly icmap: Icmap;
  readonly cfg: CfgHost;
  /** For quorum.expected_votes_tracking. */
  readonly evTracking: ExpectedVotesStore;
}

export interface ClusterSettings {
  readonly nodeId: number;
  /** quorum.provider is corosync_votequorum. */
  readonly votequorum: boolean;
  /** Value of `runtime.members.ID.ip` for a node: `r(0) ip(10.0.0.1) `. */
  memberIp(nodeId: number): string;
  /** The first synchronization, and each later one, is complete. */
  synchronized(): void;
  /** This node must leave the ring in order: another has a newer configuration (7.6). */
  mustLeave(): void;
}

/** All services of the corosync daemon on one ring (corosync-services.md 1 and 2). */
export class ClusterCore {
  readonly icmap: Icmap;
  readonly cpg: CpgService;
  readonly quorum: QuorumService;
  readonly votequorum: VotequorumService | undefined;
  readonly cfg: CfgService;
  readonly #deps: ClusterDeps;
  readonly #settings: ClusterSettings;
  readonly #services = new Map<number, Service>();
  readonly #engineNames = new Map<number, string>();
  readonly #received = new Map<number, number[]>();
  readonly #sent = new Map<number, number[]>();
  readonly #sync: SyncEngine;
  #kept: Uint8Array[][] = [];
  #syncInProgress = true;
  #members: readonly number[] = [];

  /** @throws {VotequorumConfigError} */
  constructor(deps: ClusterDeps, settings: ClusterSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.icmap = deps.icmap;
    const { host, icmap } = deps;
    const ring = this.#serviceRing();
    const cmap = new CmapService({ host, ring, icmap }, () => settings.mustLeave());
    this.cfg = new CfgService({ host, ring, icmap }, deps.cfg);
    this.cpg = new CpgService(host, ring);
    this.quorum = new QuorumService(host, settings.votequorum);
    const quorum = this.quorum;
    this.votequorum = settings.votequorum
      ? new VotequorumService({ host, ring, icmap, quorum, evTracking: deps.evTracking })
      : undefined;
    this.#register(cmap, 'corosync_cmap', 'corosync configuration map access');
    this.#register(this.cfg, 'corosync_cfg', 'corosync configuration service');
    this.#register(this.cpg, 'corosync_cpg', 'corosync cluster closed process group service v1.01');
    if (this.votequorum !== undefined) {
      this.#register(this.votequorum, 'corosync_votequorum', 'corosync vote quorum service v1.0');
    }
    this.#register(this.quorum, 'corosync_quorum', 'corosync cluster quorum service v0.1');
    this.#sync = new SyncEngine(
      {
        host,
        send: (message) => deps.ring.mcast('sync', message) === 'accepted',
        wake: () => deps.ring.cancelTokenHold(),
        completed: () => this.#completed(),
      },
      [...this.#services.values()],
    );
  }

  /** Whether requests that may multicast have to wait (1.5). */
  get syncInProgress(): boolean {
    return this.#syncInProgress;
  }

  /** Members of the ring, ascending. */
  get members(): readonly number[] {
    return this.#members;
  }

  /** The ring takes messages now, and gathers afterwards. */
  start(): void {
    this.votequorum?.start();
  }

  /** Ends the services, which say good-bye, before the ring is left in order: votequorum first, then by their ids (1.1). */
  leaving(): void {
    this.votequorum?.leaving();
    const last = [...this.#engineNames].sort(([a], [b]) => unloadRank(a) - unloadRank(b));
    for (const [, name] of last) this.#deps.host.log.info({ subsystem: 'SERV' }, `Service engine unloaded: ${name}`);
  }

  deliver(message: TotemMessage): void {
    const { nodeId, foreignByteOrder } = message;
    const payload = foreignByteOrder ? Buffer.from(message.payload) : message.payload;
    if (message.group === 'sync') {
      if (foreignByteOrder) swapSyncMessage(payload);
      this.#sync.receive(nodeId, payload);
    } else this.#dispatch(nodeId, payload, foreignByteOrder);
  }

  configurationChanged(change: ConfigurationChange): void {
    const wasSyncing = this.#syncInProgress;
    this.#syncInProgress = true;
    for (const id of change.left) this.#memberStatus(id, 'left');
    for (const id of change.joined) this.#memberJoined(id);
    if (wasSyncing) this.#sync.abort();
    if (change.type === 'transitional') {
      this.#sync.rememberTransitional(change.members);
      return;
    }
    this.#members = [...change.members].sort((a, b) => a - b);
    this.#sync.start(change.members, change.ringId);
  }

  /** A token was sent on: there may be room again. */
  tokenSent(): void {
    this.#flushKept();
    this.#sync.tokenSent();
    this.cpg.pump();
  }

  #dispatch(senderId: number, payload: Buffer, foreignByteOrder: boolean): void {
    if (payload.length < headerBytes) return;
    if (foreignByteOrder) swapFields(payload, 4, headerOffsets);
    const id = payload.readUInt32LE(0);
    const service = this.#services.get(id >>> 16);
    const fn = id & 0xffff;
    if (service === undefined) return;
    if (payload.readUInt32LE(8) > payload.length) {
      this.#deps.host.log.warn({ nodeId: senderId }, `message ${fn} for service ${service.id} was cut short: dropped`);
      return;
    }
    if (fn >= service.functionCount) {
      this.#deps.host.log.warn(
        { nodeId: senderId },
        `discarded unknown message ${fn} for service ${service.id} (max id ${service.functionCount})`,
      );
      return;
    }
    const counts = this.#received.get(service.id) as number[];
    counts[fn] = (counts[fn] as number) + 1;
    if (foreignByteOrder) service.swapByteOrder(fn, payload);
    service.receive(fn, senderId, payload);
  }

  #completed(): void {
    this.#syncInProgress = false;
    this.#deps.ring.syncCompleted();
    this.#deps.host.log.info({ subsystem: 'MAIN' }, 'Completed service synchronization, ready to provide service.');
    this.#settings.synchronized();
    this.#flushKept();
    this.cpg.pump();
  }

  #serviceRing(): ServiceRing {
    const core = this;
    return {
      nodeId: this.#settings.nodeId,
      get syncInProgress() {
        return core.#syncInProgress;
      },
      send: (...segments) => {
        if (core.#kept.length > 0 || !core.#multicast(segments)) core.#keep(segments);
      },
      trySend: (...segments) => core.#kept.length === 0 && core.#multicast(segments),
    };
  }

  #multicast(segments: Uint8Array[]): boolean {
    const result: McastResult = this.#deps.ring.mcast('a', segments);
    if (result === 'full') return false;
    if (result === 'too-long') {
      this.#deps.host.log.error({}, 'a message that is too long for the ring was dropped');
      return true;
    }
    const id = (segments[0] as Buffer).readUInt32LE(0);
    const counts = this.#sent.get(id >>> 16);
    const fn = id & 0xffff;
    if (counts !== undefined) counts[fn] = (counts[fn] ?? 0) + 1;
    return true;
  }

  #keep(segments: Uint8Array[]): void {
    if (this.#kept.length >= maxKept) throw new Error('the ring has not taken messages for too long');
    this.#kept.push(segments);
    this.#deps.ring.cancelTokenHold();
  }

  #flushKept(): void {
    let sent = 0;
    while (sent < this.#kept.length && this.#multicast(this.#kept[sent] as Uint8Array[])) sent += 1;
    if (sent > 0) this.#kept = this.#kept.slice(sent);
  }

  #register(service: Service, name: string, engineName: string): void {
    this.#services.set(service.id, service);
    this.#engineNames.set(service.id, engineName);
    const received = new Array<number>(service.functionCount).fill(0);
    const sent = new Array<number>(service.functionCount).fill(0);
    this.#received.set(service.id, received);
    this.#sent.set(service.id, sent);
    const { icmap } = this;
    icmap.set(`internal_configuration.service.${service.id}.name`, { type: 'str', value: name });
    icmap.set(`internal_configuration.service.${service.id}.ver`, { type: 'u32', value: 0 });
    icmap.set(`runtime.services.${service.shortName}.service_id`, { type: 'u16', value: service.id });
    for (let fn = 0; fn < service.functionCount; fn += 1) {
      const prefix = `runtime.services.${service.shortName}.${fn}`;
      icmap.setLive(`${prefix}.rx`, () => ({ type: 'u64', value: BigInt(received[fn] as number) }));
      icmap.setLive(`${prefix}.tx`, () => ({ type: 'u64', value: BigInt(sent[fn] as number) }));
    }
    this.#deps.host.log.info({ subsystem: 'SERV' }, `Service engine loaded: ${engineName} [${service.id}]`);
  }

  #memberStatus(id: number, status: string): void {
    this.icmap.set(`runtime.members.${id}.status`, { type: 'str', value: status });
  }

  #memberJoined(id: number): void {
    const prefix = `runtime.members.${id}`;
    if (this.icmap.get(`${prefix}.ip`) !== undefined) this.icmap.adjust(`${prefix}.join_count`, 1);
    else {
      this.icmap.set(`${prefix}.ip`, { type: 'str', value: this.#settings.memberIp(id) });
      this.icmap.set(`${prefix}.join_count`, { type: 'u32', value: 1 });
    }
    this.#memberStatus(id, 'joined');
  }
}

function unloadRank(id: number): number {
  return id === serviceId.votequorum ? -1 : id;
}
