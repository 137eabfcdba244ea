import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { CmapValue } from '../client/types.ts';
import { equalValues, type IcmapChange, trackAdd, trackDelete, trackModify } from '../cmap/icmap.ts';
import { csResult } from '../wire/results.ts';
import type { ServerDaemon, Session } from './session.ts';

/** How often a tracked statistic is looked at, ms (corosync-services.md 7.5). */
const pollMs = 1500;

const clearable = ['knet', 'ipc', 'totem', 'schedmiss', 'all'];

/** What is counted of one client's connection (`stats.ipcs.`). */
export interface SessionCounters {
  requests: number;
  responses: number;
  /** Events sent. */
  dispatched: number;
  /** Requests that were not understood. */
  invalid: number;
  /** Service of the last request, by the reference's ids. */
  service: number;
}

export function newCounters(): SessionCounters {
  return { requests: 0, responses: 0, dispatched: 0, invalid: 0, service: 0 };
}

/** The map `stats` of cmap: counters of the ring, the process and the local clients (corosync-services.md 7.5). */
export class StatisticsMap {
  readonly #daemon: ServerDaemon;
  readonly #sessions: ReadonlyMap<string, Session>;
  #closed = 0;

  /** @param sessions by their clients' ids */
  constructor(daemon: ServerDaemon, sessions: ReadonlyMap<string, Session>) {
    this.#daemon = daemon;
    this.#sessions = sessions;
  }

  /** A connection has ended. */
  sessionClosed(): void {
    this.#closed += 1;
  }

  get(key: string): CmapValue | undefined {
    return this.#all().get(key);
  }

  /** In byte order of the keys. */
  list(prefix: string): [string, CmapValue][] {
    return [...this.#all()].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Only `stats.clear.NAME` can be set, to anything: it sets those statistics to 0. @returns csResult number */
  set(key: string): number {
    const what = /^stats\.clear\.(.*)$/.exec(key)?.[1];
    if (what === undefined) return csResult.ACCESS;
    if (!clearable.includes(what)) return csResult.NOT_SUPPORTED;
    this.#daemon.clearStatistics(what);
    if (what === 'ipc' || what === 'all') {
      this.#closed = 0;
      for (const session of this.#sessions.values()) Object.assign(session.counters, newCounters());
    }
    return csResult.OK;
  }

  /**
   * Follows one statistic, or the keys with a prefix that come and go.
   * @param kinds bits of trackAdd, trackDelete, trackModify
   * @returns stops it, or a csResult number
   */
  track(key: string, isPrefix: boolean, kinds: number, handler: (change: IcmapChange) => void): (() => void) | number {
    if (isPrefix && kinds !== (trackAdd | trackDelete)) return csResult.NOT_SUPPORTED;
    const look = (): Map<string, CmapValue> => {
      const found = isPrefix ? this.list(key) : [[key, this.get(key)] as const];
      return new Map(found.filter((entry): entry is [string, CmapValue] => entry[1] !== undefined));
    };
    let before = look();
    const timer = setInterval(() => {
      const now = look();
      for (const [name, oldValue] of before) {
        const newValue = now.get(name);
        if (newValue === undefined) handler({ kind: trackDelete, key: name, newValue, oldValue });
        else if (!isPrefix && !equalValues(oldValue, newValue)) {
          handler({ kind: trackModify, key: name, newValue, oldValue });
        }
      }
      for (const [name, newValue] of now) {
        if (!before.has(name)) handler({ kind: trackAdd, key: name, newValue, oldValue: undefined });
      }
      before = now;
    }, pollMs);
    timer.unref();
    return () => clearInterval(timer);
  }

  #all(): Map<string, CmapValue> {
    const all = new Map(this.#daemon.statistics());
    const u64 = (value: number): CmapValue => ({ type: 'u64', value: BigInt(value) });
    const u32 = (value: number): CmapValue => ({ type: 'u32', value });
    all.set('stats.ipcs.global.active', u64(this.#sessions.size));
    all.set('stats.ipcs.global.closed', u64(this.#closed));
    for (const session of this.#sessions.values()) {
      const { counters, client, pid } = session;
      const number = Number(client.id.split('-')[1]).toString(16);
      const prefix = `stats.ipcs.service${counters.service}.${pid}.0x${number}.`;
      const queued = client.queuedBytes;
      const values: Readonly<Record<string, CmapValue>> = {
        dispatched: u64(counters.dispatched),
        flow_control: u32(0),
        flow_control_count: u64(0),
        invalid_request: u64(counters.invalid),
        overload: u64(0),
        procname: { type: 'str', value: processName(pid) },
        queued: u32(Math.min(queued, 0xffffffff)),
        queueing: { type: 'i32', value: queued > 0 ? 1 : 0 },
        recv_retries: u64(0),
        requests: u64(counters.requests),
        responses: u64(counters.responses),
        send_retries: u64(0),
        sent: u32(counters.dispatched % 2 ** 32),
      };
      for (const [name, value] of Object.entries(values)) all.set(prefix + name, value);
    }
    return all;
  }
}

const maxNameCharacters = 15;

/** A program's name; that of the script where an interpreter runs one. */
function processName(pid: number): string {
  try {
    const [program = '', ...words] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const script = basename(program) === 'node' ? words.find((word) => !word.startsWith('-')) : undefined;
    return basename(script ?? program).slice(0, maxNameCharacters);
  } catch {
    return '';
  }
}

/** The reference's service id of an operation (wire/protocol.ts). */
export function serviceOf(operation: number): number {
  if (operation < 20) return 2;
  if (operation < 30) return 3;
  if (operation < 40) return 5;
  return operation < 60 ? 1 : 0;
}
