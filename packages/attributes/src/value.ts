import { addScores, parseSpanMs, scoreOrZero, scoreText } from '@sanode/rules';

/**
 * Expands `value++` and `value+=N` (N may be negative) from the value that is there: scores, cut to +-INFINITY
 * (1,000,000), as the reference's attribute manager does. Other values stay as they are.
 */
export function expandValue(wanted: string, current: string | undefined): string {
  const match = /^value(?:\+\+|\+=(.*))$/s.exec(wanted);
  if (match === null) return wanted;
  const step = match[1] === undefined ? 1 : scoreOrZero(match[1]);
  return scoreText(addScores(scoreOrZero(current), step));
}

/** Reads a dampening ("5", "5s", "500ms") in ms; undefined when it is none. */
export function parseDampeningMs(value: string | undefined): number | undefined {
  return parseSpanMs(value, 10);
}
