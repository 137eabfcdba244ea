import { fail } from './errors.ts';

/**
 * Reads `name=value` words. A repeated name must repeat its value.
 * @throws {PcsError} `missing value of 'x' option`, and for one name with two values
 */
export function parseOptions(words: readonly string[]): Map<string, string> {
  const { options, bare } = splitOptions(words);
  const first = bare[0];
  if (first !== undefined) fail(`missing value of '${first}' option`);
  return options;
}

/** As {@link parseOptions}, but words without `=` are handed back instead of refused. */
export function splitOptions(words: readonly string[]): { options: Map<string, string>; bare: string[] } {
  const options = new Map<string, string>();
  const bare: string[] = [];
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 0) {
      bare.push(word);
      continue;
    }
    const name = word.slice(0, equals);
    const value = word.slice(equals + 1);
    if (name === '') fail(`missing key in '${word}' option`);
    const known = options.get(name);
    if (known !== undefined && known !== value) {
      fail(`duplicate option '${name}' with different values '${known}' and '${value}'`);
    }
    options.set(name, value);
  }
  return { options, bare };
}

/** Splits words into runs by keywords: what stands before the first under '', each later run under its keyword. */
export function groupByKeywords(words: readonly string[], keywords: readonly string[]): KeywordRun[] {
  const runs: KeywordRun[] = [{ keyword: '', words: [] }];
  for (const word of words) {
    if (keywords.includes(word)) runs.push({ keyword: word, words: [] });
    else (runs.at(-1) as KeywordRun).words.push(word);
  }
  return runs;
}

export interface KeywordRun {
  readonly keyword: string;
  readonly words: string[];
}

/** A score: an integer or +/-INFINITY. */
export function isScore(text: string): boolean {
  return /^[+-]?(INFINITY|\d+)$/.test(text);
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  s: 1,
  sec: 1,
  m: 60,
  min: 60,
  h: 3600,
  hr: 3600,
  ms: 0.001,
  msec: 0.001,
  us: 0.000001,
  usec: 0.000001,
};

/** Seconds of a time such as `10`, `10s`, `5min`, `2h`, `100ms`; undefined for anything else. Fractions are cut off. */
export function seconds(text: string): number | undefined {
  const match = /^\s*(\d+)\s*([a-z]*)\s*$/.exec(text);
  const unit = match === null ? undefined : units[match[2] as string];
  return match === null || unit === undefined ? undefined : Math.floor(Number(match[1]) * unit);
}
