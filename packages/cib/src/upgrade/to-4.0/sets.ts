import { attr, childElements, type Element, type Node, withAttributes, withChildren } from '@sanode/xml';
import { mapNamed, rewrite } from '../tree.ts';
import type { Changes } from './index.ts';

const setNames = ['cluster_property_set', 'instance_attributes', 'meta_attributes', 'utilization'];
const renamedProperties: Readonly<Record<string, string>> = {
  'crmd-finalization-timeout': 'join-finalization-timeout',
  'crmd-integration-timeout': 'join-integration-timeout',
  'crmd-transition-delay': 'transition-delay',
};
const highestLevel = 9;

/** Sorts sets by what holds first, and renames properties (cib-schema.md 9.3, step 1). */
export function sortSets(configuration: Element, changes: Changes): Element {
  const sorted = rewrite(configuration, (node): readonly Node[] => {
    if (node.name === 'nvpair' && !node.attributes.has('value') && !node.attributes.has('id-ref')) return [];
    if (node.name === 'fencing-level' && Number(attr(node, 'index')) > highestLevel) return [];
    if (node.name === 'cluster_property_set') return [inOrder(properties(node, changes))];
    if (node.name === 'date_spec' && node.attributes.has('moon')) {
      changes.tell(
        `WARNING: Dropping moon attribute from date spec ${attr(node, 'id')} because moon phase is no longer supported`,
      );
      changes.syntaxChanged();
      return [withAttributes(node, { moon: null })];
    }
    return [inOrder(node)];
  });
  return sorted[0] as Element;
}

function properties(set: Element, changes: Changes): Element {
  return mapNamed(set, ['nvpair'], (pair) => {
    const name = attr(pair, 'name') ?? '';
    const renamed = Object.hasOwn(renamedProperties, name) ? renamedProperties[name] : undefined;
    if (name === 'remove-after-stop') {
      const id = attr(pair, 'id');
      changes.tell(`WARNING: Dropping nvpair ${id} because the remove-after-stop property is unsupported`);
      return [];
    }
    if (renamed !== undefined) {
      changes.syntaxChanged();
      return [withAttributes(pair, { name: renamed })];
    }
    if (name !== 'stonith-action' || attr(pair, 'value') !== 'poweroff') return [pair];
    changes.syntaxChanged();
    return [withAttributes(pair, { value: 'off' })];
  });
}

function isSet(node: Node): node is Element {
  return node.type === 'element' && setNames.includes(node.name);
}

function inOrder(node: Element): Element {
  const sets = node.children.filter(isSet);
  if (sets.length === 0) return node;
  const rest = node.children.filter((child) => !isSet(child));
  return withChildren(node, [...rest, ...sets.sort((a, b) => rankOf(b) - rankOf(a))]);
}

/** What holds first has the highest rank. */
function rankOf(set: Element): number {
  if (set.name === 'cluster_property_set' && attr(set, 'id') === 'cib-bootstrap-options') {
    return Number.POSITIVE_INFINITY;
  }
  const score = (attr(set, 'score') ?? '0').trim();
  const infinity = Number.MAX_VALUE;
  if (score === 'INFINITY' || score === '+INFINITY') return infinity;
  if (score === '-INFINITY') return -infinity;
  return Number(score) || 0;
}

/** Keeps of pairs with one name in a set the one that a reader would use (step 2). */
export function dropRepeatedPairs(configuration: Element): Element {
  return rewrite(configuration, (node): readonly Node[] => {
    if (!setNames.includes(node.name)) return [node];
    const byName = new Map<string, Element[]>();
    for (const pair of childElements(node, 'nvpair')) {
      const name = attr(pair, 'name') ?? '';
      const known = byName.get(name);
      if (known === undefined) byName.set(name, [pair]);
      else known.push(pair);
    }
    return [
      mapNamed(node, ['nvpair'], (pair) => (isUsed(pair, byName.get(attr(pair, 'name') ?? '') ?? []) ? [pair] : [])),
    ];
  })[0] as Element;
}

function isUsed(pair: Element, same: readonly Element[]): boolean {
  const isDefault = (each: Element): boolean => attr(each, 'value') === '#default';
  const at = same.indexOf(pair);
  const earlier = same.slice(0, at);
  const later = same.slice(at + 1);
  if (isDefault(pair)) return later.length === 0;
  if (later.some(isDefault)) return false;
  if (earlier.length === 0) return true;
  const lastDefault = earlier.findLastIndex(isDefault);
  return lastDefault === earlier.length - 1;
}
