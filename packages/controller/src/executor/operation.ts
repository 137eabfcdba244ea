import { attr, type Element, firstChild } from '@sanode/xml';

/** What a resource is for the executor. */
export interface ResourceDefinition {
  readonly id: string;
  readonly standard: string;
  readonly provider: string | undefined;
  readonly type: string;
}

/** Who asked for an operation: gets direct acknowledgements. */
export interface Requester {
  /** `tengine`, or a client's id. */
  readonly system: string;
  readonly node: string | undefined;
}

/** An operation that was asked for, and what came of it. */
export interface Operation {
  readonly resource: ResourceDefinition;
  readonly task: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startDelayMs: number;
  readonly parameters: ReadonlyMap<string, string>;
  /** `ACTION:TRANSITION:TARGETRC:UUID`; undefined for what nobody ordered. */
  readonly transitionKey: string | undefined;
  readonly targetRc: number;
  /** Executor's number; -1 until it is known. */
  readonly callId: number;
  readonly status: number;
  readonly rc: number;
  readonly exitReason: string;
  /** Epoch seconds: start, and last change of the exit code. */
  readonly runTimeS: number;
  readonly rcChangeS: number;
  readonly execMs: number;
  readonly queueMs: number;
  readonly requester: Requester;
}

export const status = {
  pending: -1,
  done: 0,
  cancelled: 1,
  timeout: 2,
  notSupported: 3,
  error: 4,
  notConnected: 8,
  invalid: 9,
} as const;
export const rcUnknown = 193;

/** Tasks whose results are not kept in the history. */
const unrecorded = new Set(['cancel', 'delete', 'notify', 'meta-data', 'metadata']);

/** Tasks for which an agent's meta-data matters: its digests are recorded with them. */
const metadataTasks = new Set([
  'start',
  'monitor',
  'promote',
  'demote',
  'reload',
  'reload-agent',
  'migrate_to',
  'migrate_from',
  'notify',
]);

export function needsMetadata(task: string): boolean {
  return metadataTasks.has(task);
}

export function isRecordable(task: string): boolean {
  return !unrecorded.has(task);
}

/** Whether a result is a failure (controller.md 8.8). */
export function hasFailed(operation: Pick<Operation, 'status' | 'rc' | 'targetRc'>): boolean {
  if ([2, 3, 4, 8, 9, 10, 11].includes(operation.status)) return true;
  if (operation.status === status.pending || operation.status === status.cancelled) return false;
  return operation.rc !== operation.targetRc;
}

/** `RESOURCE_TASK_INTERVAL`. */
export function operationKey(resource: string, task: string, intervalMs: number): string {
  return `${resource}_${task}_${intervalMs}`;
}

/** Reads an `rsc_op` as the DC sends it; a sentence when it can't be carried out. */
export function readOperation(data: Element, requester: Requester, nowS: number): Operation | string {
  const primitive = firstChild(data, 'primitive');
  const task = attr(data, 'operation');
  const id = primitive === undefined ? undefined : attr(primitive, 'id');
  const standard = primitive === undefined ? undefined : attr(primitive, 'class');
  const type = primitive === undefined ? undefined : attr(primitive, 'type');
  if (primitive === undefined || id === undefined || standard === undefined || type === undefined) {
    return 'the order names no resource with id, class and type';
  }
  if (task === undefined || task === '') return `the order for ${id} names no operation`;
  const attributes = firstChild(data, 'attributes');
  const parameters = new Map(attributes?.attributes ?? []);
  for (const child of attributes?.children ?? []) {
    if (child.type !== 'element' || child.name !== 'param') continue;
    parameters.set(attr(child, 'name') ?? '', attr(child, 'value') ?? '');
  }
  const number = (name: string): number => {
    const value = Number.parseInt(parameters.get(name) ?? '0', 10);
    return Number.isNaN(value) || value < 0 ? 0 : value;
  };
  const intervalMs = number('CRM_meta_interval');
  const key = attr(data, 'transition-key');
  return {
    resource: { id, standard, type, provider: attr(primitive, 'provider') },
    task,
    intervalMs,
    timeoutMs: number('CRM_meta_timeout') || intervalMs,
    startDelayMs: number('CRM_meta_start_delay'),
    parameters,
    transitionKey: key,
    targetRc: Number.parseInt(key?.split(':')[2] ?? '0', 10) || 0,
    callId: -1,
    status: status.pending,
    rc: rcUnknown,
    exitReason: '',
    runTimeS: nowS,
    rcChangeS: nowS,
    execMs: 0,
    queueMs: 0,
    requester,
  };
}

/** An operation with the result that the executor told. */
export function withResult(operation: Operation, notify: Element): Operation {
  const number = (name: string, missing: number): number => {
    const value = Number.parseInt(attr(notify, name) ?? '', 10);
    return Number.isNaN(value) ? missing : value;
  };
  const rc = number('lrmd_exec_rc', 1);
  const told = number('lrmd_exec_op_status', status.error);
  const isAnswer = told === status.error && [7, 8, 190, 191].includes(rc);
  return {
    ...operation,
    rc,
    status: isAnswer ? status.done : told,
    callId: number('lrmd_callid', operation.callId),
    exitReason: attr(notify, 'lrmd_rsc_exit_reason') ?? '',
    runTimeS: number('lrmd_run_time', operation.runTimeS),
    rcChangeS: number('lrmd_rcchange_time', operation.rcChangeS),
    execMs: number('lrmd_exec_time', 0),
    queueMs: number('lrmd_queue_time', 0),
  };
}
