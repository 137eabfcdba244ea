import type { Resource } from '../model/resource.ts';

/** Key of a resource operation (scheduler-3 2.2). */
export function operationKey(resourceId: string, task: string, intervalMs: number): string {
  return `${resourceId}_${task}_${intervalMs}`;
}

/** Key of a resource's operation that does not recur. Made once, so that looking it up costs little. */
export function taskKey(resource: Resource, task: string): string {
  let key = resource.taskKeys.get(task);
  if (key === undefined) {
    key = operationKey(resource.id, task, 0);
    resource.taskKeys.set(task, key);
  }
  return key;
}

export interface ParsedKey {
  readonly resource: string;
  readonly task: string;
  readonly intervalMs: number;
}

const notifyPrefixes = ['_confirmed-pre_notify', '_confirmed-post_notify', '_pre_notify', '_post_notify'] as const;

/** Parts of a key; `undefined` for what is none. */
export function parseKey(key: string): ParsedKey | undefined {
  if (key.length < 5) return undefined;
  const intervalAt = key.lastIndexOf('_', key.length - 2);
  const intervalText = key.slice(intervalAt + 1);
  if (intervalAt <= 0 || !/^[0-9]+$/.test(intervalText)) return undefined;
  const intervalMs = Number(intervalText);
  const rest = key.slice(0, intervalAt);
  for (const task of ['migrate_from', 'migrate_to']) {
    if (rest.endsWith(`_${task}`)) return { resource: rest.slice(0, -task.length - 1), task, intervalMs };
  }
  const taskAt = rest.lastIndexOf('_');
  if (taskAt <= 0) return undefined;
  const task = rest.slice(taskAt + 1);
  const resource = rest.slice(0, taskAt);
  for (const prefix of notifyPrefixes) {
    if (resource.endsWith(prefix)) {
      return { resource: resource.slice(0, -prefix.length), task: `${prefix.slice(1)}_${task}`, intervalMs };
    }
  }
  return { resource, task, intervalMs };
}

/** A key's interval, ms; 0 where it has none. */
export function intervalOfKey(key: string): number {
  return key.endsWith('_0') ? 0 : (parseKey(key)?.intervalMs ?? 0);
}

const enumerated = [
  'monitor',
  'stop',
  'stopped',
  'start',
  'running',
  'notify',
  'notified',
  'promote',
  'promoted',
  'demote',
  'demoted',
  'do_shutdown',
  'stonith',
] as const;

/** Whether a task is one of those the reference numbers (scheduler-3 2.2). */
export function isEnumeratedTask(task: string): boolean {
  return (enumerated as readonly string[]).includes(task);
}

const finished: ReadonlyMap<string, string> = new Map([
  ['stop', 'stopped'],
  ['start', 'running'],
  ['notify', 'notified'],
  ['promote', 'promoted'],
  ['demote', 'demoted'],
]);
const begun = new Map([...finished].map(([task, done]) => [done, task]));

/** The task that says that one is done (`start` gives `running`); others give none. */
export function finishedTask(task: string): string | undefined {
  return finished.get(task);
}

/** The task as a resource of this kind knows it: primitives have no `running` (scheduler-3 2.2). */
export function complexTask(task: string, isPrimitive: boolean): string {
  if (!isEnumeratedTask(task)) return 'no_action';
  if (!isPrimitive || task === 'notified') return task;
  return begun.get(task) ?? task;
}
