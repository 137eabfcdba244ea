import type { RingId } from '@sanode/totem';

/** What a service does during a synchronization (corosync-services.md 2). */
export interface SyncPart {
  /** @param transitional old members that came with us @param members ascending */
  init(transitional: readonly number[], members: readonly number[], ringId: RingId): void;
  /** Sends this node's state. @returns false to be called again when the next token was sent */
  process(): boolean;
  activate(): void;
  abort(): void;
}

/** A service of the daemon: it sees the messages of its id in agreed order. */
export interface Service {
  readonly id: number;
  readonly shortName: string;
  readonly functionCount: number;
  readonly sync?: SyncPart;
  receive(fn: number, senderId: number, message: Buffer): void;
  /** Turns a message of a node with the other byte order round, in place; its header is right already (1.4). */
  swapByteOrder(fn: number, message: Buffer): void;
}

/** What a service may do to the ring. */
export interface ServiceRing {
  readonly nodeId: number;
  /** Multicasts; when the ring has no room it is kept and sent, in order, as soon as there is some. */
  send(message: Buffer, ...more: Uint8Array[]): void;
  /** Multicasts if there is room now and no kept message is ahead. */
  trySend(message: Buffer, ...more: Uint8Array[]): boolean;
  readonly syncInProgress: boolean;
}
