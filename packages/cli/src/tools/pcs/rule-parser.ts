import { childElements, type Element, element } from '@sanode/xml';
import type { CibEditor } from './cib-editor.ts';
import type { DefaultsSection } from './commands/defaults.ts';
import { fail } from './errors.ts';

/** A rule's expression as a tree. */
export type Expression =
  | { readonly kind: 'group'; readonly operator: 'and' | 'or'; readonly parts: readonly Expression[] }
  | { readonly kind: 'leaf'; readonly make: (id: string) => Element; readonly suffix: string };

const deepest = 50;
const comparisons = new Set(['lt', 'gt', 'lte', 'gte', 'eq', 'ne']);
const valueTypes = new Set(['string', 'integer', 'number', 'version']);

/**
 * Parses a location rule's expression (cli-pcs.md 11); `and` binds tighter than `or`.
 * @throws {PcsError} naming the word where it stops making sense
 */
export function parseRule(words: readonly string[]): Expression {
  return new RuleParser(words, locationLeaf).parse();
}

/** Parses the rule of a set of defaults: `resource [STD]:[PROV]:[TYPE]`, `op NAME [interval=T]`, dates. */
export function parseDefaultsRule(words: readonly string[], section: DefaultsSection): Expression {
  return new RuleParser(words, (parser) => defaultsLeaf(parser, section)).parse();
}

class RuleParser {
  readonly #words: readonly string[];
  readonly #leaf: (parser: RuleParser) => Expression;
  #at = 0;
  #depth = 0;

  constructor(words: readonly string[], leaf: (parser: RuleParser) => Expression) {
    // A rule may come as one quoted word.
    this.#words = words
      .flatMap((word) =>
        word
          .replace(/([()])/g, ' $1 ')
          .trim()
          .split(/\s+/),
      )
      .filter((word) => word !== '');
    this.#leaf = leaf;
  }

  parse(): Expression {
    if (this.#words.length === 0) fail('no rule expression was specified');
    const expression = this.#either();
    if (this.#at < this.#words.length) this.unexpected();
    return expression;
  }

  peek(offset = 0): string | undefined {
    return this.#words[this.#at + offset];
  }

  next(): string {
    const word = this.#words[this.#at];
    if (word === undefined) this.unexpected();
    this.#at += 1;
    return word as string;
  }

  unexpected(): never {
    const word = this.#words[this.#at];
    const where = word === undefined ? 'unexpected end of expression' : `unexpected '${word}'`;
    return fail(`'${this.#words.join(' ')}' is not a valid rule expression: ${where}`);
  }

  #either(): Expression {
    return this.#joined('or', () => this.#joined('and', () => this.#term()));
  }

  #joined(operator: 'and' | 'or', part: () => Expression): Expression {
    const parts = [part()];
    while (this.peek() === operator) {
      this.#at += 1;
      parts.push(part());
    }
    return parts.length === 1 ? (parts[0] as Expression) : { kind: 'group', operator, parts };
  }

  #term(): Expression {
    if (this.peek() !== '(') return this.#leaf(this);
    this.#depth += 1;
    if (this.#depth > deepest) fail(`a rule expression may be nested ${deepest} deep`);
    this.#at += 1;
    const inner = this.#either();
    if (this.next() !== ')') {
      this.#at -= 1;
      this.unexpected();
    }
    this.#depth -= 1;
    return inner;
  }
}

function locationLeaf(parser: RuleParser): Expression {
  const word = parser.peek();
  const dated = dateLeaf(parser);
  if (dated !== undefined) return dated;
  if (word === 'defined' || word === 'not_defined') {
    parser.next();
    const attribute = parser.next();
    return leaf('expr', (id) => element('expression', { operation: word, attribute, id }));
  }
  const attribute = parser.next();
  const operation = parser.peek();
  if (operation === undefined || !comparisons.has(operation)) parser.unexpected();
  parser.next();
  const typed =
    valueTypes.has(parser.peek() ?? '') &&
    parser.peek(1) !== undefined &&
    !['and', 'or', ')'].includes(parser.peek(1) ?? '');
  const type = typed ? parser.next() : undefined;
  const value = parser.next();
  return leaf('expr', (id) => element('expression', { operation, attribute, type, value, id }));
}

function defaultsLeaf(parser: RuleParser, section: DefaultsSection): Expression {
  const dated = dateLeaf(parser);
  if (dated !== undefined) return dated;
  const word = parser.peek();
  if (word === 'resource') {
    parser.next();
    const name = parser.next();
    const [standard, provider, type] = name.includes(':') ? name.split(':') : [name];
    const attributes = { class: standard || undefined, provider: provider || undefined, type: type || undefined };
    const suffix = ['rsc', standard, provider, type].filter((part) => part !== undefined && part !== '').join('-');
    return leaf(suffix, (id) => element('rsc_expression', { id, ...attributes }));
  }
  if (word === 'op' && section === 'op_defaults') {
    parser.next();
    const name = parser.next();
    const interval =
      parser.peek()?.startsWith('interval=') === true ? parser.next().slice('interval='.length) : undefined;
    return leaf(`op-${name}${interval === undefined ? '' : `-${interval}`}`, (id) =>
      element('op_expression', { id, name, interval }),
    );
  }
  return locationLeaf(parser);
}

