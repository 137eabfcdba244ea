import { CorosyncError, type CpgConnection } from '@sanode/cluster/client';
import type { Logger } from '@sanode/runtime';

/** Messages that may wait; more means that the ring does not move at all. */
const MAX_QUEUED = 100_000;
const RETRY_FIRST_MS = 2;
const RETRY_MAX_MS = 100;

/** Sends in order: a message that corosync puts off (its ring is being formed) holds back those behind it. */
export class SendQueue {
  readonly #deps: { cpg: CpgConnection; log: Logger; failed: (reason: string) => void };
  readonly #queue: Buffer[] = [];
  #sending = false;
  #idle: (() => void)[] = [];

  constructor(deps: { cpg: CpgConnection; log: Logger; failed: (reason: string) => void }) {
    this.#deps = deps;
  }

  push(frame: Buffer): void {
    if (this.#queue.length >= MAX_QUEUED) {
      this.#deps.failed(`${MAX_QUEUED} messages wait for corosync`);
      return;
    }
    this.#queue.push(frame);
    if (!this.#sending) void this.#run();
  }

  /** Resolves when nothing waits. */
  drained(): Promise<void> {
    if (!this.#sending) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  async #run(): Promise<void> {
    this.#sending = true;
    let delayMs = RETRY_FIRST_MS;
    while (this.#queue.length > 0) {
      try {
        await this.#deps.cpg.mcast(this.#queue[0] as Buffer);
        delayMs = RETRY_FIRST_MS;
        this.#queue.shift();
      } catch (error) {
        if (!(error instanceof CorosyncError)) throw error;
        if (error.code === 'TRY_AGAIN' || error.code === 'QUEUE_FULL') {
          await new Promise((resolve) => setTimeout(resolve, delayMs));
          delayMs = Math.min(RETRY_MAX_MS, delayMs * 2);
          continue;
        }
        if (error.code === 'TOO_BIG') {
          this.#deps.log.error(
            { bytes: this.#queue[0]?.length },
            `a message was too long for corosync: ${error.message}`,
          );
          this.#queue.shift();
          continue;
        }
        this.#queue.length = 0;
        this.#deps.failed(error.message);
      }
    }
    this.#sending = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
