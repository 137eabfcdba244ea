import type { RingState } from './ring-state.ts';

/** Times that one node may pull the ring apart in quick succession. A restart takes one to three, a bad network tens. */
const PULLS_AT_ONCE = 30;
/** One more after so many times of what a membership change takes at most (token + consensus). */
const REFILL_FACTOR = 10;

interface Quota {
  left: number;
  countedMs: number;
}

/**
 * How often each node may pull this node's operational ring into GATHER, by a join, a merge_detect or a message of
 * another ring. A node in its right mind stays far below. One that floods, repeats old packets or forms rings over and over
 * costs the others a bounded number of membership changes at first, and one in a while after that.
 */
export class PullQuotas {
  readonly #quotas = new Map<number, Quota>();

  /** Takes one pull of `nodeId`, which must be in the nodelist or the ring. @returns false when it has none left */
  take(ring: RingState, nodeId: number): boolean {
    const nowMs = ring.host.monotonicMs();
    const refillMs = REFILL_FACTOR * (ring.timings.tokenMs + ring.timings.consensusMs);
    const quota = this.#quotas.get(nodeId) ?? { left: PULLS_AT_ONCE, countedMs: nowMs };
    this.#quotas.set(nodeId, quota);
    const gained = Math.floor((nowMs - quota.countedMs) / refillMs);
    if (gained > 0) {
      quota.left = Math.min(PULLS_AT_ONCE, quota.left + gained);
      quota.countedMs = nowMs;
    }
    if (quota.left > 0) {
      quota.left -= 1;
      return true;
    }
    ring.trouble.note(ring.addressOf(nodeId), 'too_many_joins', () => {
      return `Node ${nodeId} makes this node form a new ring over and over; it is heard once in ${Math.ceil(refillMs / 1000)} s from now on. Look at its network and its log.`;
    });
    return false;
  }
}
