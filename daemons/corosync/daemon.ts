import {
  type ClusterConfig,
  ClusterConfigError,
  ClusterCore,
  type ClusterServer,
  changedAddress,
  Icmap,
  keepFixedKeys,
  type RunningKeys,
  readTimings,
  reloadKeys,
  runtimeKeys,
  type ServerDaemon,
  serveCluster,
  storeKeys,
} from '@sanode/cluster';
import type { CmapValue } from '@sanode/cluster/client';
import type { ConfKeys, ConfValue } from '@sanode/conf';
import { clusterGroup, NodeHost, notifyReady, paths, Reactor, usableGroupId } from '@sanode/runtime';
import { type NodeTotem, openUdpuTotem } from '@sanode/totem';
import { interpret, readKeys } from './configuration.ts';
import type { CorosyncLog } from './log.ts';

const resultOk = 1;
const resultInvalidParam = 7;
const narrowStats = new Set(['continuous_gather', 'continuous_sendmsg_failures', 'mtt_rx_token']);

/** Everything that runs: the ring, the services on it and the local socket. */
export class CorosyncDaemon {
  readonly #log: CorosyncLog;
  readonly #confFile: string;
  readonly #exit: (status: number) => void;
  readonly #reactor: Reactor;
  readonly #icmap = new Icmap();
  #config: ClusterConfig;
  /** Some of them cannot change while the daemon runs. */
  readonly #startedKeys: ConfKeys;
  #lastReload: Promise<number> = Promise.resolve(resultOk);
  #totem: NodeTotem | undefined;
  #core: ClusterCore | undefined;
  #server: ClusterServer | undefined;
  #ready = false;
  #ending = false;

  constructor(deps: { log: CorosyncLog; exit: (status: number) => void }, confFile: string, config: ClusterConfig) {
    this.#log = deps.log;
    this.#exit = deps.exit;
    this.#confFile = confFile;
    this.#config = config;
    this.#startedKeys = config.keys;
    this.#reactor = new Reactor(`${config.nodeId}/corosync`);
  }

  /** Loads the services and joins the ring. @throws {VotequorumConfigError} */
  async start(stateDirectory: string): Promise<void> {
    const config = this.#config;
    storeKeys(this.#icmap, config.keys);
    this.#storeTimings(config);
    this.#icmap.set('runtime.force_gather', { type: 'str', value: 'no' });
    this.#icmap.track('runtime.force_gather', false, 7, () => this.#forceGather());
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
          reload: (answer) => void this.#reload().then((result) => this.#reactor.enter(() => answer(result))),
        },
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
    this.#watchScheduling();
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

  /** Says when this process was not run for so long that the token may have been missed (corosync-services.md 10). */
  #watchScheduling(): void {
    let lastMs = performance.now();
    const check = (): void => {
      const nowMs = performance.now();
      const { tokenMs } = this.#config.timings;
      const gapMs = nowMs - lastMs;
      const thresholdMs = 0.8 * tokenMs;
      if (gapMs > thresholdMs) {
        const text = `Corosync main process was not scheduled (@${Date.now()}) for ${gapMs.toFixed(4)} ms`;
        const advice = `(threshold is ${thresholdMs.toFixed(4)} ms). Consider token timeout increase.`;
        this.#log.warn({ subsystem: 'MAIN' }, `${text} ${advice}`);
      }
      lastMs = nowMs;
      setTimeout(check, tokenMs / 3).unref();
    };
    check();
  }

  /** Leaves the ring in order and ends with status 0. */
  async end(): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    this.#log.info({ subsystem: 'SERV' }, 'Unloading all Corosync service engines.');
    this.#reactor.enter(() => this.#core?.leaving());
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

  /** Reads the configuration again (corosync-services.md 6.3), one reload after the other. @returns csResult number */
  #reload(): Promise<number> {
    this.#lastReload = this.#lastReload.then(() => this.#reloadNow());
    return this.#lastReload;
  }

  async #reloadNow(): Promise<number> {
    const flag = (name: string, value: number): void => {
      this.#icmap.set(`config.${name}`, { type: 'u8', value });
    };
    const inReactor = (action: () => void): void => this.#reactor.enter(action);
    inReactor(() => flag('totemconfig_reload_in_progress', 1));
    let fresh: RunningKeys;
    try {
      fresh = keepFixedKeys(this.#startedKeys, readKeys(this.#confFile));
    } catch (error) {
      // As in the reference the flag stays set, so that votequorum takes no change until a reload succeeds.
      this.#log.error({ subsystem: 'CFG' }, `Unable to reload config file: ${(error as Error).message}`);
      return resultInvalidParam;
    }
    inReactor(() => flag('reload_in_progress', 1));
    for (const text of fresh.notices) this.#log.info({ subsystem: 'CFG' }, text);
    const config = await this.#acceptable(fresh.keys);
    const result = config === undefined ? resultInvalidParam : resultOk;
    inReactor(() => {
      if (config !== undefined) this.#apply(config);
      this.#icmap.set('config.reload_status', { type: 'i32', value: result });
      flag('totemconfig_reload_in_progress', 0);
      flag('reload_in_progress', 0);
    });
    return result;
  }

  /** What the keys mean, if the running ring can take that over; else undefined, and the log says why. */
  async #acceptable(keys: ConfKeys): Promise<ClusterConfig | undefined> {
    const refuse = (subsystem: string, text: string): undefined => {
      this.#log.error({ subsystem }, text);
    };
    try {
      const config = await interpret(keys, this.#config.us);
      if (config.nodeId !== this.#config.nodeId) {
        return refuse('CFG', 'Configuration is not valid: the id of this node has changed');
      }
      const changed = changedAddress(this.#config.nodes, config.nodes);
      if (changed !== undefined) {
        refuse('TOTEM', changed);
        return refuse(
          'CFG',
          'Cannot configure new interface definitions: To reconfigure an interface it must be deleted and recreated. ' +
            'A working interface needs to be available to corosync at all times',
        );
      }
      this.#log.configure(config.keys);
      return config;
    } catch (error) {
      const text = error instanceof ClusterConfigError ? error.logText : (error as Error).message;
      return refuse('CFG', `Configuration is not valid: ${text}`);
    }
  }

  #apply(config: ClusterConfig): void {
    reloadKeys(this.#icmap, config.keys);
    this.#config = config;
    this.#storeTimings(config);
    this.#totem?.setMembers(config.members);
    this.#totem?.setTimings(config.timings);
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

  #statistics(): ReadonlyMap<string, CmapValue> {
    const statistics = new Map<string, CmapValue>();
    const stats = this.#totem?.group.stats();
    for (const [name, value] of Object.entries(stats?.srp ?? {})) {
      const narrow = narrowStats.has(name) || name.startsWith('avg_');
      const key = `stats.srp.${name}`;
      if (narrow) statistics.set(key, { type: 'u32', value: Math.trunc(value) });
      else if (name === 'firewall_enabled_or_nic_failure') statistics.set(key, { type: 'u8', value });
      else statistics.set(key, { type: 'u64', value: BigInt(Math.max(0, Math.trunc(value))) });
    }
    for (const [name, value] of Object.entries(stats?.pg ?? {})) {
      statistics.set(`stats.pg.${name}`, { type: 'u32', value });
    }
    // Ours, not the reference's (docs/operations.md).
    for (const part of ['peers', 'pauses', 'suspects', 'trouble'] as const) {
      for (const [name, value] of Object.entries(stats?.[part] ?? {})) {
        statistics.set(`stats.${part}.${name}`, { type: 'u64', value: BigInt(value) });
      }
    }
    return statistics;
  }
}
