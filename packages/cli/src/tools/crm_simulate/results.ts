import type { History } from './status.ts';

/** What an operation came to, as the executor would report it. */
export interface Result {
  /** The resource's id in entries and keys. */
  readonly id: string;
  readonly task: string;
  readonly intervalMs: number;
  readonly node: string;
  readonly code: number;
  /** The code that was wanted. */
  readonly target: number;
  readonly featureSet: string;
  /** Epoch seconds. */
  readonly at: number;
  /** Id of the entry where it does not follow from the operation. */
  readonly entryId?: string | undefined;
  /** Further attributes of the entry. */
  readonly more?: Readonly<Record<string, string | undefined>>;
}

/** Writes a result into a history: a failure that does not recur stands there twice (scheduler-3 20.4). */
export function recordResult(history: History, result: Result): void {
  const { id, task, intervalMs, code, target } = result;
  const callId = history.highestCallId + 1;
  const key = `${callId}:-1:${target}:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`;
  const migrates = task === 'migrate_to' || task === 'migrate_from';
  const attributes = {
    operation_key: `${id}_${task}_${intervalMs}`,
    operation: task,
    'crm-debug-origin': 'crm_simulate',
    crm_feature_set: result.featureSet,
    'transition-key': key,
    'transition-magic': `0:${code};${key}`,
    'exit-reason': code === target || migrates ? '' : 'Simulated action result',
    on_node: result.node,
    'call-id': String(callId),
    'rc-code': String(code),
    'op-status': '0',
    interval: String(intervalMs),
    'last-rc-change': String(result.at),
    'exec-time': '0',
    'queue-time': '0',
    ...result.more,
  };
  for (const entryId of entryIds(result, migrates)) history.record(entryId, attributes);
}

function entryIds({ id, task, intervalMs, code, target, entryId }: Result, migrates: boolean): string[] {
  const key = `${id}_${task}_${intervalMs}`;
  const failure = `${id}_last_failure_0`;
  const failed = code !== target;
  if (entryId !== undefined) return [entryId];
  if (migrates) return [key];
  if (intervalMs > 0) return [failed ? failure : key];
  return failed ? [`${id}_last_0`, failure] : [`${id}_last_0`];
}