function dateLeaf(parser: RuleParser): Expression | undefined {
  if (parser.peek() === 'date-spec') {
    parser.next();
    const fields = pairs(parser);
    return leaf('expr', (id) =>
      element('date_expression', { operation: 'date_spec', id }, [
        element('date_spec', { id: `${id}-datespec`, ...fields }),
      ]),
    );
  }
  if (parser.peek() !== 'date') return undefined;
  const operation = parser.peek(1);
  if (operation === 'gt' || operation === 'lt') {
    parser.next();
    parser.next();
    const moment = date(parser);
    const bound = operation === 'gt' ? { start: moment } : { end: moment };
    return leaf('expr', (id) => element('date_expression', { operation, ...bound, id }));
  }
  if (operation !== 'in_range') return undefined;
  parser.next();
  parser.next();
  const start = parser.peek() === 'to' ? undefined : date(parser);
  if (parser.next() !== 'to') parser.unexpected();
  if (parser.peek() !== 'duration') {
    const end = date(parser);
    return leaf('expr', (id) => element('date_expression', { operation, start, end, id }));
  }
  parser.next();
  const fields = pairs(parser);
  return leaf('expr', (id) =>
    element('date_expression', { operation, start, id }, [element('duration', { id: `${id}-duration`, ...fields })]),
  );
}

const dateFields = new Set([
  'hours',
  'monthdays',
  'weekdays',
  'yeardays',
  'months',
  'weeks',
  'years',
  'weekyears',
  'moon',
  'minutes',
  'seconds',
  'days',
]);

function pairs(parser: RuleParser): Record<string, string> {
  const found: Record<string, string> = {};
  for (let word = parser.peek(); word?.includes('=') === true; word = parser.peek()) {
    const [name, value] = word.split('=', 2) as [string, string];
    if (!dateFields.has(name) || value === '') parser.unexpected();
    found[name] = value;
    parser.next();
  }
  if (Object.keys(found).length === 0) parser.unexpected();
  return found;
}

function date(parser: RuleParser): string {
  const word = parser.next();
  if (!/^\d{4}(-?\d{2}(-?\d{2})?|-?W\d{2}(-?\d)?|-?\d{3})?([T ][\d:]+(\.\d+)?(Z|[+-][\d:]+)?)?$/.test(word)) {
    fail(`invalid date '${word}' in the rule expression; write it as YYYY-MM-DD, with THH:MM:SS after it if wanted`);
  }
  return word;
}

function leaf(suffix: string, make: (id: string) => Element): Expression {
  return { kind: 'leaf', make, suffix };
}

/**
 * Adds a rule to a constraint or a set of defaults.
 * @param options attributes of the rule: score, score-attribute, role, id @returns the owner with the rule
 */
export function addRule(
  editor: CibEditor,
  owner: Element,
  expression: Expression,
  options: Readonly<Record<string, string | undefined>>,
): Element {
  const taken = new Set<string>();
  const unique = (base: string): string => {
    const id = editor.uniqueId(base, taken);
    taken.add(id);
    return id;
  };
  const id = options['id'] ?? unique(`${owner.attributes.get('id')}-rule`);
  taken.add(id);
  const rule = build(expression, { ...options, id }, unique);
  // Where only resources and operations are asked for, the rule stands before the values it decides about.
  const children = owner.name === 'meta_attributes' ? [rule, ...owner.children] : [...owner.children, rule];
  return editor.replace(owner, { ...owner, children });
}

function build(
  expression: Expression,
  attributes: Readonly<Record<string, string | undefined>>,
  unique: (base: string) => string,
): Element {
  const { id, ...rest } = attributes;
  const parts = expression.kind === 'group' ? expression.parts : [expression];
  const operator = expression.kind === 'group' ? expression.operator : undefined;
  const children = parts.map((part) => {
    if (part.kind === 'leaf') return part.make(unique(`${id}-${part.suffix}`));
    return build(part, { id: unique(`${id}-rule`), score: '0' }, unique);
  });
  const defaultsRule = childElements(element('x', {}, children)).some((child) =>
    /^(rsc|op)_expression$/.test(child.name),
  );
  return element('rule', { 'boolean-op': operator ?? (defaultsRule ? 'and' : undefined), ...rest, id }, children);
}
