import { clipScore, infinity, scanInteger } from '@sanode/rules';

export { addScores, clipScore, infinity, scoreText } from '@sanode/rules';

/** Mark of a node that a non-negative walk found unusable (scheduler-2 10.4); below every score, never added to. */
export const unusable = -100_000_000;

export interface HealthScores {
  readonly red: number;
  readonly yellow: number;
  readonly green: number;
}

/** Parses a score; `undefined` for text that is none (scheduler-2 1.3). `health` gives the values of colours. */
export function parseScore(text: string, health?: HealthScores): number | undefined {
  if (text === '-INFINITY') return -infinity;
  if (text === 'INFINITY' || text === '+INFINITY') return infinity;
  const color = text.toLowerCase();
  if (color === 'red' || color === 'yellow' || color === 'green') return clipScore(health?.[color] ?? 0);
  const scanned = scanInteger(text);
  return scanned.ok ? clipScore(scanned.value) : undefined;
}

/** The score, or the default where it is absent or none. */
export function scoreOr(text: string | undefined, fallback: number, health?: HealthScores): number {
  return text === undefined ? clipScore(fallback) : (parseScore(text, health) ?? clipScore(fallback));
}
