import type { ElectionState } from '@sanode/peers';
import type { Element } from '@sanode/xml';

/** What attrd needs of an election (packages/peers has it). Winning and losing come back through the handlers. */
export interface WriterElection {
  readonly state: ElectionState;
  /** Starts a round: election_vote. */
  vote(): void;
  /** Counts a received vote or no-vote. */
  count(message: Element, fromName: string): void;
  /** A peer is gone: its vote does not count. */
  peerLost(name: string): void;
  /** A peer came or went: the round may be over. */
  check(): void;
}
