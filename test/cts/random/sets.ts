import { type Element, element } from '@sanode/xml';
import { type Model, on, scores } from './model.ts';
import { randomTarget } from './targets.ts';

type SetUse = 'order' | 'colocation' | 'location' | 'ticket';

/** One to three resource sets for a constraint, no resource twice. */
export function setsOf(model: Model, id: string, use: SetUse): Element[] {
  const { dice } = model;
  const targets = new Map(Array.from({ length: 2 + dice.below(4) }, () => randomTarget(model)).map((t) => [t.id, t]));
  const parts: Element[][] = [[]];
  for (const target of targets.values()) {
    if ((parts.at(-1) as Element[]).length > 0 && parts.length < 3 && dice.hits(0.4)) parts.push([]);
    (parts.at(-1) as Element[]).push(element('resource_ref', { id: target.id }));
  }
  const promotable = [...targets.values()].some((target) => target.promotable);
  return parts.map((refs, at) =>
    element(
      'resource_set',
      {
        id: `${id}-${at}`,
        sequential: dice.maybe(0.5, 'true', 'false'),
        'require-all': use === 'order' ? dice.maybe(0.25, 'false', 'true') : undefined,
        role: use === 'order' ? undefined : dice.maybe(promotable ? 0.4 : 0.05, 'Promoted', 'Started', 'Unpromoted'),
        action: use === 'order' ? dice.maybe(0.25, 'start', 'stop', 'promote', 'demote') : undefined,
        score: use === 'colocation' ? dice.maybe(0.25, ...scores) : undefined,
        kind: use === 'order' ? dice.maybe(0.2, 'Mandatory', 'Optional', 'Serialize') : undefined,
        ordering: on(model, 'oddities') ? dice.maybe(0.2, 'group', 'listed') : undefined,
      },
      refs,
    ),
  );
}

export function randomSetConstraint(model: Model, id: string): Element {
  const { dice } = model;
  if (dice.hits(0.5)) {
    return element(
      'rsc_order',
      {
        id,
        kind: dice.maybe(0.3, 'Mandatory', 'Optional', 'Serialize'),
        symmetrical: dice.maybe(0.2, 'false', 'true'),
        'require-all': dice.maybe(0.05, 'false'),
      },
      setsOf(model, id, 'order'),
    );
  }
  const score = dice.maybe(0.9, 'INFINITY', '100', '-INFINITY', '-10', '0');
  return element('rsc_colocation', { id, score, influence: dice.maybe(0.1, 'false') }, setsOf(model, id, 'colocation'));
}
