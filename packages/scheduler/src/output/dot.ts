import { operationKey } from '../actions/keys.ts';
import { type Action, ActionFlag, Order } from '../model/action.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { newestFirst } from '../orderings/apply.ts';

/** The transition as a graph for dot (scheduler-3 20.7). To be called after the run; it marks what it wrote. */
export function dotText(set: WorkingSet, options: { allActions: boolean; verbose: boolean }): string {
  const lines = [' digraph "g" {'];
  const name = (action: Action) => dotName(action, options.verbose);
  for (const action of newestFirst(set.actions)) {
    const style = styleOf(action, options.allActions);
    if (style === undefined) continue;
    const font = action.pseudo ? 'orange' : (style.font ?? 'black');
    action.set(ActionFlag.inGraph);
    lines.push(`"${name(action)}" [ style=${style.style} color="${style.color}" fontcolor="${font}"]`);
  }
  for (const action of newestFirst(set.actions)) {
    for (const { action: input, flags, graphed } of action.before) {
      let style = 'dashed';
      if (graphed) style = 'bold';
      else if (flags === Order.none) continue;
      else {
        const both = input.has(ActionFlag.inGraph) && action.has(ActionFlag.inGraph) && flags !== Order.loadTarget;
        if (!both && !options.allActions) continue;
      }
      lines.push(`"${name(input)}" -> "${name(action)}" [ style = ${style}]`);
    }
  }
  lines.push('}');
  return `${lines.join('\n')}\n`;
}

interface Style {
  readonly style: 'bold' | 'dashed';
  readonly color: string;
  readonly font?: string;
}

function styleOf(action: Action, allActions: boolean): Style | undefined {
  if (action.has(ActionFlag.inGraph)) return { style: 'bold', color: 'green' };
  if (action.resource !== undefined && !action.resource.managed) {
    return allActions ? { style: 'dashed', color: 'red', font: 'purple' } : undefined;
  }
  if (action.optional) return allActions ? { style: 'dashed', color: 'blue' } : undefined;
  return { style: 'dashed', color: 'red' };
}

function dotName(action: Action, verbose: boolean): string {
  const host = action.node?.name ?? (action.pseudo ? undefined : '<none>');
  const suffix = `${host === undefined ? '' : ` ${host}`}${verbose ? ` (${action.id})` : ''}`;
  const prefix = action.task === 'cancel' ? 'Cancel ' : '';
  const task = action.cancelTask ?? action.task;
  const historyId = action.resource?.historyId;
  if (historyId !== undefined) {
    let key: string;
    if (task === 'notify' || task === 'notified') {
      const type = action.meta.get('notify_key_type') ?? '';
      key = operationKey(historyId, `${type}_notify_${action.meta.get('notify_key_operation') ?? ''}`, 0);
    } else {
      key = operationKey(historyId, task, Number(action.meta.get('interval') ?? '0'));
    }
    return `${prefix}${key}${suffix}`;
  }
  if (action.task === 'stonith') return `stonith '${action.meta.get('stonith_action') ?? ''}'${suffix}`;
  if (action.resource !== undefined && host !== undefined) return `${prefix}${action.key}${suffix}`;
  if (host !== undefined) return `${prefix}${action.task}${suffix}`;
  return `${action.key}${verbose ? ` (${action.id})` : ''}`;
}
