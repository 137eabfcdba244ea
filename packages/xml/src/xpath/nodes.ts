import type { Element, Node } from '../tree.ts';
import type { Axis, NodeTest } from './parser.ts';

/** A node at its place in one document; made on the way down, so that parents and order are known. */
export interface Place {
  readonly kind: 'document' | 'element' | 'text' | 'comment' | 'attribute';
  readonly node: Node | undefined;
  /** Attribute's name. */
  readonly name: string;
  readonly parent: Place | undefined;
  /** Index among the parent's children; for attributes among its attributes. */
  readonly index: number;
  readonly depth: number;
  children: readonly Place[] | undefined;
}

const none: readonly Place[] = [];

export function documentPlace(root: Element): Place {
  const document: Place = {
    kind: 'document',
    node: undefined,
    name: '',
    parent: undefined,
    index: 0,
    depth: 0,
    children: undefined,
  };
  document.children = [childPlace(root, document, 0)];
  return document;
}

function childPlace(node: Node, parent: Place, index: number): Place {
  const kind = node.type === 'cdata' ? 'text' : node.type;
  return { kind, node, name: '', parent, index, depth: parent.depth + 1, children: undefined };
}

function childrenOf(place: Place): readonly Place[] {
  if (place.children !== undefined) return place.children;
  const node = place.node;
  place.children =
    node?.type !== 'element' || place.kind !== 'element' || node.children.length === 0
      ? none
      : node.children.map((child, index) => childPlace(child, place, index));
  return place.children;
}

function attributesOf(place: Place, test: NodeTest): readonly Place[] {
  if (place.kind !== 'element' || place.node?.type !== 'element') return none;
  const attributes = place.node.attributes;
  if (test.kind === 'name' && test.name !== '*' && !attributes.has(test.name)) return none;
  let index = -1;
  const places: Place[] = [];
  for (const name of attributes.keys()) {
    index += 1;
    if (test.kind === 'name' && test.name !== '*' && test.name !== name) continue;
    if (test.kind === 'text' || test.kind === 'comment') continue;
    places.push({
      kind: 'attribute',
      node: place.node,
      name,
      parent: place,
      index,
      depth: place.depth + 1,
      children: none,
    });
  }
  return places;
}

/** String-value of a node (XPath 1.0, 5). */
export function stringValue(place: Place): string {
  if (place.kind === 'attribute') return (place.node as Element).attributes.get(place.name) as string;
  if (place.kind === 'document') return stringValue(childrenOf(place)[0] as Place);
  const node = place.node as Node;
  return node.type === 'element' ? elementText(node) : node.text;
}

function elementText(node: Element): string {
  let result = '';
  for (const child of node.children) {
    if (child.type === 'element') result += elementText(child);
    else if (child.type !== 'comment') result += child.text;
  }
  return result;
}

/** Name of an element or attribute; empty for other nodes. */
export function nameOf(place: Place): string {
  if (place.kind === 'attribute') return place.name;
  return place.node?.type === 'element' ? place.node.name : '';
}

/** Nodes on an axis that pass a test, in the axis' own order (reverse axes: nearest first). */
export function select(from: Place, axis: Axis, test: NodeTest): readonly Place[] {
  if (axis === 'attribute') return attributesOf(from, test);
  const found: Place[] = [];
  for (const place of onAxis(from, axis)) if (passes(place, test)) found.push(place);
  return found;
}

function passes(place: Place, test: NodeTest): boolean {
  switch (test.kind) {
    case 'node':
      return true;
    case 'name': {
      if (place.kind !== 'element') return false;
      return test.name === '*' || (place.node as Element).name === test.name || matchesPrefix(place, test.name);
    }
    case 'text':
    case 'comment':
      return place.kind === test.kind;
    case 'processing-instruction':
      return false;
  }
}

function matchesPrefix(place: Place, test: string): boolean {
  return test.endsWith(':*') && (place.node as Element).name.startsWith(test.slice(0, -1));
}

function* onAxis(from: Place, axis: Axis): Generator<Place> {
  switch (axis) {
    case 'child':
      yield* childrenOf(from);
      break;
    case 'self':
      yield from;
      break;
    case 'parent':
      if (from.parent !== undefined) yield from.parent;
      break;
    case 'descendant-or-self':
      yield from;
      yield* descendants(from);
      break;
    case 'descendant':
      yield* descendants(from);
      break;
    case 'ancestor-or-self':
      yield from;
      yield* ancestors(from);
      break;
    case 'ancestor':
      yield* ancestors(from);
      break;
    case 'following-sibling':
      yield* siblings(from, 1);
      break;
    case 'preceding-sibling':
      yield* siblings(from, -1);
      break;
    case 'following':
      if (from.kind === 'attribute' && from.parent !== undefined) yield* descendants(from.parent);
      yield* beyond(from, 1);
      break;
    case 'preceding':
      yield* beyond(from, -1);
      break;
    case 'attribute':
      break;
  }
}

/** Without recursion: generators that delegate down a deep document cost a step a level for each node. */
function descendants(from: Place): Place[] {
  const found: Place[] = [];
  const stack: Place[] = [...childrenOf(from)].reverse();
  for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
    found.push(place);
    const children = childrenOf(place);
    for (let index = children.length - 1; index >= 0; index -= 1) stack.push(children[index] as Place);
  }
  return found;
}

function* ancestors(from: Place): Generator<Place> {
  for (let place = from.parent; place !== undefined; place = place.parent) yield place;
}

function* siblings(from: Place, direction: 1 | -1): Generator<Place> {
  if (from.parent === undefined || from.kind === 'attribute') return;
  const all = childrenOf(from.parent);
  for (let index = from.index + direction; index >= 0 && index < all.length; index += direction) {
    yield all[index] as Place;
  }
}

function* beyond(from: Place, direction: 1 | -1): Generator<Place> {
  for (let place: Place | undefined = from; place !== undefined; place = place.parent) {
    for (const sibling of siblings(place, direction)) {
      const below = descendants(sibling);
      if (direction === 1) yield sibling;
      yield* direction === 1 ? below : below.reverse();
      if (direction === -1) yield sibling;
    }
  }
}

/** Document order: negative when `a` comes first. An element's attributes come before its children. */
export function compareOrder(a: Place, b: Place): number {
  if (a === b) return 0;
  let left = a;
  let right = b;
  while (left.depth > right.depth) left = left.parent as Place;
  while (right.depth > left.depth) right = right.parent as Place;
  if (left === right) return a.depth - b.depth;
  while (left.parent !== right.parent) {
    left = left.parent as Place;
    right = right.parent as Place;
  }
  if ((left.kind === 'attribute') !== (right.kind === 'attribute')) return left.kind === 'attribute' ? -1 : 1;
  return left.index - right.index;
}
