/** The parts of a `transition-key`: `<action>:<transition>:<target rc>:<engine uuid>` (controller.md 8.3). */
export interface TransitionKey {
  readonly actionId: number;
  readonly transitionId: number;
  readonly targetRc: number;
  /** The engine's random id, 36 characters. */
  readonly engineUuid: string;
}

/** The parts of an `operation_key`: `RESOURCE_TASK_INTERVAL`, or of a notification `RESOURCE_pre_notify_TASK_0`. */
export interface OperationKey {
  readonly resource: string;
  readonly task: string;
  readonly intervalMs: number;
}

const integerPattern = /^-?\d{1,10}$/;

/** Writes a transition key; the uuid field is padded to 36 characters. */
export function encodeTransitionKey(key: TransitionKey): string {
  return `${key.actionId}:${key.transitionId}:${key.targetRc}:${key.engineUuid.padEnd(36)}`;
}

/** Reads a transition key; undefined when it is none. */
export function decodeTransitionKey(text: string): TransitionKey | undefined {
  const parts = text.split(':');
  const [action, transition, target, uuid] = parts;
  if (parts.length !== 4 || action === undefined || transition === undefined || target === undefined) return undefined;
  if (!integerPattern.test(action) || !integerPattern.test(transition) || !integerPattern.test(target))
    return undefined;
  if (uuid === undefined || uuid.trim() === '' || uuid.length > 36) return undefined;
  return {
    actionId: Number(action),
    transitionId: Number(transition),
    targetRc: Number(target),
    engineUuid: uuid.trimEnd(),
  };
}

/** Writes a `transition-magic`: `<op-status>:<rc>;<transition key>`. */
export function encodeTransitionMagic(status: number, rc: number, key: string): string {
  return `${status}:${rc};${key}`;
}

/** Reads an operation key; undefined when it is none. */
export function decodeOperationKey(text: string): OperationKey | undefined {
  const match = /^(.+)_([^_]+)_(\d{1,15})$/s.exec(text);
  if (match === null) return undefined;
  const [, before = '', task = '', interval = ''] = match;
  const notify = /^(.+)_((?:pre|post|confirmed-pre|confirmed-post)_notify)$/s.exec(before);
  if (notify !== null)
    return { resource: notify[1] as string, task: notify[2] as string, intervalMs: Number(interval) };
  if (task === 'to' || task === 'from') {
    const migrate = /^(.+)_migrate$/s.exec(before);
    if (migrate !== null) {
      return { resource: migrate[1] as string, task: `migrate_${task}`, intervalMs: Number(interval) };
    }
  }
  return { resource: before, task, intervalMs: Number(interval) };
}
