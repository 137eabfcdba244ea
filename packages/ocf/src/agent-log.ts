import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import type { LogLevel } from './context.ts';

const words: Readonly<Record<LogLevel, string>> = {
  crit: 'CRIT',
  err: 'ERROR',
  warn: 'WARNING',
  info: 'INFO',
  debug: 'DEBUG',
};
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `WORD: TEXT`, as agents log (ocf-agents.md 1.7). */
export function logLine(level: LogLevel, text: string): string {
  return `${words[level]}: ${text}`;
}

/** `%b %d %T` in local time. */
export function logDate(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const clock = [now.getHours(), now.getMinutes(), now.getSeconds()].map(two).join(':');
  return `${months[now.getMonth()]} ${two(now.getDate())} ${clock}`;
}

/**
 * Logs one line of a standalone agent to where the environment says: syslog facility (HA_LOGFACILITY, through
 * logger(1)), file (HA_LOGFILE), both; neither: standard error unless `quietOnStderr` (an exit reason is there already).
 */
export function writeAgentLog(
  env: Readonly<Record<string, string>>,
  tag: string,
  level: LogLevel,
  text: string,
  quietOnStderr = false,
): void {
  if (level === 'debug' && !isDebug(env)) return;
  const line = logLine(level, text);
  const facility = env['HA_LOGFACILITY'] ?? '';
  const file = env['HA_LOGFILE'] ?? '';
  const toSyslog = facility !== '' && facility !== 'none';
  if (toSyslog) toLogger(facility, tag, line);
  if (file !== '' && level !== 'debug') append(file, `${logDate(new Date())}  ${tag}:    ${line}\n`);
  if (!toSyslog && file === '' && !quietOnStderr) process.stderr.write(`${logDate(new Date())} ${line}\n`);
  const debugFile = env['HA_DEBUGLOG'] ?? '';
  if (debugFile !== '' && debugFile !== '/dev/null' && debugFile !== file) {
    append(debugFile, `${tag}:\t${logDate(new Date())} ${line}\n`);
  }
}

function isDebug(env: Readonly<Record<string, string>>): boolean {
  const debug = env['HA_debug'] ?? '';
  return debug !== '' && debug !== '0';
}

function append(file: string, line: string): void {
  try {
    appendFileSync(file, line);
  } catch {
    // A log that can't be written must not change an operation's result.
  }
}

function toLogger(facility: string, tag: string, line: string): void {
  const level = /ERROR/.test(line) ? 'err' : /WARN/.test(line) ? 'warning' : /INFO/.test(line) ? 'info' : 'notice';
  const child = spawn('logger', ['-t', tag, '-p', `${facility}.${level}`, '--', line], { stdio: 'ignore' });
  child.on('error', () => {});
  child.unref();
}
