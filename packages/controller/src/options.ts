import { parseSpanMs } from '@sanode/rules';
import { attr, childElements, type Element, walk } from '@sanode/xml';

/** The cluster's properties that the controller reads (controller.md 4.6). Times in ms. */
export interface ClusterOptions {
  readonly dcDeadtimeMs: number;
  readonly electionTimeoutMs: number;
  readonly integrationTimeoutMs: number;
  readonly finalizationTimeoutMs: number;
  readonly shutdownEscalationMs: number;
  readonly recheckIntervalMs: number;
  readonly transitionDelayMs: number;
  /** Fraction of a CPU; 0 = no limit. */
  readonly loadThreshold: number;
  readonly nodeActionLimit: number;
  readonly maxFencingAttempts: number;
  readonly fenceReaction: 'stop' | 'panic';
  readonly noQuorumPolicy: string;
  readonly shutdownLock: boolean;
  readonly clusterName: string | undefined;
  readonly recordPending: boolean;
}

/** Every property's value in a `<crm_config>` (or anything above it): the set with id cib-bootstrap-options first. */
export function clusterProperties(root: Element): ReadonlyMap<string, string> {
  const sets: Element[] = [];
  for (const node of walk(root)) if (node.name === 'cluster_property_set') sets.push(node);
  const isBootstrap = (set: Element): number => (attr(set, 'id') === 'cib-bootstrap-options' ? 0 : 1);
  const score = (set: Element): number => Number.parseInt(attr(set, 'score') ?? '0', 10) || 0;
  sets.sort((a, b) => isBootstrap(a) - isBootstrap(b) || score(b) - score(a));
  const values = new Map<string, string>();
  for (const set of sets) {
    for (const pair of childElements(set, 'nvpair')) {
      const name = attr(pair, 'name');
      const value = attr(pair, 'value');
      if (name !== undefined && value !== undefined && !values.has(name)) values.set(name, value);
    }
  }
  return values;
}

/** Reads the options; what is missing or not valid has its default. */
export function readOptions(properties: ReadonlyMap<string, string>): ClusterOptions {
  const value = (...names: string[]): string | undefined => {
    for (const name of names) if (properties.has(name)) return properties.get(name);
    return undefined;
  };
  const duration = (defaultMs: number, ...names: string[]): number => {
    const text = value(...names);
    const parsed = text === undefined ? undefined : parseSpanMs(text);
    return parsed === undefined || Number.isNaN(parsed) || parsed < 0 ? defaultMs : parsed;
  };
  const integer = (defaultValue: number, ...names: string[]): number => {
    const text = value(...names);
    return text !== undefined && /^-?\d{1,9}$/.test(text) ? Number(text) : defaultValue;
  };
  const threshold = /^(\d{1,6})\s*%?$/.exec(value('load-threshold') ?? '80%');
  return {
    dcDeadtimeMs: duration(20_000, 'dc-deadtime'),
    electionTimeoutMs: duration(120_000, 'election-timeout'),
    integrationTimeoutMs: duration(180_000, 'join-integration-timeout', 'crmd-integration-timeout'),
    finalizationTimeoutMs: duration(1_800_000, 'join-finalization-timeout', 'crmd-finalization-timeout'),
    shutdownEscalationMs: duration(1_200_000, 'shutdown-escalation'),
    recheckIntervalMs: duration(900_000, 'cluster-recheck-interval'),
    transitionDelayMs: duration(0, 'transition-delay', 'crmd-transition-delay'),
    loadThreshold: threshold === null ? 0.8 : Number(threshold[1]) / 100,
    nodeActionLimit: integer(0, 'node-action-limit'),
    maxFencingAttempts: integer(10, 'stonith-max-attempts', 'fencing-max-attempts'),
    fenceReaction: value('fence-reaction') === 'panic' ? 'panic' : 'stop',
    noQuorumPolicy: value('no-quorum-policy') ?? 'stop',
    shutdownLock: isTrue(value('shutdown-lock')),
    clusterName: value('cluster-name'),
    recordPending: !isFalse(value('record-pending')),
  };
}

/** The reference's texts for true, in any case: 1, true, on, yes, y. */
export function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(1|true|on|yes|y)$/i.test(text);
}

/** The reference's texts for false: 0, false, off, no, n. */
export function isFalse(text: string | undefined): boolean {
  return text !== undefined && /^(0|false|off|no|n)$/i.test(text);
}
