import { readdirSync, readlinkSync } from 'node:fs';
import { readSmallFile } from './program.ts';

/** What /proc says of a process. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
  /** Start time, ticks since boot: with the pid it names a process for ever. */
  readonly startTicks: string;
  readonly command: string;
}

/** Looks at a process; undefined if there is none, or only its remains (a zombie). */
export function processInfo(pid: number): ProcessInfo | undefined {
  const stat = readSmallFile(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // Names may contain spaces and parentheses: fields are counted after the last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', parent = '0'] = fields;
  if (state === 'Z' || state === 'X' || state === '') return undefined;
  const command = (readSmallFile(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trimEnd();
  return { pid, parent: Number(parent), state, startTicks: fields[19] ?? '', command };
}

function link(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

/** Whether a process is a master (or single) nginx: by its title, or by its program. */
export function isNginxMaster(info: ProcessInfo, program: string): boolean {
  if (info.command.startsWith('nginx: master process')) return true;
  if (info.command.startsWith('nginx: ')) return false;
  // master_process off keeps the plain command line. After a package upgrade the link ends in " (deleted)".
  return link(`/proc/${info.pid}/exe`)?.replace(/ \(deleted\)$/, '') === (link(program) ?? program);
}

/** The running master that the pid file names; undefined where the file is absent, stale or names something else. */
export function runningMaster(pidFile: string, program: string): ProcessInfo | undefined {
  const text = readSmallFile(pidFile)?.trim();
  if (text === undefined || !/^[0-9]+$/.test(text)) return undefined;
  const info = processInfo(Number(text));
  return info !== undefined && isNginxMaster(info, program) ? info : undefined;
}

/** Every living process of our own network namespace: another's nginx may listen on the same port without harm. */
export function localProcesses(): ProcessInfo[] {
  const network = link('/proc/self/ns/net');
  const found: ProcessInfo[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue;
    if (link(`/proc/${name}/ns/net`) !== network) continue;
    const info = processInfo(Number(name));
    if (info !== undefined) found.push(info);
  }
  return found;
}

/**
 * Processes that a stop of this nginx must not leave behind: masters started with this program and configuration file
 * whatever the pid file says, their children, and workers whose master is gone (they would go on serving the port).
 */
export function remainingProcesses(program: string, configFile: string, ours: ReadonlySet<number>): ProcessInfo[] {
  const all = localProcesses();
  const byPid = new Map(all.map((info) => [info.pid, info]));
  const isMaster = (info: ProcessInfo): boolean => {
    const at = info.command.indexOf(program);
    return info.command.startsWith('nginx: ') || info.command.startsWith(program)
      ? at >= 0 && info.command.includes(configFile, at + program.length)
      : false;
  };
  const masters = new Set(all.filter(isMaster).map((info) => info.pid));
  return all.filter((info) => {
    if (info.pid === process.pid) return false;
    if (masters.has(info.pid) || masters.has(info.parent) || ours.has(info.pid)) return true;
    const isWorker = /^nginx: (worker|cache)/.test(info.command);
    return isWorker && !(byPid.get(info.parent)?.command ?? '').startsWith('nginx: ');
  });
}

/** Pids of the children of a process. */
export function childrenOf(pid: number): number[] {
  return localProcesses()
    .filter((info) => info.parent === pid)
    .map((info) => info.pid);
}

/** Sends a signal; false if there is no such process or no permission. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
