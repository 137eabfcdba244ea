import type { Element } from '@sanode/xml';

/** Call options of executor commands, attribute `lrmd_callopt` (executor-fencer-attrd.md 1). */
export const lrmdCallOption = {
  none: 0,
  /** Only the requester is told of the result. */
  notifyOrigOnly: 1,
  dropRecurring: 2,
  /** A recurring operation's run is told only when its exit code or status differs from the last one told. */
  notifyChangesOnly: 4,
} as const;

/** Execution status numbers (`lrmd_exec_op_status`, `op-status` in the CIB). */
export const executionStatus = {
  unknown: -2,
  pending: -1,
  done: 0,
  cancelled: 1,
  timeout: 2,
  notSupported: 3,
  error: 4,
  hardError: 5,
  fatalError: 6,
  notInstalled: 7,
  notConnected: 8,
  invalid: 9,
  noFenceDevice: 10,
  noSecrets: 11,
} as const;

export interface ExecutorClientOptions {
  /** Name told to the executor at `register`, for example `crmd`. */
  clientName: string;
  /** Every `<lrmd_notify>`: results of operations, registrations, pokes. */
  onNotify: (notify: Element) => void;
  /** The executor is gone. */
  onClose: (reason: string) => void;
}

/** A connection to this node's lrmd, registered already. */
export interface ExecutorClient {
  /** Client id that the executor gave. */
  readonly clientId: string;
  /**
   * Sends one `<lrmd_command lrmd_op=...>` and waits for its `<lrmd_reply lrmd_rc=...>`. The attributes `__name__`, `t`
   * and `lrmd_async_id` are added where missing. For `lrmd_rsc_exec`, `lrmd_rc` is the call id; the result comes later
   * as a notification with that `lrmd_callid`.
   * @throws {import('@sanode/ipc').IpcError} when the executor went away
   */
  request(command: Element): Promise<Element>;
  close(): void;
}
