import { closeSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import type { ConfKeys } from '@sanode/conf';
import type { Logger } from '@sanode/runtime';
import { FlightRecorder } from './flight-recorder.ts';
import { LogConfigError, type LogSettings, readLogSettings, severity } from './log-settings.ts';
import { SystemLog, stderrIsJournal } from './syslog.ts';

export { LogConfigError } from './log-settings.ts';

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** The reference's words for the levels; what we call info is its notice. */
const words: Readonly<Record<Level, keyof typeof severity>> = {
  trace: 'trace',
  debug: 'debug',
  info: 'notice',
  warn: 'warning',
  error: 'error',
  fatal: 'crit',
};
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
/** Subsystem of lines that name none: they come from the ring. */
const defaultSubsystem = 'TOTEM';

/**
 * The daemon's log in the reference's line format, to standard error, files and the system log (corosync-services.md
 * 9.7). Field `subsystem` names the part a line comes from; field `isInfo` makes a line of level info the reference's
 * info instead of its notice.
 */
export class CorosyncLog implements Logger {
  readonly recorder = new FlightRecorder();
  readonly #systemLog: SystemLog;
  #settings: LogSettings = readLogSettings(new Map());
  /** Descriptors by file name. */
  #files = new Map<string, number>();
  #systemLogIsWanted = false;
  #systemLogProblem: string | undefined;
  #systemLogIsOpen = false;
  #leaveOutStderr = false;

  constructor(systemLog = new SystemLog('corosync')) {
    this.#systemLog = systemLog;
  }

  /** Takes the `logging` section's settings; the system log is not used before {@link openSystemLog}. @throws {LogConfigError} */
  configure(keys: ConfKeys): void {
    const settings = readLogSettings(keys);
    const files = openFiles(settings);
    this.#closeFiles();
    this.#settings = settings;
    this.#files = files;
    if (!settings.blackbox) this.recorder.clear();
    this.#connect();
  }

  /**
   * Lines that are meant for the system log go there from now on. Where they cannot, that is said once, and they go to
   * standard error.
   */
  openSystemLog(): void {
    this.#systemLogIsWanted = true;
    this.#connect();
  }

  #connect(): void {
    const { all, subsystems } = this.#settings;
    const isUsed = [all, ...subsystems.values()].some((target) => target.toSyslog);
    if (!this.#systemLogIsWanted || !isUsed || this.#systemLogIsOpen || this.#systemLogProblem !== undefined) return;
    this.#systemLogProblem = this.#systemLog.open();
    this.#systemLogIsOpen = this.#systemLogProblem === undefined;
    // Both would come to the journal.
    this.#leaveOutStderr = this.#systemLogIsOpen && stderrIsJournal();
    if (this.#systemLogProblem !== undefined) {
      this.warn({ subsystem: 'MAIN' }, `No system log, lines go to standard error: ${this.#systemLogProblem}`);
    }
  }

  /** Opens the log files again (log rotation). */
  reopen(): void {
    this.#closeFiles();
    try {
      this.#files = openFiles(this.#settings);
    } catch (error) {
      this.#files = new Map();
      this.#write('error', { subsystem: 'MAIN' }, (error as Error).message);
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
    const subsystem = 'subsystem' in fields ? String(fields.subsystem) : defaultSubsystem;
    const word = level === 'info' && 'isInfo' in fields ? 'info' : words[level];
    const rank = severity[word];
    const { timestamp, blackbox, all, subsystems } = this.#settings;
    const target = subsystems.get(subsystem) ?? all;
    const wanted = rank <= target.filePriority || (target.toSyslog && rank <= target.syslogPriority);
    if (!wanted && !blackbox) return;
    const now = new Date();
    const place = wanted ? this.#place() : '';
    const head = `${word.padEnd(7)} [${subsystem.padEnd(6)}]`;
    const time = timestamp === 'off' ? '' : `${clock(now, timestamp === 'hires')} `;
    const line = `${time}${head} ${place}${message}\n`;
    if (blackbox) this.recorder.record(timestamp === 'hires' ? line : `${clock(now, true)} ${head} ${message}\n`);
    const toSyslog = target.toSyslog && rank <= target.syslogPriority;
    if (toSyslog && this.#systemLogIsOpen) {
      const priority = Math.min(rank, severity.debug);
      this.#systemLog.write(target.syslogFacility, priority, now, `  [${subsystem.padEnd(6)}] ${place}${message}`);
    }
    const insteadOfSyslog = toSyslog && this.#systemLogProblem !== undefined;
    const toStderr = target.toStderr && rank <= target.filePriority && !(toSyslog && this.#leaveOutStderr);
    if (toStderr || insteadOfSyslog) writeQuietly(2, line);
    const descriptor = target.file === undefined ? undefined : this.#files.get(target.file);
    if (descriptor !== undefined && rank <= target.filePriority) {
      writeQuietly(descriptor, `${time}[${process.pid}] ${hostname()} corosync ${head} ${place}${message}\n`);
    }
  }

  /** Where in the program the line comes from, as `fileline` and `function_name` want it. */
  #place(): string {
    const { fileLine, functionName } = this.#settings;
    if (!fileLine && !functionName) return '';
    // Behind the message: this function, #write and the method that the caller used.
    const caller = (new Error().stack ?? '').split('\n')[4] ?? '';
    const frame = /at (?:(?:new |async )?(\S+) (?:\[as \S+\] )?\()?(?:file:\/\/)?([^():]+):(\d+)/.exec(caller) ?? [];
    const [, name = 'main', file = '', line = ''] = frame;
    const parts = fileLine ? [basename(file), ...(functionName ? [name] : []), line] : [name];
    return `${parts.join(':')} `;
  }

  #closeFiles(): void {
    for (const descriptor of this.#files.values()) closeSync(descriptor);
    this.#files = new Map();
  }
}

/** @throws {LogConfigError} when one cannot be opened */
function openFiles(settings: LogSettings): Map<string, number> {
  const files = new Map<string, number>();
  for (const { file } of [settings.all, ...settings.subsystems.values()]) {
    if (file === undefined || files.has(file)) continue;
    try {
      files.set(file, openSync(file, 'a', 0o640));
    } catch (error) {
      for (const descriptor of files.values()) closeSync(descriptor);
      throw new LogConfigError(
        `Can't open logfile '${file}' for reason: ${errorText(error as NodeJS.ErrnoException)}.`,
      );
    }
  }
  return files;
}

/** An operating system's error in the words of strerror(3), with its number. */
function errorText(error: NodeJS.ErrnoException): string {
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'No such file or directory',
    EACCES: 'Permission denied',
    EISDIR: 'Is a directory',
    ENOTDIR: 'Not a directory',
    EROFS: 'Read-only file system',
  };
  return `${known[error.code ?? ''] ?? error.message} (${Math.abs(error.errno ?? 0)})`;
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
