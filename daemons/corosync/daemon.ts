import {
  type ClusterConfig,
  ClusterConfigError,
  ClusterCore,
  type ClusterServer,
  Icmap,
  readTimings,
  reloadKeys,
  runtimeKeys,
  type ServerDaemon,
  serveCluster,
  storeKeys,
} from '@sanode/cluster';
import type { ConfKeys, ConfValue } from '@sanode/conf';
import { clusterGroup, NodeHost, notifyReady, paths, Reactor, usableGroupId } from '@sanode/runtime';
import { type NodeTotem, openUdpuTotem } from '@sanode/totem';
import { EvTrackingFile } from './ev-tracking-file.ts';
import type { CorosyncLog } from './log.ts';
import { Reloader } from './reload.ts';
import { SchedulingWatch } from './scheduling.ts';
import { daemonStatistics } from './statistics.ts';

/** Everything that runs: the ring, the services on it and the local socket. */
export class CorosyncDaemon {
  readonly #log: CorosyncLog;
  readonly #exit: (status: number) => void;
  readonly #reactor: Reactor;
  readonly #icmap = new Icmap();
  readonly #reloader: Reloader;
  readonly #scheduling: SchedulingWatch;
  #stateDirectory = '';
  #config: ClusterConfig;
  #totem: NodeTotem | undefined;
  #core: ClusterCore | undefined;
  #server: ClusterServer | undefined;
  #ready = false;
  #ending = false;

