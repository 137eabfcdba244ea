import { type DigestEscaping, digestV1, type Element, element } from '@sanode/xml';
import type { AgentParameters } from './agent-parameters.ts';
import { hasFailed, needsMetadata, type Operation, operationKey, status } from './operation.ts';

const unhashed = new Set(['id', 'crm_feature_set', 'op-digest', 'on_node', 'on_node_uuid', 'pcmk_external_ip']);
const NO_KEY = 'xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx';

export interface EntryContext {
  readonly node: string;
  /** Who writes it, `crm-debug-origin`. */
  readonly origin: string;
  readonly featureSet: string;
  /** How the release that we announce escapes text in digests. */
  readonly escaping: DigestEscaping;
  /** Of the agent, for the restart and secure digests. */
  readonly agent: AgentParameters | undefined;
}

/** The `<lrm_rsc_op>` entries that record an operation (controller.md 8.8): one, or two for a failure. */
export function historyEntries(operation: Operation, context: EntryContext): Element[] {
  return entryIds(operation).map((id) => entry(id, operation, context));
}

function entryIds(operation: Operation): string[] {
  const { task, intervalMs } = operation;
  const resource = operation.resource.id;
  if (task === 'notify') {
    const type = operation.parameters.get('CRM_meta_notify_type') ?? 'pre';
    const about = operation.parameters.get('CRM_meta_notify_operation') ?? 'start';
    return [`${resource}_${type}_notify_${about}_0`];
  }
  if (task === 'migrate_to' || task === 'migrate_from') return [operationKey(resource, task, intervalMs)];
  if (operation.status !== status.pending && hasFailed(operation)) {
    return intervalMs === 0 ? [`${resource}_last_failure_0`, `${resource}_last_0`] : [`${resource}_last_failure_0`];
  }
  return [intervalMs > 0 ? operationKey(resource, task, intervalMs) : `${resource}_last_0`];
}

function recordedTask(operation: Operation): string {
  if (operation.task !== 'reload' && operation.task !== 'reload-agent') return operation.task;
  return operation.status === status.done ? 'start' : 'monitor';
}

function entry(id: string, given: Operation, context: EntryContext): Element {
  const operation = given.task === 'notify' ? { ...given, status: status.done, rc: 0 } : given;
  const { resource, intervalMs } = operation;
  const task = recordedTask(operation);
  const key = operation.transitionKey ?? `${operation.callId}:-1:${operation.targetRc}:${NO_KEY}`;
  const changedS = intervalMs > 0 ? operation.rcChangeS : operation.runTimeS;
  const hasTimes =
    operation.runTimeS !== 0 || operation.rcChangeS !== 0 || operation.execMs !== 0 || operation.queueMs !== 0;
  const isMigration = task === 'migrate_to' || task === 'migrate_from';
  return element('lrm_rsc_op', {
    id,
    operation_key: operationKey(resource.id, task, intervalMs),
    operation: task,
    'crm-debug-origin': context.origin,
    crm_feature_set: operation.parameters.get('crm_feature_set') ?? context.featureSet,
    'transition-key': key,
    'transition-magic': `${operation.status}:${operation.rc};${key}`,
    'exit-reason': operation.status !== status.pending && hasFailed(operation) ? operation.exitReason : '',
    on_node: context.node,
    'call-id': operation.callId,
    'rc-code': operation.rc,
    'op-status': operation.status,
    interval: intervalMs,
    'last-rc-change': hasTimes ? changedS : undefined,
    'exec-time': hasTimes ? operation.execMs : undefined,
    'queue-time': hasTimes ? operation.queueMs : undefined,
    migrate_source: isMigration ? operation.parameters.get('CRM_meta_migrate_source') : undefined,
    migrate_target: isMigration ? operation.parameters.get('CRM_meta_migrate_target') : undefined,
    ...digests(operation, context),
  });
}

function digests(operation: Operation, { agent, escaping }: EntryContext): Record<string, string> {
  const parametersDigest = (parameters: readonly [string, string][]): string =>
    digestV1(element('parameters', new Map(parameters)), escaping);
  const all = hashedParameters(operation);
  const result: Record<string, string> = { 'op-digest': parametersDigest(all) };
  if (agent === undefined || !needsMetadata(operation.task)) return result;
  if (agent.restart !== undefined && operation.intervalMs === 0) {
    const { restart } = agent;
    result['op-force-restart'] = nameList(restart);
    result['op-restart-digest'] = parametersDigest(all.filter(([name]) => restart.includes(name)));
  }
  if (agent.secret.length > 0) {
    result['op-secure-params'] = nameList(agent.secret);
    result['op-secure-digest'] = parametersDigest(all.filter(([name]) => !agent.secret.includes(name)));
  }
  return result;
}

/** Parameters that an operation's digest covers, sorted by name in byte order. */
function hashedParameters(operation: Operation): [string, string][] {
  return [...operation.parameters]
    .filter(([name]) => {
      if (unhashed.has(name)) return false;
      return !name.startsWith('CRM_meta_') || (operation.intervalMs > 0 && name === 'CRM_meta_timeout');
    })
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Two spaces, the names, two spaces; nothing for none. */
function nameList(names: readonly string[]): string {
  return names.length === 0 ? '' : `  ${names.join(' ')}  `;
}
