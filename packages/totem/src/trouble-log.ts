import type { Logger } from '@sanode/runtime';

/** What is wrong with somebody who sends to this node. Each is a counter `stats.trouble.ADDRESS.KIND`. */
export type TroubleKind =
  | 'unlisted_address'
  | 'corosync_2'
  | 'knet'
  | 'not_totem'
  | 'other_version'
  | 'other_transport'
  | 'malformed'
  | 'own_node_id'
  | 'wrong_node_id'
  | 'unlisted_member'
  | 'impossible_ring'
  | 'wrong_place'
  | 'too_many_joins';

interface Entry {
  count: number;
  /** Of `count`, what came since the last log line. */
  unlogged: number;
  loggedAtMs: number;
}

/** Kinds of trouble that are kept apart, all senders together: with forged source addresses there is no end of them. */
const ENTRIES_LIMIT = 256;
const REPEAT_MS = 600_000;
const OVERFLOW = 'others';

/**
 * Says what is wrong with a sender once for each kind, and again every ten minutes while it goes on; everything is
 * counted. So a flood of bad packets costs no log.
 */
export class TroubleLog {
  readonly #log: Logger;
  readonly #monotonicMs: () => number;
  readonly #entries = new Map<string, Entry>();

  constructor(log: Logger, monotonicMs: () => number) {
    this.#log = log;
    this.#monotonicMs = monotonicMs;
  }

  /**
   * Counts one packet, and logs when it is time.
   * @param from source address
   * @param sentence what is wrong and what to do; only made when it is logged
   */
  note(from: string, kind: TroubleKind, sentence: () => string): void {
    const nowMs = this.#monotonicMs();
    const entry = this.#entryOf(`${from}.${kind}`);
    entry.count += 1;
    if (nowMs - entry.loggedAtMs < REPEAT_MS) {
      entry.unlogged += 1;
      return;
    }
    const more = entry.unlogged > 0 ? ` (${entry.unlogged} more since the last time)` : '';
    entry.unlogged = 0;
    entry.loggedAtMs = nowMs;
    this.#log.warn({ from, trouble: kind }, `${sentence()}${more}`);
  }

  /** Counters by `ADDRESS.KIND`. */
  counters(): Record<string, number> {
    return Object.fromEntries([...this.#entries].map(([key, entry]) => [key, entry.count]));
  }

  /** Forgets the counts; what was said need not be said again. */
  clear(): void {
    for (const entry of this.#entries.values()) entry.count = 0;
  }

  #entryOf(key: string): Entry {
    const known =
      this.#entries.get(key) ?? (this.#entries.size >= ENTRIES_LIMIT ? this.#entries.get(OVERFLOW) : undefined);
    if (known !== undefined) return known;
    const entry: Entry = { count: 0, unlogged: 0, loggedAtMs: Number.NEGATIVE_INFINITY };
    this.#entries.set(this.#entries.size >= ENTRIES_LIMIT ? OVERFLOW : key, entry);
    return entry;
  }
}
