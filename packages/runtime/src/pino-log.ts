import { chmodSync, chownSync, closeSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import pino from 'pino';
import { accountByName, usableGroupId } from './accounts.ts';
import type { Logger } from './log.ts';
import { clusterGroup, clusterUser } from './paths.ts';

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
      shareWithCluster(options.file);
      streams.push({ level: level as pino.Level, stream: pino.destination({ dest: options.file, sync: true }) });
    } catch (error) {
      problem = error;
    }
  }
  const log = pino({ name: options.name, level, timestamp: pino.stdTimeFunctions.isoTime }, pino.multistream(streams));
  if (problem !== undefined) log.warn({ err: problem }, `log file ${options.file} could not be opened`);
  return log;
}

/**
 * The daemons log to one file under two accounts: who makes it as root gives it to hacluster:haclient, mode 0660, as
 * the reference does. A file that is there keeps its owner.
 */
function shareWithCluster(file: string): void {
  const descriptor = openSync(file, 'a', 0o660);
  try {
    const isNew = fstatSync(descriptor).size === 0;
    const gid = usableGroupId(clusterGroup);
    const account = accountByName(clusterUser);
    if (!isNew || process.getuid?.() !== 0 || gid === undefined || account === undefined) return;
    chownSync(file, account.uid, gid);
    chmodSync(file, 0o660);
  } finally {
    closeSync(descriptor);
  }
}
