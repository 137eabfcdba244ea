import type { Element } from '@sanode/xml';
import type { Dice } from './random/dice.ts';

const values = [
  ...['', '0', '-1', '5', 'INFINITY', '-INFINITY', '99999999999999999999', '1e9', 'abc', 'true', '#default'],
  ...['Promoted', 'P1D', '%1', 'node1', ':', '_', 'x:0', 'unfencing', 'container', 'host'],
];

/** A document with a few attributes changed or lost, elements lost, doubled or turned round. */
export function mutated(source: Element, dice: Dice): Element {
  const attributes = new Map(source.attributes);
  for (const name of [...attributes.keys()]) {
    if (dice.hits(0.01)) attributes.set(name, dice.pick(values));
    else if (dice.hits(0.004)) attributes.delete(name);
  }
  const children: Element[] = [];
  for (const child of source.children) {
    if (child.type !== 'element' || dice.hits(0.005)) continue;
    children.push(mutated(child, dice));
    if (dice.hits(0.004)) children.push(mutated(child, dice));
  }
  if (dice.hits(0.003)) children.reverse();
  return { ...source, attributes, children };
}
