/**
 * What the local corosync daemon offers to the other daemons and to tools, over packages/ipc (socket `corosync`).
 * The four services have the reference's meaning: corosync-services.md 3.3 (cpg), 4 (quorum), 7.7 (cmap), 6.5 (cfg).
 */

/** Result codes of corosync's libraries (cs_error_t) that a caller has to tell apart. */
export type CorosyncErrorCode =
  | 'LIBRARY'
  | 'TRY_AGAIN'
  | 'INVALID_PARAM'
  | 'NO_MEMORY'
  | 'BAD_HANDLE'
  | 'ACCESS'
  | 'NOT_EXIST'
  | 'NAME_TOO_LONG'
  | 'EXIST'
  | 'NO_SPACE'
  | 'INTERRUPT'
  | 'BUSY'
  | 'NAME_NOT_FOUND'
  | 'BAD_OPERATION'
  | 'FAILED_OPERATION'
  | 'MESSAGE_ERROR'
  | 'NO_SECTIONS'
  | 'VERSION'
  | 'QUEUE_FULL'
  | 'TOO_BIG'
  | 'NOT_SUPPORTED'
  | 'TIMEOUT';

export class CorosyncError extends Error {
  readonly code: CorosyncErrorCode;

  constructor(code: CorosyncErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A process in a group. */
export interface CpgMember {
  readonly nodeId: number;
  readonly pid: number;
  /** Why it is listed as joined or left: 1 join, 2 leave, 3 node down, 4 node up, 5 process down; 0 for members. */
  readonly reason: number;
}

export interface CpgConfigurationChange {
  readonly members: readonly CpgMember[];
  readonly left: readonly CpgMember[];
  readonly joined: readonly CpgMember[];
}

export interface CpgHandlers {
  deliver(nodeId: number, pid: number, body: Buffer): void;
  configurationChange(change: CpgConfigurationChange): void;
  /** The daemon is gone. */
  closed(reason: string): void;
}

export interface CpgConnection {
  readonly localNodeId: number;
  /**
   * Multicasts to the group in agreed order, the sender included.
   * @param body at most 1 MiB less headers
   * @returns when corosync has taken it into its queue @throws {CorosyncError} TRY_AGAIN when its queue is full
   */
  mcast(body: Uint8Array): Promise<void>;
  /** Leaves the group in order; resolves when the leave was delivered. */
  leave(): Promise<void>;
  close(): void;
}

export interface QuorumView {
  readonly quorate: boolean;
  readonly ringNodeId: number;
  readonly ringSequence: bigint;
  readonly members: readonly number[];
}

export type CmapValue =
  | { readonly type: 'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'u32' | 'flt' | 'dbl'; readonly value: number }
  | { readonly type: 'i64' | 'u64'; readonly value: bigint }
  | { readonly type: 'str'; readonly value: string }
  | { readonly type: 'bin'; readonly value: Buffer };

export interface CmapConnection {
  get(key: string): Promise<CmapValue | undefined>;
  set(key: string, value: CmapValue): Promise<void>;
  delete(key: string): Promise<void>;
  /** All keys that begin with the prefix, with their values, sorted by key. */
  list(prefix: string): Promise<ReadonlyMap<string, CmapValue>>;
  close(): void;
}
