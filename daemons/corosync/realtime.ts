import { writeFileSync } from 'node:fs';
import { type ConfKeys, textValue } from '@sanode/conf';
import { type Logger, noLibc } from '@sanode/runtime';
import { type DaemonCalls, libc } from './libc.ts';

const SCHED_RR = 2;
const PRIO_PROCESS = 0;
const MCL_CURRENT = 1;
const MCL_FUTURE = 2;
/** Pages are locked as they are touched: the runtime reserves far more than it uses. */
const MCL_ONFAULT = 4;
const RLIMIT_MEMLOCK = 8;
const EINVAL = 22;
const bestNice = -20;
const worstNice = 19;

/** Files that take a process into the root control group: version 1's processor group, version 2's only one. */
const rootGroupFiles = ['/sys/fs/cgroup/cpu/tasks', '/sys/fs/cgroup/cgroup.procs'];

/** A `system.priority` that is no priority; `message` is the reference's sentence. */
export class PriorityError extends Error {
  readonly code = 'PRIORITY';
}

/** What of real-time scheduling the configuration asks for (`system`, corosync-services.md 9.7, corosync.conf(5)). */
export interface RealTimeSettings {
  /** Round-robin real-time scheduling, at the highest priority. */
  readonly roundRobin: boolean;
  /** Nice value without it; undefined: as it is. */
  readonly nice: number | undefined;
  readonly rootGroup: 'yes' | 'no' | 'auto';
}

/** @throws {PriorityError} */
export function readRealTimeSettings(keys: ConfKeys): RealTimeSettings {
  const rootGroup = textValue(keys, 'system.move_to_root_cgroup') ?? 'auto';
  return {
    roundRobin: textValue(keys, 'system.sched_rr') !== 'no',
    nice: readNice(textValue(keys, 'system.priority')),
    rootGroup: rootGroup === 'yes' || rootGroup === 'no' ? rootGroup : 'auto',
  };
}

function readNice(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === 'max') return bestNice;
  if (text === 'min') return worstNice;
  const value = /^[+-]?\d{1,9}$/.test(text) ? Number(text) : undefined;
  if (value === undefined) throw new PriorityError(`Priority value ${text} is invalid`);
  return value;
}

/**
 * Gives this process the processor before others, and keeps its memory out of the swap space. What the system refuses
 * is a warning. @param calls the C library; undefined: nothing can be asked for, which is said once
 */
export function takeRealTime(settings: RealTimeSettings, log: Logger, calls: DaemonCalls | undefined = libc()): void {
  const warn = (text: string): void => log.warn({ subsystem: 'MAIN' }, text);
  if (calls === undefined) {
    warn(`No real-time priority and no locked memory: ${noLibc}`);
    return;
  }
  if (settings.rootGroup === 'yes') moveToRootGroup(warn);
  if (settings.roundRobin) {
    let errno = setRoundRobin(calls);
    if (errno !== 0 && settings.rootGroup === 'auto' && moveToRootGroup(() => {})) errno = setRoundRobin(calls);
    if (errno !== 0) {
      const priority = calls.sched_get_priority_max(SCHED_RR);
      warn(`Could not set SCHED_RR at priority ${priority}: ${errorText(errno)}`);
      setNice(bestNice, calls, warn);
    }
  } else if (settings.nice !== undefined) setNice(settings.nice, calls, warn);
  lockMemory(calls, warn);
}

function setNice(nice: number, calls: DaemonCalls, warn: (text: string) => void): void {
  if (calls.setpriority(PRIO_PROCESS, 0, nice) === 0) return;
  warn(`Could not set priority ${nice}: ${errorText(calls.errno())}`);
}

function setRoundRobin(calls: DaemonCalls): number {
  const param = Buffer.alloc(4);
  param.writeInt32LE(calls.sched_get_priority_max(SCHED_RR));
  return calls.sched_setscheduler(0, SCHED_RR, param) === 0 ? 0 : calls.errno();
}

/** @returns whether one of the groups took this process */
function moveToRootGroup(warn: (text: string) => void): boolean {
  let taken = false;
  let problem = '';
  for (const file of rootGroupFiles) {
    try {
      writeFileSync(file, `${process.pid}\n`, { flag: 'r+' });
      taken = true;
    } catch (error) {
      problem = (error as Error).message;
    }
  }
  if (!taken) warn(`Could not move to the root control group: ${problem}`);
  return taken;
}

function lockMemory(calls: DaemonCalls, warn: (text: string) => void): void {
  const unlimited = Buffer.alloc(16, 0xff);
  if (calls.setrlimit(RLIMIT_MEMLOCK, unlimited) !== 0) {
    // With a limit, memory that is asked for later could be refused, which ends the process.
    warn(`Could not increase RLIMIT_MEMLOCK, not locking memory: ${errorText(calls.errno())}`);
    return;
  }
  const flags = MCL_CURRENT | MCL_FUTURE;
  if (calls.mlockall(flags | MCL_ONFAULT) === 0) return;
  const errno = calls.errno();
  // Before Linux 4.4 there is no locking on fault; locking everything at once would take gigabytes.
  const reason = errno === EINVAL ? 'this kernel cannot lock pages as they are used' : errorText(errno);
  warn(`Could not lock memory: ${reason}`);
}

/** An error number in the words of strerror(3). */
function errorText(errno: number): string {
  const words: Readonly<Record<number, string>> = {
    1: 'Operation not permitted',
    3: 'No such process',
    12: 'Cannot allocate memory',
    13: 'Permission denied',
    22: 'Invalid argument',
  };
  return `${words[errno] ?? 'error'} (${errno})`;
}
