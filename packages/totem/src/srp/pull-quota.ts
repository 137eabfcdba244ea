import type { RingState } from './ring-state.ts';

/** Times that one node may pull the ring apart in quick succession. A restart takes one to three. */
const PULLS_AT_ONCE = 10;
/** One more after so many times of what a membership change takes at most (token + consensus). */
const REFILL_FACTOR = 4;

/** Pulls that one costs after which the ring was formed without the node that pulled. */
const PRICE_WITHOUT = 4;

interface Quota {
  left: number;
  countedMs: number;
  /** It has pulled since the last ring was installed. */
  pulled: boolean;
}

/**
 * How often each node may pull this node's operational ring into GATHER, by a join, a merge_detect or a message of
 * another ring. A node in its right mind stays far below. One that floods, repeats old packets or forms rings over and over
 * costs the others a bounded number of membership changes at first, and one in a while after that.
 */
export class PullQuotas {
  readonly #quotas = new Map<number, Quota>();

  /** Leaves `nodeId` no pull until the next refill: it has just proved to be in no state to be in a ring. */
  exhaust(ring: RingState, nodeId: number): void {
    this.#quotas.set(nodeId, { left: 0, countedMs: ring.host.monotonicMs(), pulled: false });
  }

  /** A ring of these members was installed. */
  ringInstalled(members: readonly number[]): void {
    for (const [nodeId, quota] of this.#quotas) {
      if (quota.pulled && !members.includes(nodeId)) quota.left = Math.max(0, quota.left - PRICE_WITHOUT + 1);
      quota.pulled = false;
    }
  }

  /** Takes one pull of `nodeId`, which must be in the nodelist or the ring. @returns false when it has none left */
  take(ring: RingState, nodeId: number): boolean {
    const nowMs = ring.host.monotonicMs();
    const refillMs = REFILL_FACTOR * (ring.timings.tokenMs + ring.timings.consensusMs);
    const quota = this.#quotas.get(nodeId) ?? { left: PULLS_AT_ONCE, countedMs: nowMs, pulled: false };
    this.#quotas.set(nodeId, quota);
    const gained = Math.floor((nowMs - quota.countedMs) / refillMs);
    if (gained > 0) {
      quota.left = Math.min(PULLS_AT_ONCE, quota.left + gained);
      quota.countedMs = nowMs;
    }
    if (quota.left > 0) {
      quota.left -= 1;
      quota.pulled = true;
      return true;
    }
    ring.trouble.note(ring.addressOf(nodeId), 'too_many_joins', () => {
      return `Node ${nodeId} makes this node form a new ring over and over; it is heard once in ${Math.ceil(refillMs / 1000)} s from now on. Look at its network and its log.`;
    });
    return false;
  }
}
