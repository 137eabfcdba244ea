import type { Element } from '@sanode/xml';
import { attributeSet, type Model, on, type Values } from './model.ts';

/** Meta attributes that any resource may have. */
export function commonMeta(model: Model, promotable: boolean): Values {
  const { dice } = model;
  const roles = ['Stopped', 'Started', ...(promotable || dice.hits(0.1) ? ['Unpromoted', 'Promoted', 'Slave'] : [])];
  const upkeep = model.topics.has('maintenance');
  return {
    'target-role': dice.maybe(0.1, ...roles),
    'is-managed': dice.maybe(upkeep ? 0.2 : 0.03, 'false', 'true', 'default'),
    maintenance: dice.maybe(upkeep ? 0.15 : 0.01, 'true'),
    priority: dice.maybe(0.15, '1', '5', '10', '-3'),
    'allow-unhealthy-nodes': on(model, 'health') ? dice.maybe(0.3, 'true') : undefined,
    'multiple-active': dice.maybe(0.12, 'stop_only', 'block', 'stop_start', 'stop_unexpected'),
    critical: dice.maybe(0.08, 'false'),
  };
}

export function randomUtilization(model: Model, id: string, most: number): Element | undefined {
  const { dice } = model;
  return attributeSet('utilization', id, {
    cpu: dice.maybe(0.9, ...Array.from({ length: most + 1 }, (_, at) => String(at))),
    memory: dice.maybe(0.4, '1024', '2048', '512'),
  });
}
