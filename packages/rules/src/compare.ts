import { scanInteger } from './numbers.ts';

/** Compares versions by their leading `N.N.N`; missing segments are 0 (scheduler-1 0.2). */
export function compareVersions(a: string, b: string): number {
  const left = versionSegments(a);
  const right = versionSegments(b);
  const length = Math.max(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

function versionSegments(text: string): number[] {
  const match = /^\s*([0-9]+(?:\.[0-9]+)*)/.exec(text);
  return match === null ? [] : (match[1] as string).split('.').map(Number);
}

export type ComparisonType = 'string' | 'integer' | 'number' | 'version';

/** Compares two attribute values; an absent one is smaller (scheduler-1 4.4 step 7). */
export function compareValues(a: string | undefined, b: string | undefined, type: ComparisonType): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  if (type === 'version') return compareVersions(a, b);
  if (type === 'integer') {
    const [left, right] = [scanInteger(a), scanInteger(b)];
    if (left.ok && right.ok) return Math.sign(left.value - right.value);
  } else if (type === 'number') {
    const [left, right] = [scanNumber(a), scanNumber(b)];
    if (left !== undefined && right !== undefined) return Math.sign(left - right);
  }
  const [left, right] = [a.toLowerCase(), b.toLowerCase()];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** As C's `strtod`: the leading number. */
function scanNumber(text: string): number | undefined {
  const match = /^\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/.exec(text);
  if (match !== null) return Number(match[0]);
  const word = /^\s*([+-]?)(inf(?:inity)?)/i.exec(text);
  if (word !== null) return word[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return undefined;
}
