import { connectCfg, connectCmap, trackQuorum } from '@sanode/cluster/client';
import type { Account, Logger } from '@sanode/runtime';

/**
 * How often a corosync that is gone is tried. The reference tries once a second; the other nodes wait five seconds for
 * our controller (docs/decisions/002-controller-waits.md), of which nothing should be lost here.
 */
const retryMs = 200;
/** How long corosync may take to come up beside us at boot, and how often it is tried. */
const startPatienceMs = 10_000;
const startRetryMs = 100;

/** Follows whether corosync is there. */
export class CorosyncLink {
  readonly #log: Logger;
  readonly #account: Account | undefined;
  #connection: { close(): void } | undefined;
  #closed = false;

  /** @param deps.account account that is given the right to connect (uidgid) */
  constructor(deps: { log: Logger; account: Account | undefined }) {
    this.#log = deps.log;
    this.#account = deps.account;
  }

  /** Connects. @param lost called once when that connection ends @throws {Error} when corosync does not run */
  async connect(lost: (reason: string) => void): Promise<void> {
    const connection = await trackQuorum(
      () => {},
      (reason) => {
        this.#connection = undefined;
        if (!this.#closed) lost(reason);
      },
    );
    this.#connection = connection;
    await this.#authorize();
  }

  /** Connects; tries again for a while, as corosync may be just starting. @throws {Error} when it does not run */
  async connectSoon(lost: (reason: string) => void): Promise<void> {
    const endMs = performance.now() + startPatienceMs;
    for (;;) {
      try {
        await this.connect(lost);
        return;
      } catch (error) {
        if (performance.now() > endMs) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, startRetryMs));
    }
  }

  /** Tries again and again until it is connected or closed. */
  async reconnect(lost: (reason: string) => void, back: () => void): Promise<void> {
    while (!this.#closed) {
      try {
        await this.connect(lost);
        back();
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  }

  /** Asks corosync to leave the ring and end. */
  async shutDown(): Promise<void> {
    const cfg = await connectCfg();
    try {
      await cfg.tryShutdown('immediate');
    } finally {
      cfg.close();
    }
  }

  close(): void {
    this.#closed = true;
    this.#connection?.close();
  }

  /** Lets the unprivileged daemons connect (uidgid.gid.N=1). */
  async #authorize(): Promise<void> {
    if (this.#account === undefined) return;
    const cmap = await connectCmap();
    try {
      await cmap.set(`uidgid.gid.${this.#account.gid}`, { type: 'u8', value: 1 });
    } catch (error) {
      this.#log.warn({ err: error }, 'corosync was not told to let the group haclient connect');
    } finally {
      cmap.close();
    }
  }
}
