import { PROCESSOR_LIMIT, RTR_LIMIT } from '../codec/header.ts';
import { HELD_BACK_LIMIT } from './messages.ts';
import type { RingState } from './ring-state.ts';
import { WINDOW_SIZE } from './sort-window.ts';

/** A sentence about the first queue or list of the ring that is longer than it may be (totem.md 5); undefined: none. */
export function brokenLimit(ring: RingState): string | undefined {
  const queued = ring.queueLength - 1;
  return (
    beyond('messages to be sent', ring.newQueue.length, queued) ??
    beyond('messages to be sent during sync', ring.newQueueTrans.length, queued) ??
    beyond('old messages to be sent in recovery', ring.retransQueue.length, WINDOW_SIZE) ??
    beyond('messages held back', ring.heldBack.length, HELD_BACK_LIMIT) ??
    beyond('processors', ring.proc.length, PROCESSOR_LIMIT) ??
    beyond('failed processors', ring.failed.length, PROCESSOR_LIMIT) ??
    beyond('retransmission requests', ring.token.rtrCount, RTR_LIMIT)
  );
}

function beyond(what: string, count: number, limit: number): string | undefined {
  return count > limit ? `${count} ${what}, ${limit} are the limit` : undefined;
}
