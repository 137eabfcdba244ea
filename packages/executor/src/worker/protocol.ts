import type { LogLevel } from '@sanode/ocf';
import type { ActionResult } from '../operation.ts';

/** Messages between the executor and its workers (Node's IPC channel, JSON). */
export type ToWorker =
  | { kind: 'run'; token: number; provider: string; type: string; action: string; env: Record<string, string> }
  | { kind: 'watch'; resourceId: string; provider: string; type: string; env: Record<string, string> }
  | { kind: 'unwatch'; resourceId: string };

export type FromWorker =
  | { kind: 'ready' }
  | { kind: 'ended'; token: number; result: ActionResult }
  | { kind: 'log'; tag: string; level: LogLevel; text: string }
  | { kind: 'event'; resourceId: string; cause: string }
  | { kind: 'lost'; resourceId: string; reason: string };
