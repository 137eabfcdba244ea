/**
 * The element tree that everything shares: the CIB, every message, agents' metadata, tool output. Immutable: a change
 * makes new nodes along the path to the root and shares the rest. Order of attributes and children is kept.
 */
export interface Element {
  readonly type: 'element';
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly Node[];
}
export interface Comment {
  readonly type: 'comment';
  readonly text: string;
}
export interface Text {
  readonly type: 'text';
  readonly text: string;
}
export interface CData {
  readonly type: 'cdata';
  readonly text: string;
}
export type Node = Element | Comment | Text | CData;

/** Attribute values as callers write them; `undefined` and `null` are left out, numbers and booleans become text. */
export type AttributeInput = Readonly<Record<string, string | number | boolean | null | undefined>>;

const noChildren: readonly Node[] = [];
const noAttributes: ReadonlyMap<string, string> = new Map();

/** Makes an element. Children that are `undefined` or `null` are left out. */
export function element(
  name: string,
  attributes: AttributeInput | ReadonlyMap<string, string> = noAttributes,
  children: readonly (Node | null | undefined)[] = noChildren,
): Element {
  return {
    type: 'element',
    name,
    attributes: attributes instanceof Map ? attributes : attributeMap(attributes as AttributeInput),
    children: children.length === 0 ? noChildren : children.filter((child) => child != null),
  };
}

export function text(value: string): Text {
  return { type: 'text', text: value };
}

function attributeMap(input: AttributeInput): ReadonlyMap<string, string> {
  let map: Map<string, string> | undefined;
  for (const name in input) {
    const value = input[name];
    if (value == null || !Object.hasOwn(input, name)) continue;
    map ??= new Map();
    map.set(name, String(value));
  }
  return map ?? noAttributes;
}

/** Value of an attribute, or undefined. */
export function attr(node: Element, name: string): string | undefined {
  return node.attributes.get(name);
}

/** The child elements, all or those with that name, in document order. */
export function childElements(node: Element, name?: string): Element[] {
  const found: Element[] = [];
  for (const child of node.children) {
    if (child.type === 'element' && (name === undefined || child.name === name)) found.push(child);
  }
  return found;
}

/** The first child element, or the first with that name. */
export function firstChild(node: Element, name?: string): Element | undefined {
  for (const child of node.children) {
    if (child.type === 'element' && (name === undefined || child.name === name)) return child;
  }
  return undefined;
}

/** First element reached by going down through children of these names. */
export function descend(node: Element, ...names: string[]): Element | undefined {
  let at: Element | undefined = node;
  for (const name of names) {
    at = firstChild(at, name);
    if (at === undefined) return undefined;
  }
  return at;
}

/** Every element below (and including) `node`, parents before children. */
export function* walk(node: Element): Generator<Element> {
  yield node;
  for (const child of node.children) if (child.type === 'element') yield* walk(child);
}

/** A copy with attributes set; `null` or `undefined` removes. Changed ones keep their place, new ones are appended. */
export function withAttributes(node: Element, changes: AttributeInput): Element {
  const attributes = new Map(node.attributes);
  for (const [name, value] of Object.entries(changes)) {
    if (value == null) attributes.delete(name);
    else attributes.set(name, String(value));
  }
  return { ...node, attributes };
}

/** A copy with other children. */
export function withChildren(node: Element, children: readonly Node[]): Element {
  return { ...node, children };
}

/** All character data inside an element, of every depth. */
export function textContent(node: Element): string {
  let result = '';
  for (const child of node.children) {
    if (child.type === 'element') result += textContent(child);
    else if (child.type !== 'comment') result += child.text;
  }
  return result;
}
