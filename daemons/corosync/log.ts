import { closeSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { type ConfKeys, textValue } from '@sanode/conf';
import type { Logger } from '@sanode/runtime';

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
const ranks: Readonly<Record<Level, number>> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4, fatal: 5 };
/** The reference's words for the levels; what we call info is its notice. */
const words: Readonly<Record<Level, string>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'notice',
  warn: 'warning',
  error: 'error',
  fatal: 'crit',
};
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

interface Settings {
  readonly minimum: number;
  readonly toStderr: boolean;
  readonly file: string | undefined;
  readonly timestamp: 'on' | 'off' | 'hires';
}

/** A `logging` section that the reference refuses (exit status 7). */
export class LogConfigError extends Error {
  readonly code = 'LOG_CONFIG';
}

function yes(keys: ConfKeys, name: string, fallback: boolean): boolean {
  const value = textValue(keys, `logging.${name}`);
  if (value === undefined) return fallback;
  if (['yes', 'on'].includes(value)) return true;
  if (['no', 'off'].includes(value)) return false;
  throw new LogConfigError(`parse error in config: unknown value for ${name}.`);
}

function readSettings(keys: ConfKeys): Settings {
  const debug = textValue(keys, 'logging.debug') ?? 'off';
  if (!['on', 'off', 'trace'].includes(debug)) {
    throw new LogConfigError('parse error in config: unknown value for debug.');
  }
  const timestamp = textValue(keys, 'logging.timestamp') ?? 'hires';
  if (timestamp !== 'on' && timestamp !== 'off' && timestamp !== 'hires') {
    throw new LogConfigError('parse error in config: unknown value for timestamp.');
  }
  const toFile = yes(keys, 'to_logfile', false);
  const file = textValue(keys, 'logging.logfile');
  if (toFile && file === undefined) throw new LogConfigError('parse error in config: logfile not specified.');
  return {
    minimum: debug === 'trace' ? ranks.trace : debug === 'on' ? ranks.debug : ranks.info,
    // Standard error is what systemd's journal reads: lines for syslog go there too.
    toStderr: yes(keys, 'to_stderr', true) || yes(keys, 'to_syslog', true),
    file: toFile ? file : undefined,
    timestamp,
  };
}

/** The daemon's log in the reference's line format (corosync-services.md 9.7). */
export class CorosyncLog implements Logger {
  #settings: Settings = { minimum: ranks.info, toStderr: true, file: undefined, timestamp: 'hires' };
  #descriptor: number | undefined;

  /** Takes the `logging` section's settings. @throws {LogConfigError} */
  configure(keys: ConfKeys): void {
    this.#settings = readSettings(keys);
    this.reopen();
  }

  /** Opens the log file again (log rotation). */
  reopen(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
    const { file } = this.#settings;
    if (file === undefined) return;
    try {
      this.#descriptor = openSync(file, 'a', 0o640);
    } catch (error) {
      this.#write('error', {}, `Can't open logfile '${file}': ${(error as Error).message}`);
    }
  }

  trace(fields: object, message: string): void {
    this.#write('trace', fields, message);
  }
  debug(fields: object, message: string): void {
    this.#write('debug', fields, message);
  }
  info(fields: object, message: string): void {
    this.#write('info', fields, message);
  }
  warn(fields: object, message: string): void {
    this.#write('warn', fields, message);
  }
  error(fields: object, message: string): void {
    this.#write('error', fields, message);
  }
  fatal(fields: object, message: string): void {
    this.#write('fatal', fields, message);
  }
  child(): Logger {
    return this;
  }

  #write(level: Level, fields: object, message: string): void {
    const { minimum, toStderr, timestamp } = this.#settings;
    if (ranks[level] < minimum) return;
    const subsystem = 'subsystem' in fields ? String(fields.subsystem) : 'TOTEM';
    const text = `${words[level].padEnd(7)} [${subsystem.padEnd(6)}] ${message}\n`;
    const time = timestamp === 'off' ? '' : `${clock(new Date(), timestamp === 'hires')} `;
    if (toStderr) writeQuietly(2, time + text);
    if (this.#descriptor !== undefined) {
      writeQuietly(this.#descriptor, `${time}[${process.pid}] ${hostname()} corosync ${text}`);
    }
  }
}

function clock(now: Date, hires: boolean): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${months[now.getMonth()]} ${two(now.getDate())}`;
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
  return `${day} ${time}${hires ? `.${String(now.getMilliseconds()).padStart(3, '0')}` : ''}`;
}

/** A full disk or a closed pipe must not end the ring. */
function writeQuietly(descriptor: number, text: string): void {
  try {
    writeSync(descriptor, text);
  } catch {}
}
