import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import pino from 'pino';
import type { Logger } from './log.ts';

/** Settings of {@link openLog}. */
export interface LogOptions {
  /** Name of the daemon, field `name` of each line. */
  name: string;
  /** Lowest level written: trace, debug, info, warn, error, fatal. Default info, or SANODE_LOG_LEVEL. */
  level?: string;
  /** File that gets the lines besides standard error; its folder is made. A file that can't be opened is said once. */
  file?: string;
}

/** Opens a daemon's log: pino's JSON lines on standard error (the journal's), and in a file where one is named. */
export function openLog(options: LogOptions): Logger {
  const level = options.level ?? process.env['SANODE_LOG_LEVEL'] ?? 'info';
  const streams: pino.StreamEntry[] = [{ level: level as pino.Level, stream: pino.destination({ fd: 2, sync: true }) }];
  let problem: unknown;
  if (options.file !== undefined) {
    try {
      mkdirSync(dirname(options.file), { recursive: true });
      streams.push({ level: level as pino.Level, stream: pino.destination({ dest: options.file, sync: true }) });
    } catch (error) {
      problem = error;
    }
  }
  const log = pino({ name: options.name, level, timestamp: pino.stdTimeFunctions.isoTime }, pino.multistream(streams));
  if (problem !== undefined) log.warn({ err: problem }, `log file ${options.file} could not be opened`);
  return log;
}
