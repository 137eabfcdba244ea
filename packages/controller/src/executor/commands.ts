import { lrmdCallOption } from '@sanode/executor';
import { type Element, element } from '@sanode/xml';
import type { Operation, ResourceDefinition } from './operation.ts';

/** Names that can be attributes; others go as `<param>` children. */
const xmlName = /^[A-Za-z_][\w.-]*$/;

function command(
  operation: string,
  data: Element | undefined,
  attributes: Record<string, string | number> = {},
): Element {
  return element(
    'lrmd_command',
    { lrmd_op: operation, lrmd_timeout: 0, lrmd_callopt: 0, ...attributes },
    data === undefined ? [] : [element('lrmd_calldata', {}, [data])],
  );
}

export function registerCommand(resource: ResourceDefinition): Element {
  const { id, standard, provider, type } = resource;
  const data = { lrmd_rsc_id: id, lrmd_class: standard, lrmd_provider: provider, lrmd_type: type };
  return command('lrmd_rsc_register', element('lrmd_rsc', data));
}

export function unregisterCommand(id: string): Element {
  return command('lrmd_rsc_unregister', element('lrmd_rsc', { lrmd_rsc_id: id }));
}

/** A recurring operation is told again only when its result changes. */
export function executeCommand(operation: Operation): Element {
  const named = [...operation.parameters].filter(([name]) => xmlName.test(name));
  const others = [...operation.parameters].filter(([name]) => !xmlName.test(name));
  const options = operation.intervalMs > 0 ? lrmdCallOption.notifyChangesOnly : lrmdCallOption.none;
  return command(
    'lrmd_rsc_exec',
    element(
      'lrmd_rsc',
      {
        lrmd_rsc_id: operation.resource.id,
        lrmd_rsc_action: operation.task,
        lrmd_rsc_userdata_str: operation.transitionKey ?? '',
        lrmd_rsc_interval: operation.intervalMs,
        lrmd_timeout: operation.timeoutMs,
        lrmd_rsc_start_delay: operation.startDelayMs,
      },
      [
        element(
          'attributes',
          new Map(named),
          others.map(([name, value]) => element('param', { name, value })),
        ),
      ],
    ),
    { lrmd_timeout: operation.timeoutMs, lrmd_callopt: options },
  );
}

export function cancelCommand(id: string, task: string, intervalMs: number): Element {
  const data = { lrmd_rsc_id: id, lrmd_rsc_action: task, lrmd_rsc_interval: intervalMs };
  return command('lrmd_rsc_cancel', element('lrmd_rsc', data));
}
