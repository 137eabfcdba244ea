import { attr, type Element } from '@sanode/xml';
import { intervalOf } from './history.ts';
import type { ReportOptions } from './options.ts';
import type { Report } from './report.ts';
import { executionText, localTime, ocfText, readableInterval } from './texts.ts';

/** A failed operation, read. */
export interface FailedAction {
  readonly key: string;
  readonly resource: string;
  readonly task: string;
  readonly intervalMs: number;
  readonly node: string;
  readonly code: number;
  readonly resultText: string;
  readonly statusText: string;
  readonly status: number;
  readonly exitReason: string | undefined;
  readonly callId: string;
  /** Epoch seconds; 0: unknown. */
  readonly lastChange: number;
  readonly execMs: number;
  readonly queuedMs: number;
  readonly element: Element;
}

const masked = { notInstalled: 5, invalidParameter: 2, statusNotInstalled: 7 } as const;

/** Failed Resource Actions: what is shown, in order (cli-crm.md 4.4.7). */
export function failedActions(report: Report): FailedAction[] {
  const seen = new Set<string>();
  const failed: FailedAction[] = [];
  for (const element of report.set.failedOperations) {
    const action = readFailure(report, element);
    if (action === undefined || isMasked(action)) continue;
    const node = report.set.nodesByName.get(action.node.toLowerCase());
    if (node === undefined || !node.online || !report.wantsNode(node)) continue;
    if (!wantsResource(report, action.resource)) continue;
    const mark = `${action.key.toLowerCase()} ${node.name}`;
    if (seen.has(mark)) continue;
    seen.add(mark);
    failed.push(action);
  }
  return failed;
}

function wantsResource(report: Report, id: string): boolean {
  const { resources } = report.options;
  if (resources === undefined || resources.has(id)) return true;
  const resource = report.set.resourcesById.get(id);
  return resource !== undefined && report.namesResource(resource);
}

function readFailure(report: Report, element: Element): FailedAction | undefined {
  const key = attr(element, 'operation_key') ?? attr(element, 'id') ?? '';
  const match = /^(.+)_([^_]+)_(\d+)$/s.exec(key);
  if (match === null) return undefined;
  const [, resource = '', task = ''] = match;
  const migrate = /^(.+)_(migrate)$/s.exec(resource);
  const number = (name: string): number => Number.parseInt(attr(element, name) ?? '0', 10) || 0;
  return {
    key,
    resource: migrate !== null && (task === 'to' || task === 'from') ? (migrate[1] as string) : resource,
    task: migrate !== null && (task === 'to' || task === 'from') ? `migrate_${task}` : task,
    intervalMs: Number(match[3]),
    node: attr(element, 'uname') ?? '',
    code: number('rc-code'),
    resultText: ocfText(number('rc-code'), report.options.release),
    status: number('op-status'),
    statusText: executionText(number('op-status'), report.options.release),
    exitReason: attr(element, 'exit-reason') || undefined,
    callId: attr(element, 'call-id') ?? '0',
    lastChange: number('last-rc-change'),
    execMs: number('exec-time'),
    queuedMs: number('queue-time'),
    element,
  };
}

function isMasked(action: FailedAction): boolean {
  if (action.task !== 'monitor' || action.intervalMs !== 0) return false;
  return (
    action.code === masked.notInstalled ||
    action.code === masked.invalidParameter ||
    action.status === masked.statusNotInstalled
  );
}

/** The line for people. */
export function failureLine(action: FailedAction, release: ReportOptions['release']): string {
  const interval = action.intervalMs === 0 ? '' : `${readableInterval(action.intervalMs, release)}-interval `;
  const task = action.task === 'monitor' && action.intervalMs === 0 ? 'probe' : action.task;
  const reason = action.exitReason;
  const what =
    action.status === 0
      ? `returned '${action.resultText}'${reason === undefined ? '' : ` (${reason})`}`
      : `could not be executed (${action.statusText}${reason === undefined ? '' : `: ${reason}`})`;
  const at = action.lastChange > 0 ? ` at ${localTime(action.lastChange)}` : '';
  const after = action.execMs > 0 ? ` after ${readableInterval(action.execMs, release)}` : '';
  return `${action.resource} ${interval}${task} on ${action.node} ${what}${at}${after}`;
}

/** The technical line (-R). */
export function technicalFailureLine(action: FailedAction): string {
  const { element } = action;
  const span = (word: string, name: string): string => {
    const value = attr(element, name);
    return value === undefined ? '' : `, ${word}=${value}ms`;
  };
  const reason = action.exitReason === undefined ? '' : `, exitreason='${action.exitReason}'`;
  const times =
    action.lastChange > 0
      ? `, last-rc-change='${localTime(action.lastChange)}'${span('queued', 'queue-time')}${span('exec', 'exec-time')}`
      : '';
  const status = `status='${action.statusText}'`;
  return `${attr(element, 'operation_key') ?? action.key} on ${action.node} '${action.resultText}' (${action.code}): call=${action.callId}, ${status}${reason}${times}`;
}

export { intervalOf };
