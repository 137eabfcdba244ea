import type { Element, Node } from './tree.ts';

/** Settings of {@link sameElement}. */
export interface CompareOptions {
  /** Whether the order of attributes counts. Default true. */
  attributeOrder?: boolean;
}

/** Whether two elements have the same name, attributes and children, in the same order. */
export function sameElement(a: Element, b: Element, options: CompareOptions = {}): boolean {
  return sameNode(a, b, options.attributeOrder ?? true);
}

function sameNode(a: Node, b: Node, attributeOrder: boolean): boolean {
  if (a === b) return true;
  if (a.type !== 'element' || b.type !== 'element') {
    return a.type === b.type && a.type !== 'element' && b.type !== 'element' && a.text === b.text;
  }
  if (a.name !== b.name || !sameAttributes(a.attributes, b.attributes, attributeOrder)) return false;
  if (a.children.length !== b.children.length) return false;
  return a.children.every((child, index) => sameNode(child, b.children[index] as Node, attributeOrder));
}

/** Whether two attribute lists have the same names and values, and with `inOrder` the same order. */
export function sameAttributes(
  a: ReadonlyMap<string, string>,
  b: ReadonlyMap<string, string>,
  inOrder: boolean,
): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [name, value] of a) if (b.get(name) !== value) return false;
  if (!inOrder) return true;
  const names = b.keys();
  for (const name of a.keys()) if (names.next().value !== name) return false;
  return true;
}
