import { renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Lines that are kept, and the bytes of all together. */
const maxLines = 50_000;
const maxBytes = 8 * 1024 * 1024;

/** Keeps the last log lines of every severity, written or not, to be looked at after trouble (`logging.blackbox`). */
export class FlightRecorder {
  #lines: string[] = [];
  #first = 0;
  #bytes = 0;

  record(line: string): void {
    this.#lines.push(line);
    this.#bytes += line.length;
    while (this.#bytes > maxBytes || this.#lines.length - this.#first > maxLines) {
      this.#bytes -= (this.#lines[this.#first] as string).length;
      this.#lines[this.#first] = '';
      this.#first += 1;
    }
    if (this.#first > maxLines) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
  }

  clear(): void {
    this.#lines = [];
    this.#first = 0;
    this.#bytes = 0;
  }

  get lines(): readonly string[] {
    return this.#lines.slice(this.#first);
  }

  /**
   * Writes the lines to `fdata-TIME-PID` in a folder and points the link `fdata` there.
   * @returns path of the file @throws {Error} when it cannot be written
   */
  dump(folder: string, now = new Date()): string {
    const two = (value: number): string => String(value).padStart(2, '0');
    const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
    const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
    const file = join(folder, `fdata-${day}T${time}-${process.pid}`);
    writeFileSync(file, this.lines.join(''), { mode: 0o600 });
    const link = join(folder, `.fdata-${process.pid}`);
    try {
      unlinkSync(link);
    } catch {}
    symlinkSync(file, link);
    renameSync(link, join(folder, 'fdata'));
    return file;
  }
}
