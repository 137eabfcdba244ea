import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bzip2Compress } from '@sanode/messages';

export type Series = 'error' | 'warn' | 'input';

const defaultLimits: Readonly<Record<Series, number>> = { error: -1, warn: 5000, input: 4000 };
const fileMode = 0o600;

/** Name of the option that limits a series. */
export function limitOption(series: Series): string {
  return `pe-${series}-series-max`;
}

/** How many inputs of a series are kept; -1: all, 0: none. */
export function seriesLimit(series: Series, text: string | undefined): number {
  if (text === undefined || !/^[+-]?[0-9]+/.test(text)) return defaultLimits[series];
  return Number.parseInt(text, 10);
}

/**
 * Saved inputs of the scheduler, `pe-input-N.bz2`, as the reference numbers them: up to a series' limit, then from 0
 * again; the next number is in `pe-input.last`.
 */
export class InputSeries {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** File that the next input of a series goes to; none where none are kept. */
  nextFile(series: Series, limit: number): string | undefined {
    return limit === 0 ? undefined : join(this.#folder, `pe-${series}-${this.#nextNumber(series, limit)}.bz2`);
  }

  /** Saves an input. @throws {Error} of the file system; the numbering has not moved then */
  save(series: Series, limit: number, text: string): void {
    const file = this.nextFile(series, limit);
    if (file === undefined) return;
    mkdirSync(this.#folder, { recursive: true });
    this.#replace(file, bzip2Compress(Buffer.from(text, 'utf8')));
    const next = this.#nextNumber(series, limit) + 1;
    this.#replace(join(this.#folder, `pe-${series}.last`), String(limit > 0 && next >= limit ? 0 : next));
  }

  #nextNumber(series: Series, limit: number): number {
    let number = 0;
    try {
      number = Number.parseInt(readFileSync(join(this.#folder, `pe-${series}.last`), 'utf8'), 10);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    if (!(number >= 0) || (limit > 0 && number >= limit)) return 0;
    return number;
  }

  /** A file is there whole or not at all. */
  #replace(file: string, content: Uint8Array | string): void {
    writeFileSync(`${file}.new`, content, { mode: fileMode });
    renameSync(`${file}.new`, file);
  }
}
