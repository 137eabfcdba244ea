import { evaluateSets, fromEpoch, integerOr, intervalOrZero, isTrue, parseBoolean, parseInterval } from '@sanode/rules';
import { attr, childElements, descend, type Element } from '@sanode/xml';
import type { CibIndex, Message } from '../model/working-set.ts';
import { type HealthScores, infinity, parseScore } from '../values/scores.ts';
import { resolveReference } from './cib-index.ts';

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
  readonly healthScores: HealthScores;
}

type OptionType = 'boolean' | 'interval' | 'score' | 'text' | readonly string[];
interface OptionDefinition {
  readonly name: string;
  readonly legacy?: string;
  readonly type: OptionType;
  readonly fallback: string;
}

const definitions: readonly OptionDefinition[] = [
  { name: 'no-quorum-policy', type: ['stop', 'freeze', 'ignore', 'demote', 'fence', 'suicide'], fallback: 'stop' },
  { name: 'shutdown-lock', type: 'boolean', fallback: 'false' },
  { name: 'shutdown-lock-limit', type: 'interval', fallback: '0' },
  { name: 'symmetric-cluster', type: 'boolean', fallback: 'true' },
  { name: 'maintenance-mode', type: 'boolean', fallback: 'false' },
  { name: 'start-failure-is-fatal', type: 'boolean', fallback: 'true' },
  { name: 'enable-startup-probes', type: 'boolean', fallback: 'true' },
  { name: 'fence-remote-without-quorum', type: 'boolean', fallback: 'false' },
  { name: 'fencing-enabled', legacy: 'stonith-enabled', type: 'boolean', fallback: 'true' },
  { name: 'fencing-action', legacy: 'stonith-action', type: ['reboot', 'off'], fallback: 'reboot' },
  { name: 'fencing-timeout', legacy: 'stonith-timeout', type: 'interval', fallback: '60s' },
  { name: 'have-watchdog', type: 'boolean', fallback: 'false' },
  { name: 'concurrent-fencing', type: 'boolean', fallback: 'true' },
  { name: 'startup-fencing', type: 'boolean', fallback: 'true' },
  { name: 'priority-fencing-delay', type: 'interval', fallback: '0' },
  { name: 'node-pending-timeout', type: 'interval', fallback: '0' },
  { name: 'cluster-delay', type: 'interval', fallback: '60s' },
  { name: 'batch-limit', type: 'score', fallback: '0' },
  { name: 'migration-limit', type: 'score', fallback: '-1' },
  { name: 'stop-all-resources', type: 'boolean', fallback: 'false' },
  { name: 'stop-removed-resources', legacy: 'stop-orphan-resources', type: 'boolean', fallback: 'true' },
  { name: 'cancel-removed-actions', legacy: 'stop-orphan-actions', type: 'boolean', fallback: 'true' },
  { name: 'pe-error-series-max', type: 'score', fallback: '-1' },
  { name: 'pe-warn-series-max', type: 'score', fallback: '5000' },
  { name: 'pe-input-series-max', type: 'score', fallback: '4000' },
  {
    name: 'node-health-strategy',
    type: ['none', 'migrate-on-red', 'only-green', 'progressive', 'custom'],
    fallback: 'none',
  },
  { name: 'node-health-base', type: 'score', fallback: '0' },
  { name: 'node-health-green', type: 'score', fallback: '0' },
  { name: 'node-health-yellow', type: 'score', fallback: '0' },
  { name: 'node-health-red', type: 'score', fallback: '-INFINITY' },
  { name: 'placement-strategy', type: ['default', 'utilization', 'minimal', 'balanced'], fallback: 'default' },
];

function isValid(type: OptionType, value: string): boolean {
  if (type === 'boolean') return parseBoolean(value) !== undefined;
  if (type === 'interval') return parseInterval(value) !== undefined;
  if (type === 'score') return parseScore(value) !== undefined;
  return type === 'text' || type.includes(value.toLowerCase());
}

/** Where the options' evaluation tells what it found. */
export interface OptionSink {
  readonly messages: Message[];
  offerRecheck(epochSeconds: number): void;
}

/** Reads all options from `crm_config`; invalid ones get their defaults and a configuration error (scheduler-1 3.1). */
export function readOptions(
  cib: Element,
  index: CibIndex,
  now: { nowMs: number; utcOffsetSeconds: number },
  quorate: boolean,
  sink: OptionSink,
): ClusterOptions {
  const values = new Map<string, string>();
  const section = descend(cib, 'configuration', 'crm_config');
  if (section !== undefined) {
    const input = {
      now: fromEpoch(Math.floor(now.nowMs / 1000), now.utcOffsetSeconds),
      noteChange: sink.offerRecheck,
      resolve: (name: string, id: string) => resolveReference(index, name, id),
    };
    evaluateSets(section, 'cluster_property_set', input, values, 'cib-bootstrap-options');
  }
  for (const definition of definitions) settle(values, definition, sink.messages);
  return interpret(values, cib, quorate, sink.messages);
}

