import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExpectedVotesStore } from '@sanode/cluster';
import type { Logger } from '@sanode/runtime';

/** The highest expected votes ever, in `ev_tracking` of the state directory (corosync-services.md 5.9). */
export class EvTrackingFile implements ExpectedVotesStore {
  readonly #path: string;
  readonly #log: Logger;

  constructor(stateDirectory: string, log: Logger) {
    this.#path = join(stateDirectory, 'ev_tracking');
    this.#log = log;
  }

  load(): number {
    try {
      const bytes = readFileSync(this.#path);
      return bytes.length === 4 ? bytes.readUInt32LE() : 0;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#warn('read', error);
      return 0;
    }
  }

  store(votes: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(votes);
    try {
      writeFileSync(`${this.#path}.new`, bytes, { mode: 0o600, flush: true });
      renameSync(`${this.#path}.new`, this.#path);
    } catch (error) {
      this.#warn('update', error);
    }
  }

  #warn(what: string, error: unknown): void {
    const text = `Unable to ${what} ev_tracking_barrier on disk data!!! ${(error as Error).message}`;
    this.#log.warn({ subsystem: 'VOTEQ' }, text);
  }
}
