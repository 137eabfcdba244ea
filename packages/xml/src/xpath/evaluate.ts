import { callFunction } from './functions.ts';
import { XPathError } from './lexer.ts';
import { compareOrder, type Place, select, stringValue } from './nodes.ts';
import type { Axis, BinaryOperator, Expression, Step } from './parser.ts';

export type XPathValue = string | number | boolean | readonly Place[];

export interface Context {
  readonly place: Place;
  readonly document: Place;
  readonly position: number;
  readonly size: number;
}

const reverseAxes: ReadonlySet<Axis> = new Set([
  'ancestor',
  'ancestor-or-self',
  'preceding',
  'preceding-sibling',
  'parent',
]);

/** Value of an expression. Node-sets are in document order, without repetitions. */
export function evaluate(expression: Expression, context: Context): XPathValue {
  switch (expression.type) {
    case 'literal':
      return expression.value;
    case 'negate':
      return -toNumber(evaluate(expression.operand, context));
    case 'call':
      return callFunction(expression.name, expression.args, context);
    case 'binary':
      return binary(expression.operator, expression.left, expression.right, context);
    case 'filter': {
      const nodes = toNodes(evaluate(expression.base, context));
      return applyPredicates(nodes, expression.predicates, context.document);
    }
    case 'path':
      return path(expression.from, expression.steps, context);
  }
}

function path(from: 'root' | 'context' | Expression, steps: readonly Step[], context: Context): readonly Place[] {
  let nodes: readonly Place[];
  if (from === 'root') nodes = [context.document];
  else if (from === 'context') nodes = [context.place];
  else nodes = toNodes(evaluate(from, context));
  for (const step of steps) {
    nodes = takeStep(nodes, step, context.document);
    if (nodes.length === 0) break;
  }
  return nodes;
}

function takeStep(nodes: readonly Place[], step: Step, document: Place): readonly Place[] {
  if (nodes.length === 1) {
    const found = fromOne(nodes[0] as Place, step, document);
    return reverseAxes.has(step.axis) ? inOrder(found) : found;
  }
  const all: Place[] = [];
  for (const node of nodes) for (const found of fromOne(node, step, document)) all.push(found);
  return inOrder(all);
}

function fromOne(node: Place, step: Step, document: Place): readonly Place[] {
  return applyPredicates(select(node, step.axis, step.test), step.predicates, document);
}

/** Attribute places are made anew for each visit, so sameness is by position and not by object. */
function inOrder(places: readonly Place[]): readonly Place[] {
  if (places.length < 2) return places;
  const sorted = [...places].sort(compareOrder);
  return sorted.filter((place, index) => index === 0 || compareOrder(sorted[index - 1] as Place, place) !== 0);
}

function applyPredicates(
  nodes: readonly Place[],
  predicates: readonly Expression[],
  document: Place,
): readonly Place[] {
  let left = nodes;
  for (const predicate of predicates) {
    const size = left.length;
    left = left.filter((place, index) => {
      const value = evaluate(predicate, { place, document, position: index + 1, size });
      return typeof value === 'number' ? value === index + 1 : toBoolean(value);
    });
  }
  return left;
}

function binary(operator: BinaryOperator, left: Expression, right: Expression, context: Context): XPathValue {
  if (operator === 'or') return toBoolean(evaluate(left, context)) || toBoolean(evaluate(right, context));
  if (operator === 'and') return toBoolean(evaluate(left, context)) && toBoolean(evaluate(right, context));
  const a = evaluate(left, context);
  const b = evaluate(right, context);
  switch (operator) {
    case '|':
      return inOrder([...toNodes(a), ...toNodes(b)]);
    case '+':
      return toNumber(a) + toNumber(b);
    case '-':
      return toNumber(a) - toNumber(b);
    case '*':
      return toNumber(a) * toNumber(b);
    case 'div':
      return toNumber(a) / toNumber(b);
    case 'mod':
      return toNumber(a) % toNumber(b);
    default:
      return compare(operator, a, b);
  }
}

type Comparison = '=' | '!=' | '<' | '<=' | '>' | '>=';

/** Comparisons (XPath 1.0, 3.4): a node-set compares true when any of its nodes does. */
function compare(operator: Comparison, a: XPathValue, b: XPathValue): boolean {
  if (typeof a === 'boolean' || typeof b === 'boolean') {
    if (operator === '=' || operator === '!=') return comparePlain(operator, toBoolean(a), toBoolean(b));
    return comparePlain(operator, Number(toBoolean(a)), Number(toBoolean(b)));
  }
  if (typeof a === 'object') return a.some((place) => compare(operator, stringValue(place), b));
  if (typeof b === 'object') return b.some((place) => compare(operator, a, stringValue(place)));
  return comparePlain(operator, a, b);
}

function comparePlain(operator: Comparison, a: string | number | boolean, b: string | number | boolean): boolean {
  if (operator === '=' || operator === '!=') {
    const same = typeof a === typeof b ? a === b : toNumber(a) === toNumber(b);
    return same === (operator === '=');
  }
  const left = toNumber(a);
  const right = toNumber(b);
  if (operator === '<') return left < right;
  if (operator === '<=') return left <= right;
  return operator === '>' ? left > right : left >= right;
}

export function toNodes(value: XPathValue): readonly Place[] {
  if (typeof value !== 'object') throw new XPathError('the XPath yields a value where nodes are needed');
  return value;
}

export function toBoolean(value: XPathValue): boolean {
  if (typeof value === 'object') return value.length > 0;
  if (typeof value === 'number') return value !== 0 && !Number.isNaN(value);
  return typeof value === 'string' ? value.length > 0 : value;
}

export function toText(value: XPathValue): string {
  if (typeof value === 'object') return value.length === 0 ? '' : stringValue(value[0] as Place);
  if (typeof value === 'number') return Object.is(value, -0) ? '0' : plainNumber(value);
  return String(value);
}

function plainNumber(value: number): string {
  const text = String(value);
  return text.includes('e') && Number.isFinite(value) ? BigInt(Math.trunc(value)).toString() : text;
}

export function toNumber(value: XPathValue): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  const text = toText(value).replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
  return /^-?(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
}