function settle(values: Map<string, string>, definition: OptionDefinition, messages: Message[]): void {
  let value = values.get(definition.name);
  if (value === undefined && definition.legacy !== undefined) value = values.get(definition.legacy);
  if (value !== undefined && !isValid(definition.type, value)) {
    messages.push({
      level: 'error',
      text: `Using default value (${definition.fallback}) for cluster option '${definition.name}': '${value}' is not valid`,
      config: true,
    });
    value = undefined;
  }
  values.set(definition.name, value ?? definition.fallback);
}

function interpret(
  values: ReadonlyMap<string, string>,
  cib: Element,
  quorate: boolean,
  messages: Message[],
): ClusterOptions {
  const text = (name: string) => values.get(name) ?? '';
  const flag = (name: string) => isTrue(text(name));
  const word = <T extends string>(name: string) => text(name).toLowerCase() as T;
  const fencingEnabled = flag('fencing-enabled');
  const healthStrategy = word<ClusterOptions['healthStrategy']>('node-health-strategy');
  const shutdownLock = flag('shutdown-lock');
  return {
    values,
    symmetric: flag('symmetric-cluster'),
    maintenanceMode: flag('maintenance-mode'),
    startupProbes: flag('enable-startup-probes'),
    startFailureFatal: flag('start-failure-is-fatal'),
    fencingEnabled,
    fencingAction: word('fencing-action'),
    haveWatchdog: flag('have-watchdog'),
    concurrentFencing: flag('concurrent-fencing'),
    startupFencing: fencingEnabled && flag('startup-fencing'),
    fenceRemoteWithoutQuorum: flag('fence-remote-without-quorum'),
    priorityFencingDelayMs: intervalOrZero(text('priority-fencing-delay')),
    nodePendingTimeoutMs: intervalOrZero(text('node-pending-timeout')),
    noQuorumPolicy: quorumPolicy(word('no-quorum-policy'), cib, fencingEnabled, quorate, messages),
    shutdownLock,
    shutdownLockLimitMs: shutdownLock ? intervalOrZero(text('shutdown-lock-limit')) : 0,
    stopAllResources: flag('stop-all-resources'),
    stopRemovedResources: flag('stop-removed-resources'),
    cancelRemovedActions: flag('cancel-removed-actions'),
    placementStrategy: word('placement-strategy'),
    healthStrategy,
    healthBase: parseScore(text('node-health-base')) ?? 0,
    healthScores: healthScores(healthStrategy, text),
  };
}

function quorumPolicy(
  wanted: string,
  cib: Element,
  fencingEnabled: boolean,
  quorate: boolean,
  messages: Message[],
): ClusterOptions['noQuorumPolicy'] {
  if (wanted === 'ignore' || wanted === 'freeze' || wanted === 'demote') return wanted;
  if (wanted !== 'fence' && wanted !== 'suicide') return 'stop';
  if (!fencingEnabled) {
    const outcome = "Resetting no-quorum-policy to 'stop' because fencing is disabled";
    messages.push({ level: 'error', text: outcome, config: true });
    return 'stop';
  }
  return integerOr(attr(cib, 'no-quorum-panic'), 0) !== 0 || quorate ? 'fence' : 'stop';
}

function healthScores(strategy: string, text: (name: string) => string): HealthScores {
  switch (strategy) {
    case 'migrate-on-red':
      return { red: -infinity, yellow: 0, green: 0 };
    case 'only-green':
      return { red: -infinity, yellow: -infinity, green: 0 };
    case 'progressive':
    case 'custom':
      return {
        red: parseScore(text('node-health-red')) ?? 0,
        yellow: parseScore(text('node-health-yellow')) ?? 0,
        green: parseScore(text('node-health-green')) ?? 0,
      };
    default:
      return { red: 0, yellow: 0, green: 0 };
  }
}

/** Whether anything in the configuration asks for unfencing (scheduler-1 3.2). */
export function asksForUnfencing(cib: Element): boolean {
  const configuration = descend(cib, 'configuration');
  if (configuration === undefined) return false;
  const matches = (pair: Element) =>
    ['provides', 'requires'].includes(attr(pair, 'name') ?? '') && attr(pair, 'value') === 'unfencing';
  const inSets = (parent: Element): boolean =>
    childElements(parent).some(
      (child) => (child.name === 'meta_attributes' && childElements(child, 'nvpair').some(matches)) || inSets(child),
    );
  const resources = descend(configuration, 'resources');
  if (resources !== undefined && inSets(resources)) return true;
  const defaults = descend(configuration, 'rsc_defaults');
  return (
    defaults !== undefined &&
    childElements(defaults, 'meta_attributes').some((set) => childElements(set, 'nvpair').some(matches))
  );
}
