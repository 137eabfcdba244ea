import { type Element, element } from '@sanode/xml';
import { type Model, on } from './model.ts';

export function randomTopology(model: Model): Element | undefined {
  const { dice } = model;
  if (!on(model, 'topology')) return undefined;
  return element(
    'fencing-topology',
    {},
    model.nodes.map((target, at) =>
      element('fencing-level', { id: `level${at}`, target, index: 1 + dice.below(9), devices: 'Fencing0' }),
    ),
  );
}
