import { attr, type Element, element, type Node, sameAttributes } from '@sanode/xml';

const noChildren: readonly Node[] = [];

/**
 * A copy of the document in which the node at a place is another, or is gone (`undefined`).
 * @param indexes children to take from the root down; empty means the root, which can't be removed
 */
export function replaceAt(root: Element, indexes: readonly number[], node: Node | undefined): Element {
  const [index, ...rest] = indexes;
  if (index === undefined) {
    if (node?.type !== 'element') throw new Error('the root of a document must stay an element');
    return node;
  }
  const children = [...root.children];
  if (rest.length === 0) {
    if (node === undefined) children.splice(index, 1);
    else children[index] = node;
  } else children[index] = replaceAt(children[index] as Element, rest, node);
  return { ...root, children: children.length === 0 ? noChildren : children };
}

/** A copy with one more child at the end. */
export function appendChild(parent: Element, child: Node): Element {
  return { ...parent, children: [...parent.children, child] };
}

/** Where the first node is, in document order from `root` itself, that passes; undefined when none does. */
export function findFirst(root: Element, passes: (node: Element) => boolean): number[] | undefined {
  if (passes(root)) return [];
  for (let index = 0; index < root.children.length; index += 1) {
    const child = root.children[index] as Node;
    if (child.type !== 'element') continue;
    const below = findFirst(child, passes);
    if (below !== undefined) return [index, ...below];
  }
  return undefined;
}

/** Same name and same id; two elements without id count as the same. */
export function sameNameAndId(a: Element, b: Element): boolean {
  return a.name === b.name && attr(a, 'id') === attr(b, 'id');
}

/** Indexes of a chain of child names from the root down; elements that are missing are made (at the end of their parent). */
export function ensurePath(
  root: Element,
  names: readonly string[],
): { readonly root: Element; readonly indexes: number[] } {
  const [name, ...rest] = names;
  if (name === undefined) return { root, indexes: [] };
  let index = root.children.findIndex((child) => child.type === 'element' && child.name === name);
  let at = root;
  if (index === -1) {
    at = appendChild(root, element(name));
    index = at.children.length - 1;
  }
  const before = at.children[index] as Element;
  const below = ensurePath(before, rest);
  return {
    root: below.root === before ? at : replaceAt(at, [index], below.root),
    indexes: [index, ...below.indexes],
  };
}

/** Element at a place; undefined when there is none. */
export function elementAt(root: Element, indexes: readonly number[]): Element | undefined {
  let at: Element = root;
  for (const index of indexes) {
    const child = at.children[index];
    if (child?.type !== 'element') return undefined;
    at = child;
  }
  return at;
}

/** A copy without text nodes, sharing every subtree that has none (cib.md 3.8 rule 4). */
export function withoutText(node: Element): Element {
  let changed = false;
  const children: Node[] = [];
  for (const child of node.children) {
    if (child.type === 'text') {
      changed = true;
      continue;
    }
    const kept = child.type === 'element' ? withoutText(child) : child;
    if (kept !== child) changed = true;
    children.push(kept);
  }
  return changed ? { ...node, children: children.length === 0 ? noChildren : children } : node;
}

/**
 * `after`, with every subtree that is the same as in `before` taken from there. Keeps later comparisons cheap, after a
 * whole document was replaced.
 */
export function shareUnchanged(before: Element, after: Element): Element {
  if (before === after) return before;
  const oldByKey = new Map<string, Element>();
  for (const child of before.children) {
    if (child.type === 'element') oldByKey.set(`${child.name} ${attr(child, 'id') ?? ''}`, child);
  }
  const children = after.children.map((child, index) => {
    if (child.type !== 'element') return child;
    const there = before.children[index];
    const old =
      there?.type === 'element' && sameNameAndId(there, child)
        ? there
        : oldByKey.get(`${child.name} ${attr(child, 'id') ?? ''}`);
    return old === undefined ? child : shareUnchanged(old, child);
  });
  const same =
    before.name === after.name &&
    sameAttributes(before.attributes, after.attributes, true) &&
    before.children.length === children.length &&
    children.every((child, index) => sameLeaf(child, before.children[index] as Node));
  return same ? before : { ...after, children: children.length === 0 ? noChildren : children };
}

function sameLeaf(a: Node, b: Node): boolean {
  if (a === b) return true;
  return a.type !== 'element' && b.type !== 'element' && a.type === b.type && a.text === b.text;
}
