import type { OcfCode } from './codes.ts';
import type { AgentContext, WatchContext } from './context.ts';

/** A declared instance parameter (ocf-agents.md 1.8). */
export interface AgentParameter {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean';
  readonly shortDescription: string;
  readonly longDescription: string;
  /** Value when the parameter is not set; a function when it depends on the resource (`{instance}`). */
  readonly default?: string | ((instance: string) => string);
  readonly required?: boolean;
  /** OCF 1.0: no two resources may have the same value; a change restarts instead of reloading. */
  readonly unique?: boolean;
  /** OCF 1.1: parameters with one group name must together be unique. */
  readonly uniqueGroup?: string;
  /** OCF 1.1: `reload-agent` can take over a change. */
  readonly reloadable?: boolean;
  /** OCF 1.1: the value is a secret. */
  readonly private?: boolean;
}

/** An action that the agent advertises, with the timeout (seconds) that it recommends. */
export interface AgentAction {
  readonly name: string;
  readonly timeoutSeconds: number;
  readonly intervalSeconds?: number;
  /** OCF_CHECK_LEVEL that this monitor is for. */
  readonly depth?: number;
  readonly role?: 'Promoted' | 'Unpromoted';
}

/** One operation's implementation. A thrown error is exit code 1 with its message as exit reason. */
export type Operation = (context: AgentContext) => OcfCode | Promise<OcfCode>;

/** What is left to do after an operation has been answered, for example announcing an address. */
export type BackgroundTask = (context: AgentContext, args: readonly string[]) => Promise<void>;

/** A running watch. */
export interface Watch {
  /** Stops watching; nothing is reported afterwards. */
  close(): void;
}

/** A resource agent. `meta-data`, `usage`, `help` come from the kit. */
export interface Agent {
  readonly provider: string;
  readonly name: string;
  /** Version of the agent itself. */
  readonly version: string;
  /** Version of the OCF agent API that it follows. */
  readonly apiVersion: '1.0' | '1.1';
  readonly shortDescription: string;
  readonly longDescription: string;
  readonly parameters: readonly AgentParameter[];
  readonly actions: readonly AgentAction[];
  /** Implementations by action name: start, stop, monitor, validate-all, reload, status ... */
  readonly operations: Readonly<Record<string, Operation>>;
  /** What runs before the agent finds that it does not know an action, if it checks its setting first. */
  readonly unknownAction?: Operation;
  /** Text of `usage`. `program` is the path it was called by. */
  usage(program: string): string;
  /** Exit code of `usage` and `help`; 0 where not given. */
  readonly usageCode?: OcfCode;
  readonly background?: Readonly<Record<string, BackgroundTask>>;
  /**
   * Watches the running resource and calls `context.report` the moment something may be wrong with it; a monitor then
   * decides. Resolves when the watch is armed; it must look once after arming, so that nothing falls between.
   */
  watch?(context: WatchContext): Promise<Watch>;
}
