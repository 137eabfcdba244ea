import { type Element, element } from '@sanode/xml';
import { type Model, scores } from './model.ts';

/** Where a rule stands decides what it may ask about. */
export type RulePlace = 'location' | 'pattern' | 'resource' | 'operation' | 'other';

const moments = [
  ...['2023-11-14', '2023-11-14 22:13:20Z', '2023-11-14T23:13:20+01:00', '20231114T221321Z', '2023-318', '2023-W46-2'],
  ...[
    '2023-11-14T12:00:00Z',
    '2024-01-01',
    '2022-02-28 10:00:00Z',
    '2030-12-31T24:00:00Z',
    '2023-11-15 00:00:00 -0530',
  ],
  ...['2023-12-24 18:00:00Z', '1999-01-01T00:00Z', '2023-11-14T2214Z', '2023-02-30', 'epoch'],
];

/** A rule with conditions; `scored` with what a location constraint takes from it. */
export function randomRule(model: Model, id: string, place: RulePlace, scored = false, depth = 0): Element {
  const { dice } = model;
  const count = dice.hits(0.6) ? 1 : 2;
  const conditions = Array.from({ length: count }, (_, at) =>
    depth < 2 && dice.hits(0.15)
      ? randomRule(model, `${id}-${at}`, place, false, depth + 1)
      : randomCondition(model, `${id}-${at}`, place),
  );
  const fromAttribute = scored && dice.hits(0.15);
  return element(
    'rule',
    {
      id,
      'boolean-op': dice.maybe(0.5, 'and', 'or'),
      score: scored && !fromAttribute ? dice.pick(scores) : undefined,
      'score-attribute': fromAttribute ? dice.pick(['preference', 'rack', 'none']) : undefined,
      role: scored ? dice.maybe(0.15, 'Promoted', 'Started', 'Unpromoted') : undefined,
    },
    conditions,
  );
}

function randomCondition(model: Model, id: string, place: RulePlace): Element {
  const { dice } = model;
  const roll = dice.next();
  if (roll < 0.3) return randomDateExpression(model, id);
  if (roll < 0.5 && (place === 'resource' || place === 'operation')) {
    if (place === 'operation' && dice.hits(0.5)) {
      return element('op_expression', {
        id,
        name: dice.pick(['monitor', 'start', 'stop']),
        interval: dice.maybe(0.4, '10s', '0', '10000ms'),
      });
    }
    return element('rsc_expression', {
      id,
      class: dice.maybe(0.5, 'ocf', 'systemd'),
      provider: dice.maybe(0.3, 'pacemaker', 'heartbeat'),
      type: dice.maybe(0.4, 'Dummy', 'Stateful'),
    });
  }
  return randomExpression(model, id, place);
}

function randomExpression(model: Model, id: string, place: RulePlace): Element {
  const { dice } = model;
  const operation = dice.pick(['defined', 'not_defined', 'eq', 'eq', 'ne', 'lt', 'lte', 'gt', 'gte']);
  const attribute = dice.pick([
    ...[
      'rack',
      'rack',
      '#uname',
      '#kind',
      '#is_dc',
      '#id',
      '#site-name',
      '#cluster-name',
      'preference',
      'version',
      'none',
    ],
    ...(place === 'pattern' ? ['on-%1', '%0', 'rack%9'] : []),
  ]);
  if (operation === 'defined' || operation === 'not_defined')
    return element('expression', { id, attribute, operation });
  const source = place === 'location' || place === 'pattern' ? dice.maybe(0.2, 'param', 'meta', 'literal') : undefined;
  const literals = ['a', 'A', '10', '9.5', '010', '1.2.10', '1.10', ...model.nodes, 'remote', 'container', 'true', '1'];
  const named = ['rack', 'priority', 'fake', 'resource-stickiness', 'missing'];
  return element('expression', {
    id,
    attribute,
    operation,
    type: dice.maybe(0.35, 'string', 'integer', 'number', 'version'),
    value: dice.pick(source === 'param' || source === 'meta' ? named : literals),
    'value-source': source,
  });
}

function randomDateExpression(model: Model, id: string): Element {
  const { dice } = model;
  const operation = dice.pick(['gt', 'lt', 'in_range', 'in_range', 'date_spec']);
  const moment = () => dice.pick(moments);
  if (operation === 'gt') return element('date_expression', { id, operation, start: moment() });
  if (operation === 'lt') return element('date_expression', { id, operation, end: moment() });
  if (operation === 'date_spec') {
    return element('date_expression', { id, operation }, [
      element('date_spec', { id: `${id}-s`, ...randomSpec(model) }),
    ]);
  }
  const roll = dice.next();
  if (roll < 0.4) return element('date_expression', { id, operation, start: moment(), end: moment() });
  if (roll < 0.55) return element('date_expression', { id, operation, end: moment() });
  if (roll < 0.65) return element('date_expression', { id, operation, start: moment() });
  return element('date_expression', { id, operation, start: moment() }, [
    element('duration', { id: `${id}-d`, ...randomDuration(model) }),
  ]);
}

function randomDuration(model: Model): Record<string, string> {
  const { dice } = model;
  const units = ['years', 'months', 'weeks', 'days', 'hours', 'minutes', 'seconds'];
  const chosen = dice.shuffled(units).slice(0, 1 + dice.below(3));
  return Object.fromEntries(chosen.map((unit) => [unit, dice.pick(['1', '2', '12', '30', '100', '-1', '0'])]));
}

function randomSpec(model: Model): Record<string, string> {
  const { dice } = model;
  const ranges: Record<string, readonly string[]> = {
    years: ['2023', '2020-', '-2022', '2024-2030'],
    months: ['11', '1-10', '11-12'],
    monthdays: ['14', '1-13', '10-'],
    hours: ['22', '8-17', '-21'],
    minutes: ['13', '0-12', '13-'],
    seconds: ['20', '21-59', '-20'],
    yeardays: ['318', '1-100', '300-366'],
    weekyears: ['2023', '2024'],
    weeks: ['46', '1-10', '40-53'],
    weekdays: ['2', '1-5', '6-7', 'x'],
  };
  const chosen = dice.shuffled(Object.keys(ranges)).slice(0, 1 + dice.below(2));
  return Object.fromEntries(chosen.map((unit) => [unit, dice.pick(ranges[unit] as readonly string[])]));
}
