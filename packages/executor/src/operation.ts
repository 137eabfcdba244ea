import type { Timer } from '@sanode/runtime';

/** A resource that was registered with the executor. */
export interface ResourceDefinition {
  readonly id: string;
  /** ocf, lsb, systemd, service, stonith ... */
  readonly standard: string;
  /** '' where the standard has none. */
  readonly provider: string;
  readonly type: string;
}

/** What a runner is to carry out. */
export interface ActionRequest {
  readonly resource: ResourceDefinition;
  readonly action: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Instance attributes and CRM_meta_ values, as sent with the command. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** A finished action. */
export interface ActionResult {
  /** OCF exit code. */
  readonly code: number;
  /** Execution status (client/types.ts). */
  readonly status: number;
  readonly exitReason: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** An operation in the executor: waiting for its start delay, queued, running, or recurring and waiting for its time. */
export interface Operation {
  callId: number;
  clientId: string;
  readonly resourceId: string;
  readonly action: string;
  readonly intervalMs: number;
  timeoutMs: number;
  readonly startDelayMs: number;
  userData: string;
  options: number;
  parameters: ReadonlyMap<string, string>;
  /** When it was put into the queue, monotonic ms. */
  queuedAtMs: number;
  /** When it last ran, epoch seconds. */
  runEpoch: number;
  /** When its result last changed, epoch seconds. */
  changeEpoch: number;
  startedAtMs: number;
  /** How long the last run took and how long it had waited, ms; 0 if it never ran. */
  lastTimes: { execMs: number; queueMs: number };
  /** Delay of the start, or wait for the next run. */
  timer: Timer | undefined;
  state: 'delayed' | 'queued' | 'running' | 'waiting';
  /** It was cancelled while running. */
  cancelled: boolean;
  /** Its resource was unregistered while it ran. */
  resourceDeleted: boolean;
  /** What was last told to clients; undefined: nothing yet. */
  lastTold: { code: number; status: number } | undefined;
  lastCode: number | undefined;
  /** A watch saw something while it ran: run once more. */
  runAgain: boolean;
}

/** An alert agent to be run once. */
export interface AlertRequest {
  readonly id: string;
  /** Absolute path. */
  readonly path: string;
  readonly timeoutMs: number;
  /** CRM_alert_ and CRM_notify_ variables and instance attributes. */
  readonly variables: ReadonlyMap<string, string>;
}
