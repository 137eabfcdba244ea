import { attr, childElements, type Element, firstChild } from '@sanode/xml';
import { scanInteger } from './numbers.ts';
import { passesRule, type RuleInput } from './rule.ts';
import { clipScore, infinity } from './scores.ts';

function scoreOf(set: Element): number {
  const text = attr(set, 'score');
  if (text === undefined) return 0;
  if (text === 'INFINITY' || text === '+INFINITY') return infinity;
  if (text === '-INFINITY') return -infinity;
  const scanned = scanInteger(text);
  return scanned.ok ? clipScore(scanned.value) : 0;
}

/**
 * Fills `table` from the attribute sets below `parent` whose rules pass. What the table has already stays; among sets,
 * the higher score, then the later in the document, wins; within one, the first (scheduler-1 4.1).
 * @param firstId id of a set that goes before all others
 */
export function evaluateSets(
  parent: Element,
  setName: string,
  input: RuleInput,
  table: Map<string, string>,
  firstId?: string,
): void {
  const found = childElements(parent, setName);
  if (found.length === 0) return;
  const sets: Element[] = [];
  for (const set of found) {
    const reference = attr(set, 'id-ref');
    const resolved = reference === undefined ? set : input.resolve?.(setName, reference);
    if (resolved !== undefined) sets.push(resolved);
  }
  if (sets.length > 1) {
    sets.reverse();
    const rank = (set: Element) => (firstId !== undefined && attr(set, 'id') === firstId ? 1 : 0);
    sets.sort((a, b) => rank(b) - rank(a) || scoreOf(b) - scoreOf(a));
  }
  for (const set of sets) {
    const rule = firstChild(set, 'rule');
    if (rule === undefined || passesRule(rule, input)) addPairs(set, input, table);
  }
}

function addPairs(set: Element, input: RuleInput, table: Map<string, string>): void {
  for (const child of childElements(set, 'nvpair')) {
    const reference = attr(child, 'id-ref');
    const pair = reference === undefined ? child : input.resolve?.('nvpair', reference);
    if (pair === undefined) continue;
    const name = attr(pair, 'name');
    const value = attr(pair, 'value');
    if (name === undefined || value === undefined) continue;
    if (value.toLowerCase() === '#default') table.delete(name);
    else if (!table.has(name)) table.set(name, value);
  }
}
