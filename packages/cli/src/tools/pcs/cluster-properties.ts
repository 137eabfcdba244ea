/** What the daemons' meta-data says about a cluster property. */
export interface PropertyDefinition {
  readonly kind: 'boolean' | 'enum' | 'integer' | 'percentage' | 'time' | 'string';
  readonly defaultValue: string;
  readonly values?: readonly string[];
}

/** Properties that the cluster itself writes; pcs does not set them. */
export const readOnlyProperties: ReadonlySet<string> = new Set([
  'cluster-name',
  'have-watchdog',
  'cluster-infrastructure',
  'dc-version',
  'last-lrm-refresh',
]);

function define(
  kind: PropertyDefinition['kind'],
  entries: Readonly<Record<string, string>>,
): [string, PropertyDefinition][] {
  return Object.entries(entries).map(([name, defaultValue]) => [name, { kind, defaultValue }]);
}

function choice(defaultValue: string, ...values: string[]): PropertyDefinition {
  return { kind: 'enum', defaultValue, values };
}

/** Cluster properties with their kinds and defaults, those of pengine, crmd and cib together (cli-pcs.md 8). */
export const clusterProperties: ReadonlyMap<string, PropertyDefinition> = new Map([
  ...define('boolean', {
    'concurrent-fencing': 'false',
    'enable-acl': 'false',
    'enable-startup-probes': 'true',
    'have-watchdog': 'false',
    'maintenance-mode': 'false',
    'remove-after-stop': 'false',
    'shutdown-lock': 'false',
    'start-failure-is-fatal': 'true',
    'startup-fencing': 'true',
    'stonith-enabled': 'true',
    'stop-all-resources': 'false',
    'stop-orphan-actions': 'true',
    'stop-orphan-resources': 'true',
    'symmetric-cluster': 'true',
  }),
  ...define('integer', {
    'batch-limit': '0',
    'cluster-ipc-limit': '500',
    'migration-limit': '-1',
    'node-action-limit': '0',
    'node-health-base': '0',
    'node-health-green': '0',
    'node-health-red': '-INFINITY',
    'node-health-yellow': '0',
    'pe-error-series-max': '-1',
    'pe-input-series-max': '4000',
    'pe-warn-series-max': '5000',
    'stonith-max-attempts': '10',
  }),
  ...define('time', {
    'cluster-delay': '60s',
    'cluster-recheck-interval': '15min',
    'dc-deadtime': '20s',
    'election-timeout': '2min',
    'join-finalization-timeout': '30min',
    'join-integration-timeout': '3min',
    'priority-fencing-delay': '0',
    'shutdown-escalation': '20min',
    'shutdown-lock-limit': '0',
    'stonith-timeout': '60s',
    'stonith-watchdog-timeout': '0',
    'transition-delay': '0s',
  }),
  ...define('percentage', { 'load-threshold': '80%' }),
  ...define('string', { 'cluster-name': '', 'fence-reaction': 'stop' }),
  ['no-quorum-policy', choice('stop', 'demote', 'freeze', 'ignore', 'stop', 'suicide')],
  ['node-health-strategy', choice('none', 'custom', 'migrate-on-red', 'none', 'only-green', 'progressive')],
  ['placement-strategy', choice('default', 'balanced', 'default', 'minimal', 'utilization')],
  ['stonith-action', choice('reboot', 'off', 'poweroff', 'reboot')],
] as [string, PropertyDefinition][]);
