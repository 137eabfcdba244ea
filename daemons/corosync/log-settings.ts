import { type ConfKeys, textValue } from '@sanode/conf';

/** Severities as syslog(3) numbers them. */
export const severity = { emerg: 0, alert: 1, crit: 2, error: 3, warning: 4, notice: 5, info: 6, debug: 7, trace: 8 };

const severityWords: Readonly<Record<string, number>> = { ...severity, err: severity.error };

/** Facilities of syslog(3) by name. */
const facilities: Readonly<Record<string, number>> = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  ...Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`local${n}`, 16 + n])),
};

/** Where lines of one subsystem go. */
export interface SubsystemSettings {
  readonly toStderr: boolean;
  readonly toSyslog: boolean;
  /** File that gets lines, undefined: none. */
  readonly file: string | undefined;
  /** Least important severity that goes to the file and to standard error. */
  readonly filePriority: number;
  readonly syslogPriority: number;
  readonly syslogFacility: number;
}

export interface LogSettings {
  readonly timestamp: 'on' | 'off' | 'hires';
  readonly fileLine: boolean;
  readonly functionName: boolean;
  readonly blackbox: boolean;
  readonly all: SubsystemSettings;
  /** By name, for those with a `logger_subsys` section. */
  readonly subsystems: ReadonlyMap<string, SubsystemSettings>;
}

/** A `logging` section that the reference refuses (exit status 7); `message` is the line it prints. */
export class LogConfigError extends Error {
  readonly code = 'LOG_CONFIG';

  constructor(text: string) {
    super(`parse error in config: ${text}`);
  }
}

/**
 * Reads the `logging` section (corosync-services.md 9.7, corosync.conf(5)).
 * @throws {LogConfigError}
 */
export function readLogSettings(keys: ConfKeys): LogSettings {
  const timestamp = textValue(keys, 'logging.timestamp') ?? 'hires';
  if (timestamp !== 'on' && timestamp !== 'off' && timestamp !== 'hires') {
    throw new LogConfigError('unknown value for timestamp.');
  }
  const all = subsystemSettings(keys, 'logging', undefined);
  const subsystems = new Map<string, SubsystemSettings>();
  for (const [key, { value }] of keys) {
    const prefix = /^(logging\.logger_subsys\.[^.]+)\.subsys$/.exec(key)?.[1];
    if (prefix !== undefined) subsystems.set(String(value), subsystemSettings(keys, prefix, all));
  }
  return {
    timestamp,
    fileLine: onOff(keys, 'logging.fileline') ?? false,
    functionName: onOff(keys, 'logging.function_name') ?? false,
    blackbox: onOff(keys, 'logging.blackbox') ?? true,
    all,
    subsystems,
  };
}

const defaults: SubsystemSettings = {
  toStderr: true,
  toSyslog: true,
  file: undefined,
  filePriority: severity.info,
  syslogPriority: severity.info,
  syslogFacility: facilities['daemon'] as number,
};

function subsystemSettings(keys: ConfKeys, prefix: string, top: SubsystemSettings | undefined): SubsystemSettings {
  const text = (name: string): string | undefined => textValue(keys, `${prefix}.${name}`);
  const base = top ?? defaults;
  const debug = text('debug');
  if (debug !== undefined && !['on', 'off', 'trace'].includes(debug)) {
    throw new LogConfigError('unknown value for debug.');
  }
  const least = debug === 'trace' ? severity.trace : debug === 'on' ? severity.debug : undefined;
  const priority = (name: string, kind: string, before: number): number => {
    const word = text(name);
    const written = word === undefined ? undefined : severityWords[word];
    if (word !== undefined && (written === undefined || written === severity.trace)) {
      throw new LogConfigError(`unknown ${kind} priority specified.`);
    }
    // `debug: off` below a top level with debugging takes it back for the subsystem.
    const inherited = debug === 'off' ? Math.min(before, severity.info) : before;
    return Math.max(written ?? inherited, least ?? 0);
  };
  const facility = text('syslog_facility');
  if (facility !== undefined && facilities[facility] === undefined) {
    throw new LogConfigError('unknown syslog facility specified.');
  }
  const toFile = onOff(keys, `${prefix}.to_logfile`) ?? (top === undefined ? false : top.file !== undefined);
  return {
    toStderr: onOff(keys, `${prefix}.to_stderr`) ?? base.toStderr,
    toSyslog: onOff(keys, `${prefix}.to_syslog`) ?? base.toSyslog,
    file: toFile ? (text('logfile') ?? top?.file ?? textValue(keys, 'logging.logfile')) : undefined,
    filePriority: priority('logfile_priority', 'logfile', base.filePriority),
    syslogPriority: priority('syslog_priority', 'syslog', base.syslogPriority),
    syslogFacility: facility === undefined ? base.syslogFacility : (facilities[facility] as number),
  };
}

function onOff(keys: ConfKeys, key: string): boolean | undefined {
  const value = textValue(keys, key);
  if (value === undefined) return undefined;
  if (value === 'yes' || value === 'on') return true;
  if (value === 'no' || value === 'off') return false;
  throw new LogConfigError(`unknown value for ${key.split('.').at(-1)}.`);
}
