import { type Token, tokenize, XPathError } from './lexer.ts';

export const axes = [
  'child',
  'descendant',
  'descendant-or-self',
  'self',
  'parent',
  'ancestor',
  'ancestor-or-self',
  'attribute',
  'following-sibling',
  'preceding-sibling',
  'following',
  'preceding',
] as const;
export type Axis = (typeof axes)[number];

/** `name`: an element's (or attribute's) name, `*` any; `node`, `text`, `comment`: the node type tests. */
export interface NodeTest {
  readonly kind: 'name' | 'node' | 'text' | 'comment' | 'processing-instruction';
  readonly name: string;
}

export interface Step {
  readonly axis: Axis;
  readonly test: NodeTest;
  readonly predicates: readonly Expression[];
}

export type BinaryOperator =
  | 'or'
  | 'and'
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '+'
  | '-'
  | '*'
  | 'div'
  | 'mod'
  | '|';

export type Expression =
  | {
      readonly type: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly type: 'negate'; readonly operand: Expression }
  | { readonly type: 'literal'; readonly value: string | number }
  | { readonly type: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly type: 'filter'; readonly base: Expression; readonly predicates: readonly Expression[] }
  | {
      readonly type: 'path';
      /** `root`: from the document; `context`: from the context node; else from a filter expression's nodes. */
      readonly from: 'root' | 'context' | Expression;
      readonly steps: readonly Step[];
    };

const maxDepth = 200;
const levels: readonly (readonly string[])[] = [
  ['or'],
  ['and'],
  ['=', '!='],
  ['<', '<=', '>', '>='],
  ['+', '-'],
  ['*', 'div', 'mod'],
];
const nodeTypes = new Set(['node', 'text', 'comment', 'processing-instruction']);
const anyNode: NodeTest = { kind: 'node', name: '' };

/** Parses an XPath 1.0 expression. Variables are refused. @throws {XPathError} */
export function parseXPath(expression: string): Expression {
  return new Parser(expression, tokenize(expression)).whole();
}

