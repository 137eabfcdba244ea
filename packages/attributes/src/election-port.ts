import type { Element } from '@sanode/xml';

/** State of an election as it is sent in `attr_writer`. */
export const electionState = { start: 0, inProgress: 1, lost: 2, won: 3 } as const;
export type ElectionState = (typeof electionState)[keyof typeof electionState];

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
