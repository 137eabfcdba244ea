import { attr, childElements, type Element } from '@sanode/xml';

const dayMs = 86_400_000;

/**
 * Whether a rule can never hold again: all its conditions must hold and one of them is a date that is over, or one is
 * enough and every one is.
 */
export function isRuleExpired(rule: Element, nowMs: number): boolean {
  const parts = childElements(rule);
  if (parts.length === 0) return false;
  const over = (part: Element): boolean =>
    part.name === 'rule' ? isRuleExpired(part, nowMs) : isDateOver(part, nowMs);
  return attr(rule, 'boolean-op') === 'or' ? parts.every(over) : parts.some(over);
}

function isDateOver(expression: Element, nowMs: number): boolean {
  if (expression.name !== 'date_expression') return false;
  const operation = attr(expression, 'operation');
  if (operation !== 'lt' && operation !== 'in_range') return false;
  const end = attr(expression, 'end');
  if (end !== undefined) return parseMs(end) < nowMs;
  const start = attr(expression, 'start');
  const duration = childElements(expression, 'duration')[0];
  if (start === undefined || duration === undefined) return false;
  return addDuration(parseMs(start), duration) < nowMs;
}

/** A date without a zone is taken as UTC; what is no date never ends. */
function parseMs(text: string): number {
  const ms = Date.parse(/[T ]/.test(text) && !/(Z|[+-]\d\d:?\d\d)$/.test(text) ? `${text}Z` : text);
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms;
}

function addDuration(startMs: number, duration: Element): number {
  if (!Number.isFinite(startMs)) return startMs;
  const get = (name: string): number => Number(attr(duration, name) ?? '0');
  const date = new Date(startMs);
  date.setUTCFullYear(date.getUTCFullYear() + get('years'), date.getUTCMonth() + get('months'));
  const days = get('days') + get('monthdays') + 7 * get('weeks');
  return date.getTime() + days * dayMs + get('hours') * 3_600_000 + get('minutes') * 60_000 + get('seconds') * 1000;
}
