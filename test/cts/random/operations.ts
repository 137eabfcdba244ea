import { type Element, element } from '@sanode/xml';
import { attributeSet, type Model, type Operation, on } from './model.ts';

const onFails = ['ignore', 'block', 'stop', 'restart', 'standby', 'fence', 'restart-container'] as const;
const defaultTimeoutMs = 20_000;

/** Operations of a primitive: the elements, and what histories need to know of them. */
export function randomOperations(
  model: Model,
  id: string,
  promotable: boolean,
): { readonly elements: Element[]; readonly operations: Operation[] } {
  const { dice } = model;
  const elements: Element[] = [];
  const operations: Operation[] = [];
  const onFail = (probability: number, choices: readonly string[] = onFails) => dice.maybe(probability, ...choices);
  const add = (name: string, intervalMs: number, more: Readonly<Record<string, string | undefined>> = {}): void => {
    const timeoutSeconds = dice.hits(0.8) ? 20 : dice.pick([5, 90]);
    const opId = `${id}-${name}-${intervalMs}-${elements.length}`;
    elements.push(
      element(
        'op',
        {
          id: opId,
          name,
          interval: intervalText(model, intervalMs),
          timeout: dice.hits(0.85) ? `${timeoutSeconds}s` : undefined,
          ...more,
          'start-delay':
            on(model, 'oddities') && more['interval-origin'] === undefined ? dice.maybe(0.1, '5s', '-1') : undefined,
        },
        operationSets(model, opId),
      ),
    );
    const shown = elements.at(-1) as Element;
    const timeoutMs = shown.attributes.has('timeout') ? timeoutSeconds * 1000 : defaultTimeoutMs;
    operations.push({ name, intervalMs, role: more['role'], timeoutMs });
  };
  add('monitor', 10_000, {
    role: promotable ? dice.pick(['Unpromoted', 'Unpromoted', 'Slave', undefined]) : dice.maybe(0.1, 'Started'),
    'on-fail': onFail(0.3),
    enabled: dice.maybe(0.05, 'false'),
    'interval-origin': on(model, 'oddities') ? dice.maybe(0.15, '2023-11-14 00:00:00Z') : undefined,
  });
  if (promotable) {
    add('monitor', 11_000, {
      role: dice.pick(['Promoted', 'Promoted', 'Master']),
      'on-fail': onFail(0.4, [...onFails, 'demote', 'demote']),
    });
  }
  if (dice.hits(0.12)) add('monitor', 12_000, { role: 'Stopped', 'on-fail': onFail(0.2) });
  if (dice.hits(0.1)) add('monitor', 60_000, { 'on-fail': onFail(0.4) });
  if (dice.hits(0.06)) add('monitor', 0, { 'on-fail': onFail(0.5) });
  if (dice.hits(0.15)) add('start', 0, { 'on-fail': onFail(0.7) });
  if (dice.hits(0.12)) add('stop', 0, { 'on-fail': onFail(0.7, ['block', 'ignore', 'fence', 'restart', 'stop']) });
  if (promotable && dice.hits(0.2)) add('promote', 0, { 'on-fail': onFail(0.8, [...onFails, 'demote']) });
  if (promotable && dice.hits(0.1)) add('demote', 0, { 'on-fail': onFail(0.8) });
  if (on(model, 'migration', 0.2))
    add(dice.pick(['migrate_to', 'migrate_from', 'migrate']), 0, { 'on-fail': onFail(0.5) });
  if (on(model, 'notify', 0.2)) add('notify', 0);
  return { elements, operations };
}

function intervalText(model: Model, intervalMs: number): string {
  if (intervalMs === 0) return model.dice.pick(['0', '0s']);
  const seconds = intervalMs / 1000;
  return model.dice.pick([`${seconds}s`, `${seconds}`, `${intervalMs}ms`, `PT${seconds}S`]);
}

function operationSets(model: Model, opId: string): (Element | undefined)[] {
  const { dice } = model;
  if (!on(model, 'oddities', 0.2)) return [];
  return [
    dice.hits(0.5)
      ? attributeSet('meta_attributes', `${opId}-m`, {
          timeout: dice.maybe(0.5, '3s'),
          'on-fail': dice.maybe(0.5, 'block', 'stop'),
        })
      : attributeSet('instance_attributes', `${opId}-i`, { OCF_CHECK_LEVEL: '10' }),
  ];
}
