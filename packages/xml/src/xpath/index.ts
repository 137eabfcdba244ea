import type { Element } from '../tree.ts';
import { evaluate, toNodes } from './evaluate.ts';
import { XPathError } from './lexer.ts';
import { documentPlace, type Place, stringValue } from './nodes.ts';
import { type Expression, parseXPath } from './parser.ts';

export { XPathError };

/** An element, and where it is: the indexes of the children to take from the root down (empty: the root itself). */
export interface LocatedElement {
  readonly element: Element;
  readonly indexes: readonly number[];
}

const parsed = new Map<string, Expression>();
const maxParsed = 256;

function parsedXPath(expression: string): Expression {
  const known = parsed.get(expression);
  if (known !== undefined) return known;
  const made = parseXPath(expression);
  if (parsed.size >= maxParsed) parsed.clear();
  parsed.set(expression, made);
  return made;
}

function run(root: Element, expression: string) {
  const document = documentPlace(root);
  return evaluate(parsedXPath(expression), { place: document, document, position: 1, size: 1 });
}

/**
 * The elements that an XPath 1.0 expression selects, in document order; `root` is the document's root element. The
 * document itself (`/`) counts as its root element; attributes and texts count as the elements they are in.
 * @throws {XPathError} when the expression is malformed or yields no nodes but a value
 */
export function locateElements(root: Element, expression: string): LocatedElement[] {
  const found: LocatedElement[] = [];
  const seen = new Set<Place>();
  for (const place of toNodes(run(root, expression))) {
    const owner = owningElement(place);
    if (owner === undefined || seen.has(owner)) continue;
    seen.add(owner);
    found.push({ element: owner.node as Element, indexes: indexesOf(owner) });
  }
  return found;
}

/** As {@link locateElements}, the elements alone. */
export function selectElements(root: Element, expression: string): Element[] {
  return locateElements(root, expression).map((located) => located.element);
}

/**
 * Value of any expression: nodes as their string-values, in document order.
 * @throws {XPathError}
 */
export function evaluateXPath(root: Element, expression: string): string | number | boolean | string[] {
  const value = run(root, expression);
  return typeof value === 'object' ? value.map(stringValue) : value;
}

function owningElement(place: Place): Place | undefined {
  if (place.kind === 'element') return place;
  if (place.kind === 'document') return place.children?.[0];
  return place.parent;
}

function indexesOf(place: Place): number[] {
  const indexes: number[] = [];
  for (let at = place; at.parent !== undefined && at.parent.kind !== 'document'; at = at.parent) indexes.push(at.index);
  return indexes.reverse();
}
