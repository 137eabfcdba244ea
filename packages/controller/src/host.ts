import type { CibReply, CibRequest } from '@sanode/cib';
import type { ClusterConnection } from '@sanode/peers';
import type { CoreHost } from '@sanode/runtime';
import type { ActionRequest } from '@sanode/transition';
import type { Element } from '@sanode/xml';

/** One value for attrd; `value` undefined deletes. */
export interface AttributeChange {
  readonly name: string;
  readonly value: string | undefined;
}

/** How a fencing ended. */
export interface FencingReply {
  readonly succeeded: boolean;
  /** Execution status; 10 = no device can do it. */
  readonly status: number;
  readonly reason: string;
}

/** What the scheduler answered. */
export interface SchedulerReply {
  /** `<transition_graph>`. */
  readonly graph: Element;
  /** File in which it saved its input (`crm-tgraph-in`). */
  readonly source: string | undefined;
}

/**
 * What the controller needs of its daemon. Everything is an effect: it is carried out after the controller's handler
 * has returned, and its outcome comes as a new event (the callbacks, which never run before).
 */
export interface ControllerHost extends CoreHost {
  /** User CPU time of this process, microseconds (the age in elections). */
  userCpuMicroseconds(): number;
  /** Carries out something after the handler that runs now. */
  effect(action: () => void): void;

  /** Connects to the cib and subscribes to its changes. @param done with a sentence when it failed */
  connectCib(done: (problem: string | undefined) => void): void;
  closeCib(): void;
  /** One request to the cib; -107 when there is no connection. */
  cib(request: CibRequest, done: (reply: CibReply) => void): void;

  /** Joins the group `crmd` and follows the quorum; events go to the controller's handlers. */
  connectCluster(done: (cluster: ClusterConnection | undefined, problem: string | undefined) => void): void;
  /** Leaves the group. */
  leaveCluster(done: () => void): void;
  send(to: string | undefined, message: Element): void;
  /** `totem.cluster_name` of corosync's configuration. */
  clusterName(done: (name: string | undefined) => void): void;

  connectExecutor(done: (problem: string | undefined) => void): void;
  closeExecutor(): void;
  /** A command to the executor; its reply, or undefined when the executor is gone. */
  executor(command: Element, done: (reply: Element | undefined) => void): void;
  /** Meta-data of an agent; undefined when it has none. */
  metadata(
    standard: string,
    provider: string | undefined,
    type: string,
    done: (root: Element | undefined) => void,
  ): void;

  /** Sets attributes of a node through attrd. */
  updateAttributes(node: string, changes: readonly AttributeChange[]): void;
  /** Clears failures (attrd `clear-failure`). */
  clearFailures(node: string, resource: string, operation: string | undefined, intervalMs: number | undefined): void;

  /** Asks the scheduler; undefined when it can't be reached, with the reason. */
  schedule(request: Element, done: (reply: SchedulerReply | undefined, problem: string | undefined) => void): void;
  /** Fences a node. */
  fence(request: Extract<ActionRequest, { type: 'fence' }>, done: (reply: FencingReply) => void): void;

  /** Opens the socket for tools. */
  openTools(): void;
  closeTools(): void;
  /** A message for a tool. @returns whether a client of that id is connected */
  sendToClient(clientId: string, message: Element): boolean;

  /** Whether sbd runs (property have-watchdog). */
  watchdogRuns(): boolean;
  /** Number of CPU cores, load average of one minute, and the cib's share of a CPU (0..1). */
  load(): { cpuCores: number; average: number; cibCpuFraction: number | undefined };
  /** Ends the process. */
  exit(code: number, why: string): void;
}
