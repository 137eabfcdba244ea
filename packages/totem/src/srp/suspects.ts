import type { JoinMessage } from '../codec/membership.ts';
import { mergeIds, sameIds } from './id-sets.ts';
import type { RingState } from './ring-state.ts';

/** Pairs of nodes between which the network, or one of them, seems to be at fault; with how often that was seen. */
export class Suspects {
  readonly #pairs = new Map<string, { count: number; loggedAtMs: number }>();

  /** @param sentence what was seen; only made when it is logged: once in ten minutes for each pair */
  note(ring: RingState, from: number, to: number, sentence: () => string): void {
    const key = `${Math.min(from, to)}-${Math.max(from, to)}`;
    const nowMs = ring.host.monotonicMs();
    const pair = this.#pairs.get(key) ?? { count: 0, loggedAtMs: Number.NEGATIVE_INFINITY };
    if (this.#pairs.size < PAIRS_LIMIT) this.#pairs.set(key, pair);
    pair.count += 1;
    if (nowMs - pair.loggedAtMs < REPEAT_MS) return;
    pair.loggedAtMs = nowMs;
    ring.host.log.warn({ suspects: [from, to] }, sentence());
  }

  /** Counters by `LOWER-HIGHER`. */
  counters(): Record<string, number> {
    return Object.fromEntries([...this.#pairs].map(([key, { count }]) => [key, count]));
  }

  clear(): void {
    this.#pairs.clear();
  }
}

const PAIRS_LIMIT = 1024;
const REPEAT_MS = 600_000;

/**
 * A member calls another node failed that this node hears: the two do not hear each other. Called for every join, before
 * it is worked on. What came while this node slept says nothing: then it was this node that was not there.
 */
export function noteDisagreement(ring: RingState, join: JoinMessage): void {
  const { systemFrom, failedList, leave } = join;
  if (leave || ring.phase !== 'gather' || systemFrom === ring.myId || !ring.memb.includes(systemFrom)) return;
  for (const failed of failedList) {
    if (failed === systemFrom || ring.failed.includes(failed)) continue;
    if (failed === ring.myId) {
      // A node that this one has called failed answers in kind.
      if (ring.pauseEndedMs >= ring.gatherSinceMs || ring.failed.includes(systemFrom)) continue;
      ring.suspects.note(ring, systemFrom, failed, () => {
        return `Node ${systemFrom} calls this node failed, but is heard here: the network from here to there, or node ${systemFrom} itself, is at fault.`;
      });
    } else if (ring.peers.heardMs(failed) > ring.gatherSinceMs) {
      ring.suspects.note(ring, systemFrom, failed, () => {
        return `Node ${systemFrom} calls node ${failed} failed, but both are heard here: the network between them is at fault.`;
      });
    }
  }
}

/** Attempts with the same members that may fail at the same place before it is done without the node behind it. */
const ATTEMPTS = 2;
const JOINS_BY_CHANCE = 3;

/**
 * A ring could not be formed as its token was lost on the way round. Who still sent joins meanwhile never got the token:
 * the first of them in the order of the ring, and the node before it, are the pair between which it was lost. When the
 * next attempt fails there too, that node counts as failed. (The reference tries for ever, and there is no ring at all.)
 */
export function blameForLostCommitToken(ring: RingState): void {
  const order = ring.newMemb;
  ring.lostAttempts = sameIds(order, ring.lostAttemptMembers) ? ring.lostAttempts + 1 : 1;
  ring.lostAttemptMembers = order;
  // One or two joins may have been on their way, or come from a node whose timer ran out first.
  const joinsOfOneLeftOut = Math.max(JOINS_BY_CHANCE, ring.timings.tokenMs / ring.timings.joinMs / 4);
  const start = order.indexOf(ring.myId);
  for (let step = 1; step < order.length; step += 1) {
    const to = order[(start + step) % order.length] as number;
    if ((ring.joinsInCommit.get(to) ?? 0) < joinsOfOneLeftOut) continue;
    const from = order[(start + step - 1) % order.length] as number;
    ring.suspects.note(ring, from, to, () => {
      return `The token that forms the ring was lost between node ${from} and node ${to}, which is alive: look at the network between them.`;
    });
    if (ring.lostAttempts < ATTEMPTS) return;
    ring.failed = mergeIds(ring.failed, [to]);
    ring.pullQuotas.exhaust(ring, to);
    return;
  }
}
