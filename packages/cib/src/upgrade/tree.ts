import { type Element, type Node, walk, withChildren } from '@sanode/xml';

/** Rewrites a tree from the leaves up: `change` gives what an element, its children rewritten, becomes. */
export function rewrite(node: Element, change: (node: Element) => readonly Node[]): readonly Node[] {
  const children = node.children.flatMap((child) => (child.type === 'element' ? rewrite(child, change) : [child]));
  const same = children.length === node.children.length && children.every((child, at) => child === node.children[at]);
  return change(same ? node : withChildren(node, children));
}

/** Rewrites below a root that stays. */
export function rewriteBelow(root: Element, change: (node: Element) => readonly Node[]): Element {
  return withChildren(
    root,
    root.children.flatMap((child) => (child.type === 'element' ? rewrite(child, change) : [child])),
  );
}

/** Rewrites the elements directly below. */
export function mapChildren(node: Element, change: (child: Element) => readonly Node[]): Element {
  return withChildren(
    node,
    node.children.flatMap((child) => (child.type === 'element' ? change(child) : [child])),
  );
}

/** Rewrites the elements directly below that have one of these names. */
export function mapNamed(
  node: Element,
  names: readonly string[],
  change: (child: Element) => readonly Node[],
): Element {
  return mapChildren(node, (child) => (names.includes(child.name) ? change(child) : [child]));
}

export function hasChild(node: Element, name: string): boolean {
  return node.children.some((child) => child.type === 'element' && child.name === name);
}

/** First elements by their id, of any name. */
export function elementsById(root: Element): Map<string, Element> {
  const found = new Map<string, Element>();
  for (const node of walk(root)) {
    const id = node.attributes.get('id');
    if (id !== undefined && !found.has(id)) found.set(id, node);
  }
  return found;
}

/** A copy whose attributes have other names or values; `undefined` drops one, order is kept. */
export function mapAttributes(
  node: Element,
  change: (name: string, value: string) => readonly [string, string] | undefined,
): Element {
  const attributes = new Map<string, string>();
  for (const [name, value] of node.attributes) {
    const changed = change(name, value);
    if (changed !== undefined) attributes.set(changed[0], changed[1]);
  }
  return { ...node, attributes };
}
