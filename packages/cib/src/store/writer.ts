import type { Logger } from '@sanode/runtime';
import type { Element } from '@sanode/xml';
import { CibStoreError } from './read.ts';
import { type WriteOptions, writeCibFile } from './write.ts';

/** Settings of {@link CibWriter}. */
export interface CibWriterSettings {
  readonly file: string;
  readonly escaping: WriteOptions['escaping'];
  /** Called after each write, in order; a write stands for all documents before its own. */
  readonly written: (sequence: number, ok: boolean) => void;
}

/** Writes documents one at a time; while one is being written only the newest of those that come is kept. */
export class CibWriter {
  readonly #log: Logger;
  readonly #settings: CibWriterSettings;
  #next: { cib: Element; sequence: number } | undefined;
  #writing: Promise<void> | undefined;
  #refused: CibStoreError | undefined;

  constructor(deps: { log: Logger }, settings: CibWriterSettings) {
    this.#log = deps.log;
    this.#settings = settings;
  }

  write(cib: Element, sequence: number): void {
    this.#next = { cib, sequence };
    this.#writing ??= this.#run();
  }

  /** Resolves when everything handed in is on disk (or was refused). */
  async idle(): Promise<void> {
    await this.#writing;
  }

  async #run(): Promise<void> {
    // Lets write() store this promise before anything can end.
    await Promise.resolve();
    while (this.#next !== undefined) {
      const { cib, sequence } = this.#next;
      this.#next = undefined;
      this.#settings.written(sequence, await this.#writeOne(cib));
    }
    this.#writing = undefined;
  }

  async #writeOne(cib: Element): Promise<boolean> {
    const { file, escaping } = this.#settings;
    if (this.#refused !== undefined) {
      this.#log.error({ file }, `the CIB is not written: ${this.#refused.message}`);
      return false;
    }
    try {
      await writeCibFile(file, cib, { escaping, nowMs: Date.now() });
      return true;
    } catch (error) {
      // A file that someone changed by hand is left alone from then on; a full disk may have room next time.
      if (error instanceof CibStoreError) this.#refused = error;
      this.#log.error({ file, err: error }, `the CIB could not be written: ${(error as Error).message}`);
      return false;
    }
  }
}
