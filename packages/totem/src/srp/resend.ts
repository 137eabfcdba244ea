import type { RingState } from './ring-state.ts';

/** Sends the saved token again and waits anew (6.5 *token retransmit*). */
export function resendToken(ring: RingState): void {
  if (ring.phase === 'gather' || ring.savedToken === undefined) return;
  ring.host.sendToken(ring.savedToken, ring.tokenTarget);
  ring.peers.tokenForwarded(ring.host.monotonicMs());
  ring.timers.armTokenRetransmit(ring.timings);
}

/** Lets go of a held token (6.5 *token hold*). */
export function releaseHeldToken(ring: RingState): void {
  if (ring.phase !== 'operational' && ring.phase !== 'recovery') return;
  if (ring.savedToken === undefined) return;
  ring.host.sendToken(ring.savedToken, ring.tokenTarget);
  ring.peers.tokenForwarded(ring.host.monotonicMs());
}