class Parser {
  readonly #expression: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(expression: string, tokens: readonly Token[]) {
    this.#expression = expression;
    this.#tokens = tokens;
  }

  whole(): Expression {
    const result = this.#binary(0);
    if (this.#peek().kind !== 'end') throw this.#error();
    return result;
  }

  #peek(offset = 0): Token {
    return this.#tokens[Math.min(this.#at + offset, this.#tokens.length - 1)] as Token;
  }

  #is(text: string, offset = 0): boolean {
    const token = this.#peek(offset);
    return (token.kind === 'operator' || token.kind === 'punctuation') && token.text === text;
  }

  #accept(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at += 1;
    return true;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) throw this.#error();
  }

  #error(): XPathError {
    const found = this.#peek();
    const where = found.kind === 'end' ? 'ends too early' : `is malformed at '${found.text}'`;
    return new XPathError(`XPath '${this.#expression}' ${where}`);
  }

  #binary(level: number): Expression {
    const operators = levels[level];
    if (operators === undefined) return this.#unary();
    this.#depth += 1;
    if (this.#depth > maxDepth * levels.length) throw new XPathError('the XPath is nested too deep');
    let left = this.#binary(level + 1);
    for (;;) {
      const token = this.#peek();
      if (token.kind !== 'operator' || !operators.includes(token.text)) break;
      this.#at += 1;
      left = { type: 'binary', operator: token.text as BinaryOperator, left, right: this.#binary(level + 1) };
    }
    this.#depth -= 1;
    return left;
  }

  #unary(): Expression {
    let minuses = 0;
    while (this.#accept('-')) minuses += 1;
    let result = this.#union();
    for (; minuses > 0; minuses -= 1) result = { type: 'negate', operand: result };
    return result;
  }

  #union(): Expression {
    let left = this.#path();
    while (this.#accept('|')) left = { type: 'binary', operator: '|', left, right: this.#path() };
    return left;
  }

  #path(): Expression {
    if (this.#startsFilter()) {
      const base = this.#primary();
      const predicates = this.#predicates();
      const filtered: Expression = predicates.length === 0 ? base : { type: 'filter', base, predicates };
      if (!this.#is('/') && !this.#is('//')) return filtered;
      return { type: 'path', from: filtered, steps: this.#moreSteps() };
    }
    if (this.#is('//')) return { type: 'path', from: 'root', steps: simplify(this.#moreSteps()) };
    if (this.#accept('/')) {
      if (!this.#startsStep()) return { type: 'path', from: 'root', steps: [] };
      return { type: 'path', from: 'root', steps: simplify([this.#step(), ...this.#moreSteps()]) };
    }
    return { type: 'path', from: 'context', steps: simplify([this.#step(), ...this.#moreSteps()]) };
  }

  #startsFilter(): boolean {
    const token = this.#peek();
    if (token.kind === 'literal' || token.kind === 'number') return true;
    if (token.kind === 'punctuation' && (token.text === '(' || token.text === '$')) return true;
    return token.kind === 'name' && this.#is('(', 1) && !nodeTypes.has(token.text);
  }

  #startsStep(): boolean {
    const token = this.#peek();
    return token.kind === 'name' || this.#is('@') || this.#is('.') || this.#is('..');
  }

  #moreSteps(): Step[] {
    const steps: Step[] = [];
    for (;;) {
      if (this.#accept('//')) steps.push({ axis: 'descendant-or-self', test: anyNode, predicates: [] });
      else if (!this.#accept('/')) return steps;
      steps.push(this.#step());
    }
  }

  #step(): Step {
    if (this.#accept('.')) return { axis: 'self', test: anyNode, predicates: [] };
    if (this.#accept('..')) return { axis: 'parent', test: anyNode, predicates: [] };
    let axis: Axis = 'child';
    if (this.#accept('@')) axis = 'attribute';
    else if (this.#peek().kind === 'name' && this.#is('::', 1)) {
      const name = this.#peek().text;
      if (!(axes as readonly string[]).includes(name)) throw new XPathError(`XPath axis '${name}' is not supported`);
      axis = name as Axis;
      this.#at += 2;
    }
    const token = this.#peek();
    if (token.kind !== 'name') throw this.#error();
    this.#at += 1;
    const test = this.#nodeTest(token.text);
    return { axis, test, predicates: this.#predicates() };
  }

  #nodeTest(name: string): NodeTest {
    if (!nodeTypes.has(name) || !this.#accept('(')) return { kind: 'name', name };
    if (name === 'processing-instruction' && this.#peek().kind === 'literal') this.#at += 1;
    this.#expect(')');
    return { kind: name as NodeTest['kind'], name: '' };
  }

  #predicates(): Expression[] {
    const predicates: Expression[] = [];
    while (this.#accept('[')) {
      predicates.push(this.#binary(0));
      this.#expect(']');
    }
    return predicates;
  }

  #primary(): Expression {
    const token = this.#peek();
    this.#at += 1;
    if (token.kind === 'literal') return { type: 'literal', value: token.text };
    if (token.kind === 'number') return { type: 'literal', value: Number(token.text) };
    if (token.text === '$') throw new XPathError('XPath variables are not supported');
    if (token.text === '(') {
      const inner = this.#binary(0);
      this.#expect(')');
      return inner;
    }
    this.#expect('(');
    const args: Expression[] = [];
    if (!this.#accept(')')) {
      do args.push(this.#binary(0));
      while (this.#accept(','));
      this.#expect(')');
    }
    return { type: 'call', name: token.text, args };
  }
}

/** Makes `//name[...]` one step down the descendants where no predicate counts positions: the same nodes, in one walk. */
function simplify(steps: readonly Step[]): Step[] {
  const result: Step[] = [];
  for (let index = 0; index < steps.length; index += 1) {
    const step = steps[index] as Step;
    const next = steps[index + 1];
    const isShort = step.axis === 'descendant-or-self' && step.test.kind === 'node' && step.predicates.length === 0;
    if (isShort && next?.axis === 'child' && !next.predicates.some(mayCount)) {
      result.push({ ...next, axis: 'descendant' });
      index += 1;
    } else result.push(step);
  }
  return result;
}

/** Whether a predicate may depend on the position of its node: it may be a number, or calls position() or last(). */
function mayCount(predicate: Expression): boolean {
  switch (predicate.type) {
    case 'literal':
      return typeof predicate.value === 'number';
    case 'path':
      return typeof predicate.from !== 'string' && usesPosition(predicate.from);
    case 'binary':
      return isArithmetic(predicate.operator) || usesPosition(predicate);
    case 'call':
      return !['not', 'contains', 'starts-with', 'boolean'].includes(predicate.name) || usesPosition(predicate);
    default:
      return true;
  }
}

function isArithmetic(operator: BinaryOperator): boolean {
  return ['+', '-', '*', 'div', 'mod'].includes(operator);
}

/** Predicates inside a path count positions of their own, so only what lies outside of them matters. */
function usesPosition(expression: Expression): boolean {
  switch (expression.type) {
    case 'literal':
      return false;
    case 'call':
      return expression.name === 'position' || expression.name === 'last' || expression.args.some(usesPosition);
    case 'binary':
      return usesPosition(expression.left) || usesPosition(expression.right);
    case 'negate':
      return usesPosition(expression.operand);
    case 'filter':
      return usesPosition(expression.base);
    case 'path':
      return typeof expression.from !== 'string' && usesPosition(expression.from);
  }
}
