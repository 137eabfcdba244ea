import type { RingState } from './ring-state.ts';

/** Times that one node may pull the ring apart in quick succession. A restart takes one to three. */
const PULLS_AT_ONCE = 10;
/** Pulls that one costs after which the ring was formed without the node that pulled. */
const PRICE_WITHOUT = 4;
/** A node that gathers sends a join every `join` ms, and some more; one that sends this many times as much floods. */
const FLOOD_FACTOR = 2;
/** How long it is listened to before that is judged, in times of `join`. */
const JUDGED_AFTER_JOINS = 4;

interface Quota {
  left: number;
  countedMs: number;
  /** Time until there is one more, ms. */
  refillMs: number;
  /** Since when, in this ring, packets are not heeded, and how many were not. */
  ignoringSinceMs: number | undefined;
  ignored: number;
  /** It has pulled since the last ring was installed. */
  pulled: boolean;
}

/**
 * How often each node may pull this node's operational ring into GATHER, by a join, a merge_detect or a message of another
 * ring: ten times, then once in about (token + consensus), and not at all while it floods. So a node that floods, repeats
 * old packets or forms rings over and over costs the others a bounded number of membership changes. A ring of this node
 * alone is not protected: two that wait for each other's quotas would never meet.
 */
export class PullQuotas {
  readonly #quotas = new Map<number, Quota>();

  /** Leaves `nodeId` no pull until the next refill: it has just proved to be in no state to be in a ring. */
  exhaust(ring: RingState, nodeId: number): void {
    this.#of(ring, nodeId).left = 0;
  }

  /** A ring of these members was installed. */
  ringInstalled(members: readonly number[]): void {
    for (const [nodeId, quota] of this.#quotas) {
      if (quota.pulled && !members.includes(nodeId)) quota.left = Math.max(0, quota.left - PRICE_WITHOUT + 1);
      quota.pulled = false;
      quota.ignoringSinceMs = undefined;
      quota.ignored = 0;
    }
  }

  /** Takes one pull of `nodeId`, which must be in the nodelist or the ring. @returns false when it has none left */
  take(ring: RingState, nodeId: number): boolean {
    if (ring.memb.length < 2) return true;
    const quota = this.#of(ring, nodeId);
    refill(ring, quota);
    if (quota.left > 0) {
      quota.left -= 1;
      quota.pulled = true;
      return true;
    }
    quota.ignoringSinceMs ??= ring.host.monotonicMs();
    quota.ignored += 1;
    ring.trouble.note(ring.addressOf(nodeId), 'too_many_joins', () => {
      return (
        `Node ${nodeId} makes this node form a new ring over and over: it is heard less often from now on, ` +
        'and not at all while it floods. Look at its network and its log.'
      );
    });
    return false;
  }

  #of(ring: RingState, nodeId: number): Quota {
    const known = this.#quotas.get(nodeId);
    if (known !== undefined) return known;
    const quota: Quota = {
      left: PULLS_AT_ONCE,
      countedMs: 0,
      refillMs: 0,
      ignoringSinceMs: undefined,
      ignored: 0,
      pulled: false,
    };
    restart(ring, quota);
    this.#quotas.set(nodeId, quota);
    return quota;
  }
}

function refill(ring: RingState, quota: Quota): void {
  const nowMs = ring.host.monotonicMs();
  const elapsedMs = nowMs - quota.countedMs;
  if (elapsedMs < quota.refillMs) return;
  const { joinMs } = ring.timings;
  if (quota.left === 0) {
    quota.ignoringSinceMs ??= nowMs;
    if (nowMs - quota.ignoringSinceMs < JUDGED_AFTER_JOINS * joinMs) return;
  }
  const ignoringMs = nowMs - (quota.ignoringSinceMs ?? nowMs);
  const floods = quota.ignored > (FLOOD_FACTOR * ignoringMs) / joinMs;
  if (!floods) quota.left = Math.min(PULLS_AT_ONCE, quota.left + Math.floor(elapsedMs / quota.refillMs));
  restart(ring, quota);
}

/** Half to one and a half times (token + consensus): at random, so that two rings do not miss each other for ever. */
function restart(ring: RingState, quota: Quota): void {
  const { tokenMs, consensusMs } = ring.timings;
  quota.countedMs = ring.host.monotonicMs();
  quota.refillMs = (tokenMs + consensusMs) * (0.5 + ring.host.randomUint32() / 2 ** 32);
  quota.ignoringSinceMs = undefined;
  quota.ignored = 0;
}