  constructor(deps: { log: CorosyncLog; exit: (status: number) => void }, confFile: string, config: ClusterConfig) {
    this.#log = deps.log;
    this.#exit = deps.exit;
    this.#config = config;
    this.#reactor = new Reactor(`${config.nodeId}/corosync`);
    this.#scheduling = new SchedulingWatch(deps.log, () => this.#config.timings.tokenMs);
    this.#reloader = new Reloader({
      log: deps.log,
      icmap: this.#icmap,
      reactor: this.#reactor,
      confFile,
      started: config.keys,
      running: () => this.#config,
      apply: (read) => this.#apply(read),
    });
  }

  /** Loads the services and joins the ring. @throws {VotequorumConfigError} */
  async start(stateDirectory: string): Promise<void> {
    const config = this.#config;
    this.#stateDirectory = stateDirectory;
    storeKeys(this.#icmap, config.keys);
    this.#storeTimings(config);
    this.#icmap.set('runtime.force_gather', { type: 'str', value: 'no' });
    this.#icmap.track('runtime.force_gather', false, 7, () => this.#forceGather());
    for (const name of ['dump_flight_data', 'dump_state']) {
      this.#icmap.set(`runtime.blackbox.${name}`, { type: 'str', value: 'no' });
    }
    this.#icmap.track('runtime.blackbox.dump_flight_data', false, 7, () => this.#dumpFlightData());
    this.#icmap.track('runtime.blackbox.dump_state', false, 7, () => this.#recordState());
    this.#icmap.track('totem.', true, 7, () => this.#totemKeysChanged());
    const host = new NodeHost({ reactor: this.#reactor, log: this.#log });
    const core = new ClusterCore(
      {
        host,
        icmap: this.#icmap,
        ring: {
          mcast: (group, payload) => this.#totem?.group.mcast(group, payload) ?? 'full',
          syncCompleted: () => this.#totem?.group.syncCompleted(),
          cancelTokenHold: () => this.#totem?.group.cancelTokenHold(),
        },
        cfg: {
          killed: (reason) => {
            this.#log.info({ subsystem: 'CFG' }, reason);
            this.#exit(255);
          },
          shutDown: () => this.#endLater(),
          reload: (answer) => this.#reloader.reload(answer),
        },
        evTracking: new EvTrackingFile(stateDirectory, this.#log),
      },
      {
        nodeId: config.nodeId,
        votequorum: config.votequorum,
        memberIp: (id) =>
          this.#addresses(id)
            .map((address, link) => `r(${link}) ip(${address}) `)
            .join(''),
        synchronized: () => this.#synchronized(),
        mustLeave: () => this.#endLater(),
      },
    );
    this.#core = core;
    const gid = usableGroupId(clusterGroup);
    this.#server = await serveCluster(
      { core, daemon: this.#serverDaemon(), reactor: this.#reactor },
      { path: paths.socket('corosync'), ...(gid === undefined || process.geteuid?.() !== 0 ? {} : { gid }) },
    );
    this.#scheduling.start();
    this.#log.info({}, `Initializing transport (UDP/IP ${config.multicast === undefined ? 'Unicast' : 'Multicast'}).`);
    this.#logMembers([], config.members);
    this.#totem = openUdpuTotem(
      { reactor: this.#reactor, log: this.#log },
      { ...config, stateDirectory },
      {
        deliver: (message) => core.deliver(message),
        configurationChanged: (change) => core.configurationChanged(change),
        tokenSent: () => core.tokenSent(),
        queueLevelChanged: () => {},
        starting: () => core.start(),
        fatal: (reason) => {
          this.#log.fatal({ subsystem: 'MAIN' }, reason);
          this.#exit(15);
        },
      },
    );
  }

  /** What SIGUSR2 asks for: the state goes to the flight recorder, and that to a file. */
  dump(): void {
    this.#reactor.enter(() => {
      this.#recordState();
      this.#dumpFlightData();
    });
  }

  /** Leaves the ring in order and ends with status 0. */
  async end(): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    this.#log.info({ subsystem: 'SERV' }, 'Unloading all Corosync service engines.');
    this.#reactor.enter(() => this.#core?.leaving());
    this.#scheduling.stop();
    this.#totem?.close();
    await this.#server?.close();
    this.#log.info({ subsystem: 'MAIN' }, 'Corosync Cluster Engine exiting normally');
    this.#exit(0);
  }

  #endLater(): void {
    // Outside of the ring's handler, and after the answer to who asked.
    setImmediate(() => void this.end());
  }

  #synchronized(): void {
    if (this.#ready) return;
    this.#ready = true;
    this.#server?.open();
    notifyReady();
  }

  #forceGather(): void {
    if (this.#icmap.text('runtime.force_gather') === 'no') return;
    this.#icmap.set('runtime.force_gather', { type: 'str', value: 'no' });
    this.#log.error({ subsystem: 'MAIN' }, 'Forcing into GATHER state');
    this.#reactor.effect(() => this.#reactor.enter(() => this.#totem?.group.forceGather()));
  }

  /** A client changed a key below `totem.`: the ring takes its new timings at once (totem.md 5). */
  #totemKeysChanged(): void {
    if (this.#icmap.number('config.totemconfig_reload_in_progress') === 1) return;
    const keys: ConfKeys = new Map(
      this.#icmap.list('totem.').filter((entry): entry is [string, ConfValue] => {
        return ['u8', 'u16', 'u32', 'i32', 'u64', 'str'].includes(entry[1].type);
      }),
    );
    try {
      this.#config = { ...this.#config, timings: readTimings(keys, this.#config.nodes.length) };
    } catch (error) {
      if (!(error instanceof ClusterConfigError)) throw error;
      this.#log.error({ subsystem: 'TOTEM' }, `Configuration is not valid: ${error.message}`);
      return;
    }
    this.#storeTimings(this.#config);
    this.#totem?.setTimings(this.#config.timings);
  }

  #storeTimings(config: ClusterConfig): void {
    for (const [key, value] of runtimeKeys(config.timings)) this.#icmap.set(key, { type: 'u32', value });
  }

  #apply(config: ClusterConfig): void {
    reloadKeys(this.#icmap, config.keys);
    this.#logMembers(this.#config.members, config.members);
    this.#config = config;
    this.#storeTimings(config);
    this.#totem?.setMembers(config.members);
    this.#totem?.setTimings(config.timings);
  }

  #logMembers(before: ClusterConfig['members'], now: ClusterConfig['members']): void {
    if (this.#config.multicast !== undefined) return;
    const isIn = (list: ClusterConfig['members'], address: string): boolean =>
      list.some((member) => member.address === address);
    for (const { address } of before) {
      if (!isIn(now, address)) this.#log.info({}, `removing UDPU member {${address}}`);
    }
    for (const { address } of now)
      if (!isIn(before, address)) this.#log.info({}, `adding new UDPU member {${address}}`);
  }

  #dumpFlightData(): void {
    try {
      const file = this.#log.recorder.dump(this.#stateDirectory);
      this.#log.info({ subsystem: 'MAIN' }, `Flight data written to ${file}`);
    } catch (error) {
      this.#log.error({ subsystem: 'MAIN' }, `Flight data could not be written: ${(error as Error).message}`);
    }
  }

  /** Writes what this daemon knows as debug lines, which the flight recorder keeps. */
  #recordState(): void {
    const core = this.#core;
    const line = (text: string): void => this.#log.debug({ subsystem: 'MAIN' }, `state: ${text}`);
    line(`members ${core?.members.join(' ')}, quorum ${core?.quorum.quorate}, synchronizing ${core?.syncInProgress}`);
    for (const { group, nodeId, pid } of core?.cpg.iterate(false) ?? []) {
      line(`cpg group ${JSON.stringify(group)}: node ${nodeId} process ${pid}`);
    }
    for (const [key, value] of this.#statistics()) line(`${key} ${value.value}`);
  }

  #addresses(nodeId: number): readonly string[] {
    return this.#config.nodes.find((node) => node.nodeId === nodeId)?.addresses ?? [];
  }

  #serverDaemon(): ServerDaemon {
    const isMember = (id: number): boolean => this.#core?.members.includes(id) === true;
    return {
      nodeId: this.#config.nodeId,
      ringStatus: () => [{ name: `0 ${this.#addresses(this.#config.nodeId)[0]}`, status: 'OK' }],
      nodeAddresses: (id) => this.#addresses(id),
      reopenLogs: () => this.#log.reopen(),
      statistics: () => this.#statistics(),
      clearStatistics: (what) => this.#clearStatistics(what),
      nodeStatus: (asked) => {
        const id = asked === 0 ? this.#config.nodeId : asked;
        const address = this.#addresses(id)[0];
        if (address === undefined) return undefined;
        const mtu = this.#config.netMtuBytes - 90;
        const link = { link: 0, enabled: true, connected: isMember(id), dynamicallyConnected: false, mtu };
        const links = [{ ...link, source: address, destination: '' }];
        return { nodeId: id, reachable: isMember(id), remote: false, external: false, links };
      },
    };
  }

  #statistics() {
    return daemonStatistics(this.#totem?.group.stats(), this.#scheduling.misses);
  }

  #clearStatistics(what: string): void {
    if (what === 'totem' || what === 'all') this.#totem?.group.clearStats();
    if (what === 'schedmiss' || what === 'all') this.#scheduling.clear();
  }
}
