import { attr, childElements, type Element, element, type Node, withAttributes, withChildren } from '@sanode/xml';
import { mapAttributes, mapNamed, rewrite } from '../tree.ts';
import type { Changes } from './index.ts';
import { idPrefix, markAll } from './marks.ts';

/** Nodes, promotable clones, bundles and locations in their new syntax (cib-schema.md 9.3, step 2). */
export function renameSyntax(configuration: Element, changes: Changes): Element {
  const pings: string[] = [];
  const split = new Map<string, string[]>();
  const renamed = rewrite(configuration, (node): readonly Node[] => {
    switch (node.name) {
      case 'node':
        if (attr(node, 'type') !== 'ping') return [node];
        pings.push(attr(node, 'uname') ?? '');
        changes.syntaxChanged();
        return [withAttributes(node, { type: 'member' })];
      case 'master':
        changes.syntaxChanged();
        return [promotableClone(node)];
      case 'docker':
      case 'podman':
      case 'rkt':
        if (!node.attributes.has('masters')) return [node];
        changes.syntaxChanged();
        return [mapAttributes(node, (name, value) => [name === 'masters' ? 'promoted-max' : name, value])];
      case 'rsc_location':
        return splitLocation(node, split);
      default:
        return [node];
    }
  })[0] as Element;
  const banned = mapNamed(renamed, ['constraints'], (constraints) => [
    withChildren(constraints, [...constraints.children, ...pings.map(pingBan)]),
  ]);
  return split.size === 0 ? banned : referSplit(banned, split, changes);
}

function pingBan(uname: string): Element {
  return element('rsc_location', {
    id: `${idPrefix}ping-node-ban-${uname}`,
    'rsc-pattern': '.*',
    node: uname,
    score: '-INFINITY',
    'resource-discovery': 'never',
  });
}

function promotableClone(node: Element): Element {
  const id = `${idPrefix}promotable-legacy-${attr(node, 'id')}-meta_attributes`;
  const pair = element('nvpair', { id: `${id}-promotable`, name: 'promotable', value: 'true' });
  const meta = element('meta_attributes', { id, score: 'INFINITY' }, [pair]);
  return { ...withChildren(node, [meta, ...node.children]), name: 'clone' };
}

/** One location for each rule. */
function splitLocation(node: Element, split: Map<string, string[]>): readonly Node[] {
  const rules = childElements(node, 'rule');
  if (rules.length < 2) return [node];
  const ids = rules.map((_, index) => `${idPrefix}${attr(node, 'id')}-${index + 1}`);
  split.set(attr(node, 'id') ?? '', ids);
  return rules.map((rule, index) => {
    const children = node.children.flatMap((child): readonly Node[] => {
      if (child.type !== 'element') return index === 0 ? [child] : [];
      if (child.name === 'rule') return child === rule ? [child] : [];
      return [index === 0 ? child : markAll(child, 'copy')];
    });
    return withAttributes(withChildren(node, children), { id: ids[index] });
  });
}

function referSplit(configuration: Element, split: ReadonlyMap<string, string[]>, changes: Changes): Element {
  return rewrite(configuration, (node): readonly Node[] => {
    const ids = node.name === 'acl_permission' ? split.get(attr(node, 'reference') ?? '') : undefined;
    if (ids === undefined) return [node];
    changes.syntaxChanged();
    const xpath = `//*[${ids.map((id) => `@id = '${id}'`).join(' or ')}]`;
    return [mapAttributes(node, (name, value) => (name === 'reference' ? ['xpath', xpath] : [name, value]))];
  })[0] as Element;
}
