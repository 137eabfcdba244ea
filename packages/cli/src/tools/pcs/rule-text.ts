import { attr, childElements, type Element } from '@sanode/xml';
import { pairText } from './text.ts';

export interface RuleTextOptions {
  ids: boolean;
  /** In a set of defaults: score and boolean-op are shown even where they are the default. */
  forDefaults?: boolean;
  expired?: boolean;
}

/** A rule as `constraint` and `defaults` list it (cli-pcs.md 11). */
export function ruleLines(rule: Element, options: RuleTextOptions): string[] {
  const parts: string[] = [];
  const expressions = childElements(rule);
  const operator = attr(rule, 'boolean-op');
  const role = attr(rule, 'role');
  if (operator !== undefined) parts.push(`boolean-op=${operator}`);
  else if (expressions.length > 1 || options.forDefaults === true) parts.push('boolean-op=and');
  if (role !== undefined) parts.push(`role=${role}`);
  const scoreAttribute = attr(rule, 'score-attribute');
  if (scoreAttribute !== undefined) parts.push(`score-attribute=${scoreAttribute}`);
  else parts.push(`score=${attr(rule, 'score') ?? 'INFINITY'}`);
  if (options.ids) parts.push(`(id:${attr(rule, 'id')})`);
  const head = `Rule${options.expired === true ? ' (expired)' : ''}: ${parts.join(' ')}`;
  const inner = expressions.flatMap((expression) =>
    expression.name === 'rule'
      ? ruleLines(expression, { ...options, expired: false })
      : expressionLines(expression, options.ids),
  );
  return [head, ...inner.map((line) => `  ${line}`)];
}

function expressionLines(expression: Element, ids: boolean): string[] {
  const idOf = (node: Element): string => (ids ? ` (id:${attr(node, 'id')})` : '');
  const inner = childElements(expression).map((child) => {
    const what = child.name === 'duration' ? 'Duration' : 'Date Spec';
    const fields = [...child.attributes]
      .filter(([name]) => name !== 'id')
      .map(([name, value]) => pairText(name, value));
    return `  ${what}: ${fields.join(' ')}${idOf(child)}`;
  });
  const body = expressionText(expression);
  return [`Expression:${body === '' ? '' : ` ${body}`}${idOf(expression)}`, ...inner];
}

function expressionText(expression: Element): string {
  const get = (name: string): string | undefined => attr(expression, name);
  switch (expression.name) {
    case 'rsc_expression':
      return `resource ${resourcePattern(expression)}`;
    case 'op_expression':
      return ['op', get('name'), get('interval') === undefined ? undefined : `interval=${get('interval')}`]
        .filter((part) => part !== undefined)
        .join(' ');
    case 'date_expression':
      if (get('operation') === 'date_spec') return '';
      if (get('operation') !== 'in_range') return `date ${get('operation')} ${get('start') ?? get('end')}`;
      return ['date in_range', get('start'), 'to', get('end') ?? 'duration']
        .filter((part) => part !== undefined)
        .join(' ');
    default: {
      const operation = get('operation') ?? '';
      if (operation === 'defined' || operation === 'not_defined') return `${operation} ${get('attribute')}`;
      return [get('attribute'), operation, get('type'), get('value')].filter((part) => part !== undefined).join(' ');
    }
  }
}

function resourcePattern(expression: Element): string {
  const [standard, provider, type] = ['class', 'provider', 'type'].map((name) => attr(expression, name) ?? '');
  return `${standard}:${provider}:${type}`;
}
