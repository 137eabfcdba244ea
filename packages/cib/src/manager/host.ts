import type { CoreHost } from '@sanode/runtime';
import type { Element } from '@sanode/xml';

/** Who is at the other end of a client's connection. */
export interface CibClientIdentity {
  /** Account of the peer process. */
  readonly user: string;
  readonly pid: number;
  /** Whether the account may act for others (root and hacluster). */
  readonly privileged: boolean;
  /** Connected to cib_rw: may ask for privileged operations. */
  readonly writable: boolean;
}

/** What {@link import('./cib-manager.ts').CibManager} asks its surroundings for. */
export interface CibHost extends CoreHost {
  /** A new identifier for a client. */
  randomUuid(): string;
  /** Multicasts to all nodes; the message comes back to us as well. */
  multicast(message: Element): void;
  /** Whether a node of this name is known, so that `sendTo` reaches somebody. */
  knows(node: string): boolean;
  /** Sends to one node by its name. */
  sendTo(node: string, message: Element): void;
  /** Answers an IPC request; each token exactly once. */
  respond(client: string, token: number, answer: Element): void;
  /** Sends an event to a client: a reply or a notification. */
  event(client: string, message: Element): void;
  /** Ends a client's connection. */
  disconnectClient(client: string): void;
  /** Writes the document; ends with `persisted(sequence, ok)`. A newer document may stand for older ones. */
  persist(cib: Element, sequence: number): void;
  /** Other nodes whose cib is in the group. */
  activePeerCount(): number;
  /** Ends the process. */
  exit(code: number): void;
}
