import { attr, type Element } from '@sanode/xml';
import { type ComparisonType, compareValues } from './compare.ts';
import { conditionsOf, type NoteChange, passesDateExpression } from './date-expression.ts';
import type { DateTime } from './dates.ts';
import { parseInterval } from './intervals.ts';

/** What a rule can see; who evaluates decides which (scheduler-1 4.2). */
export interface RuleInput {
  readonly now: DateTime;
  readonly nodeAttributes?: ReadonlyMap<string, string> | undefined;
  readonly agent?:
    | {
        readonly class?: string | undefined;
        readonly provider?: string | undefined;
        readonly type?: string | undefined;
      }
    | undefined;
  readonly parameters?: ReadonlyMap<string, string> | undefined;
  readonly meta?: ReadonlyMap<string, string> | undefined;
  /** What a pattern matched: the whole, then its groups. */
  readonly submatches?: readonly (string | undefined)[] | undefined;
  readonly operation?: { readonly name: string; readonly intervalMs: number } | undefined;
  /** Told of times at which the result would change. */
  readonly noteChange?: NoteChange | undefined;
  /** Finds the element that an `id-ref` stands for. */
  readonly resolve?: ((name: string, id: string) => Element | undefined) | undefined;
}

/** Deeper nesting than this does not pass. */
const maxDepth = 100;

/** Whether a rule passes; what is not a valid rule does not (scheduler-1 4.3). */
export function passesRule(rule: Element, input: RuleInput, depth = 0): boolean {
  const resolved = resolveReference(rule, input);
  if (resolved === undefined || attr(resolved, 'id') === undefined || depth > maxDepth) return false;
  const combine = (attr(resolved, 'boolean-op') ?? 'and').toLowerCase();
  if (combine !== 'and' && combine !== 'or') return false;
  const conditions = conditionsOf(resolved);
  if (conditions.length === 0) return true;
  const test = (condition: Element) => passesCondition(condition, input, depth);
  return combine === 'and' ? conditions.every(test) : conditions.some(test);
}

function resolveReference(element: Element, input: RuleInput): Element | undefined {
  const reference = attr(element, 'id-ref');
  return reference === undefined ? element : input.resolve?.(element.name, reference);
}

function passesCondition(condition: Element, input: RuleInput, depth: number): boolean {
  switch (condition.name) {
    case 'date_expression':
      return passesDateExpression(condition, input.now, input.noteChange ?? (() => {}));
    case 'rsc_expression':
      return passesResourceExpression(condition, input);
    case 'op_expression':
      return passesOperationExpression(condition, input);
    case 'rule':
      return passesRule(condition, input, depth + 1);
    case 'expression':
      return passesAttributeExpression(condition, input);
    default:
      return false;
  }
}

function passesResourceExpression(expression: Element, input: RuleInput): boolean {
  if (attr(expression, 'id') === undefined) return false;
  return (['class', 'provider', 'type'] as const).every((name) => {
    const wanted = attr(expression, name);
    return wanted === undefined || wanted === input.agent?.[name];
  });
}

function passesOperationExpression(expression: Element, input: RuleInput): boolean {
  const name = attr(expression, 'name');
  if (attr(expression, 'id') === undefined || name === undefined) return false;
  const intervalText = attr(expression, 'interval');
  const interval = parseInterval(intervalText);
  if (interval === undefined || input.operation?.name !== name) return false;
  return intervalText === undefined || interval === input.operation.intervalMs;
}

/** Replaces `%0` to `%9` by what the pattern matched. */
export function expandSubmatches(text: string, submatches: readonly (string | undefined)[] | undefined): string {
  if (submatches === undefined) return text;
  return text.replace(/%([0-9])/g, (_whole, digit: string) => submatches[Number(digit)] ?? '');
}

function passesAttributeExpression(expression: Element, input: RuleInput): boolean {
  const name = attr(expression, 'attribute');
  const operation = attr(expression, 'operation')?.toLowerCase();
  if (attr(expression, 'id') === undefined || name === undefined || operation === undefined) return false;
  const value = attr(expression, 'value');
  const source = (attr(expression, 'value-source') ?? 'literal').toLowerCase();
  const type = attr(expression, 'type')?.toLowerCase();
  if (!['literal', 'param', 'meta'].includes(source)) return false;
  if (type !== undefined && !['string', 'integer', 'number', 'version'].includes(type)) return false;
  const actual = input.nodeAttributes?.get(expandSubmatches(name, input.submatches));
  if (operation === 'defined' || operation === 'not_defined') {
    return value === undefined && (actual !== undefined) === (operation === 'defined');
  }
  if (value === undefined) return false;
  const reference = source === 'literal' ? value : (source === 'param' ? input.parameters : input.meta)?.get(value);
  return compareByOperation(operation, actual, reference, type as ComparisonType | undefined);
}

function compareByOperation(
  operation: string,
  actual: string | undefined,
  reference: string | undefined,
  type: ComparisonType | undefined,
): boolean {
  if (operation === 'eq' || operation === 'ne') {
    return (compareValues(actual, reference, type ?? 'string') === 0) === (operation === 'eq');
  }
  const isNumber = actual?.includes('.') === true || reference?.includes('.') === true;
  const order = compareValues(actual, reference, type ?? (isNumber ? 'number' : 'integer'));
  if (actual === undefined || reference === undefined) return false;
  switch (operation) {
    case 'lt':
      return order < 0;
    case 'lte':
      return order <= 0;
    case 'gt':
      return order > 0;
    case 'gte':
      return order >= 0;
    default:
      return false;
  }
}
