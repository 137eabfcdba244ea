import {
  type ClusterConfig,
  ClusterConfigError,
  changedAddress,
  csResult,
  type Icmap,
  keepFixedKeys,
  type RunningKeys,
} from '@sanode/cluster';
import type { ConfKeys } from '@sanode/conf';
import type { Reactor } from '@sanode/runtime';
import { interpret, readKeys } from './configuration.ts';
import { type CorosyncLog, LogConfigError } from './log.ts';

export interface ReloadDeps {
  readonly log: CorosyncLog;
  readonly icmap: Icmap;
  readonly reactor: Reactor;
  readonly confFile: string;
  /** The keys that the node started with: some of them cannot change while it runs. */
  readonly started: ConfKeys;
  /** What runs now. */
  running(): ClusterConfig;
  /** Takes over what was read. */
  apply(config: ClusterConfig): void;
}

/** Reads corosync.conf again while the daemon runs (corosync-services.md 6.3), one reload after the other. */
export class Reloader {
  readonly #deps: ReloadDeps;
  #last: Promise<unknown> = Promise.resolve();

  constructor(deps: ReloadDeps) {
    this.#deps = deps;
  }

  /** @param done called once in the reactor, with a csResult number */
  reload(done: (result: number) => void): void {
    this.#last = this.#last.then(() => this.#reload()).then((result) => this.#deps.reactor.enter(() => done(result)));
  }

  async #reload(): Promise<number> {
    const { log, reactor, icmap } = this.#deps;
    reactor.enter(() => this.#flag('totemconfig_reload_in_progress', 1));
    let fresh: RunningKeys;
    try {
      fresh = keepFixedKeys(this.#deps.started, readKeys(this.#deps.confFile));
    } catch (error) {
      // As in the reference the flag stays set, so that votequorum takes no change until a reload succeeds.
      log.error({ subsystem: 'CFG' }, `Unable to reload config file: ${(error as Error).message}`);
      return csResult.INVALID_PARAM;
    }
    reactor.enter(() => this.#flag('reload_in_progress', 1));
    for (const text of fresh.notices) log.info({ subsystem: 'CFG' }, text);
    const config = await this.#acceptable(fresh.keys);
    const result = config === undefined ? csResult.INVALID_PARAM : csResult.OK;
    reactor.enter(() => {
      if (config !== undefined) this.#deps.apply(config);
      icmap.set('config.reload_status', { type: 'i32', value: result });
      this.#flag('totemconfig_reload_in_progress', 0);
      this.#flag('reload_in_progress', 0);
    });
    if (config !== undefined) this.#configureLog(config.keys);
    return result;
  }

  /** What the keys mean, if the running ring can take that over; else undefined, and the log says why. */
  async #acceptable(keys: ConfKeys): Promise<ClusterConfig | undefined> {
    const refuse = (subsystem: string, text: string): undefined => {
      this.#deps.log.error({ subsystem }, text);
    };
    const running = this.#deps.running();
    let config: ClusterConfig;
    try {
      config = await interpret(keys, running.us);
    } catch (error) {
      const text = error instanceof ClusterConfigError ? error.logText : (error as Error).message;
      return refuse('CFG', `Configuration is not valid: ${text}`);
    }
    if (config.nodeId !== running.nodeId) {
      return refuse('CFG', 'Configuration is not valid: the id of this node has changed');
    }
    const changed = changedAddress(running.nodes, config.nodes);
    if (changed === undefined) return config;
    refuse('TOTEM', changed);
    return refuse(
      'CFG',
      'Cannot configure new interface definitions: To reconfigure an interface it must be deleted and recreated. ' +
        'A working interface needs to be available to corosync at all times',
    );
  }

  #configureLog(keys: ConfKeys): void {
    const { log } = this.#deps;
    try {
      log.configure(keys);
    } catch (error) {
      if (!(error instanceof LogConfigError)) throw error;
      log.error({ subsystem: 'MAIN' }, `${error.message} The log stays as it is.`);
    }
  }

  #flag(name: string, value: number): void {
    this.#deps.icmap.set(`config.${name}`, { type: 'u8', value });
  }
}
