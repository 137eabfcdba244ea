/** Cluster options as the scheduler uses them (scheduler-1 3.2). */
export interface ClusterOptions {
  /** Every option as written, with defaults for those that have one. */
  readonly values: ReadonlyMap<string, string>;
  readonly symmetric: boolean;
  readonly maintenanceMode: boolean;
  readonly startupProbes: boolean;
  readonly startFailureFatal: boolean;
  readonly fencingEnabled: boolean;
  readonly fencingAction: 'reboot' | 'off';
  readonly haveWatchdog: boolean;
  readonly concurrentFencing: boolean;
  readonly startupFencing: boolean;
  readonly fenceRemoteWithoutQuorum: boolean;
  readonly priorityFencingDelayMs: number;
  readonly nodePendingTimeoutMs: number;
  readonly noQuorumPolicy: 'stop' | 'freeze' | 'ignore' | 'demote' | 'fence';
  readonly shutdownLock: boolean;
  readonly shutdownLockLimitMs: number;
  readonly stopAllResources: boolean;
  readonly stopRemovedResources: boolean;
  readonly cancelRemovedActions: boolean;
  readonly placementStrategy: 'default' | 'utilization' | 'minimal' | 'balanced';
  readonly healthStrategy: 'none' | 'migrate-on-red' | 'only-green' | 'progressive' | 'custom';
  readonly healthBase: number;
  readonly healthScores: { readonly red: number; readonly yellow: number; readonly green: number };
}
