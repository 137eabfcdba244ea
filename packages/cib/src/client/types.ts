import type { Element } from '@sanode/xml';

/** Call options of CIB requests (cib.md 3.3). */
export const cibOption = {
  none: 0,
  verbose: 0x1,
  xpath: 0x2,
  multiple: 0x4,
  canCreate: 0x8,
  discardReply: 0x10,
  noChildren: 0x20,
  xpathAddress: 0x40,
  mixedUpdate: 0x80,
  scopeLocal: 0x100,
  dryRun: 0x200,
  transaction: 0x400,
  scoreUpdate: 0x800,
  syncCall: 0x1000,
  noMtime: 0x2000,
  inhibitNotify: 0x10000,
  quorumOverride: 0x100000,
} as const;

export type CibOperation =
  | 'cib_query'
  | 'cib_modify'
  | 'cib_create'
  | 'cib_replace'
  | 'cib_delete'
  | 'cib_erase'
  | 'cib_bump'
  | 'cib_upgrade'
  | 'cib_apply_diff'
  | 'cib_sync'
  | 'cib_sync_one'
  | 'cib_master'
  | 'cib_slave'
  | 'cib_ismaster'
  | 'noop'
  | 'ping';

export interface CibRequest {
  operation: CibOperation;
  /** Section name, or an XPath with the option `xpath`. Absent: the whole document. */
  section?: string;
  data?: Element;
  options?: number;
  /** Node that is to answer; absent: the local one (queries) or all (changes). */
  host?: string;
  user?: string;
  /** Milliseconds to wait for the reply; default 120,000. */
  timeoutMs?: number;
}

export interface CibReply {
  /** 0, or a negative number: -errno or one of cib.md 3.2. */
  readonly rc: number;
  readonly data: Element | undefined;
  /** What an upgrade of a file changed; the daemon logs it instead. */
  readonly upgradeMessages?: readonly string[];
}

/** A connection to the cib daemon of this node, or to a file (CIB_file). */
export interface CibClient {
  /** Carries out one request. A refusal is a reply with `rc` < 0; only a lost connection throws (IpcError). */
  call(request: CibRequest): Promise<CibReply>;
  /** Registers for `cib_diff_notify`; the element is the whole `<notify>` (cib.md 8). */
  onDiff(handler: (notify: Element) => void): void;
  close(): void;
}
