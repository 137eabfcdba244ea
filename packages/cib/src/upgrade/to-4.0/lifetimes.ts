import {
  attr,
  childElements,
  type Element,
  element,
  firstChild,
  walk,
  withAttributes,
  withChildren,
} from '@sanode/xml';
import { mapNamed } from '../tree.ts';
import type { Changes } from './index.ts';
import { idPrefix, isOriginal } from './marks.ts';

/** Lifetimes of constraints: rules of locations, else dropped (cib-schema.md 9.3, step 3). */
export function replaceLifetimes(configuration: Element, changes: Changes): Element {
  const droppedRules: Element[] = [];
  const changed = mapNamed(configuration, ['constraints'], (constraints) => [
    mapNamed(constraints, ['rsc_location', 'rsc_colocation', 'rsc_order'], (constraint) => {
      const lifetime = firstChild(constraint, 'lifetime');
      if (lifetime === undefined) return [constraint];
      if (constraint.name === 'rsc_location') return [locationWith(constraint, lifetime)];
      changes.tell(
        `WARNING: Dropping lifetime element from constraint ${attr(constraint, 'id')} because lifetime elements are no longer supported. Any rules contained there will no longer apply to the constraint`,
      );
      droppedRules.push(...childElements(lifetime, 'rule').filter(isOriginal));
      return [
        withChildren(
          constraint,
          constraint.children.filter((child) => child !== lifetime),
        ),
      ];
    }),
  ]);
  return keepReferenced(changed, droppedRules);
}

function locationWith(constraint: Element, lifetime: Element): Element {
  const id = `${idPrefix}${attr(constraint, 'id')}`;
  const rules = childElements(lifetime, 'rule');
  const when =
    rules.length === 1
      ? (rules[0] as Element)
      : element('rule', { id: `${id}-lifetime-or-rule`, 'boolean-op': 'or' }, rules);
  const own = firstChild(constraint, 'rule') ?? nodeRule(constraint, id);
  const both = element('rule', { id: `${id}-lifetime-and-rule`, 'boolean-op': 'and' }, [own, when]);
  const rest = constraint.children.filter((child) => child !== lifetime && child !== own);
  return withAttributes(withChildren(constraint, [...rest, both]), { node: null, score: null });
}

function nodeRule(constraint: Element, id: string): Element {
  const expression = element('expression', {
    id: `${id}-node-score-rule-expr`,
    attribute: '#uname',
    operation: 'eq',
    value: attr(constraint, 'node'),
  });
  return element('rule', { id: `${id}-node-score-rule`, score: attr(constraint, 'score') }, [expression]);
}

/** Rules of dropped lifetimes that others refer to go where they do nothing. */
function keepReferenced(configuration: Element, dropped: readonly Element[]): Element {
  if (dropped.length === 0) return configuration;
  const ids = new Set<string | undefined>();
  for (const node of walk(configuration)) if (node.name === 'rule') ids.add(attr(node, 'id'));
  const kept = dropped.filter((rule) => ids.has(attr(rule, 'id')));
  if (kept.length === 0) return configuration;
  const id = `${idPrefix}coloc-order-lifetime-rules`;
  const holder = element('rsc_location', { id, 'rsc-pattern': 'a^' }, [
    element('rule', { id: `${id}-rule`, score: '-INFINITY' }, kept),
  ]);
  return mapNamed(configuration, ['constraints'], (constraints) => [
    withChildren(constraints, [...constraints.children, holder]),
  ]);
}
