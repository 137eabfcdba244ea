import { scanInteger } from '@sanode/rules';

/** The score beyond all others. */
export const infinity = 1_000_000;
/** Mark of a node that a non-negative walk found unusable (scheduler-2 10.4); below every score, never added to. */
export const unusable = -100_000_000;

/** Adds scores; minus infinity wins over everything (scheduler-2 1.1). */
export function addScores(a: number, b: number): number {
  if (a <= -infinity || b <= -infinity) return -infinity;
  if (a >= infinity || b >= infinity) return infinity;
  return clipScore(a + b);
}

export function clipScore(score: number): number {
  return Math.min(Math.max(score, -infinity), infinity);
}

export function scoreText(score: number): string {
  if (score >= infinity) return 'INFINITY';
  return score <= -infinity ? '-INFINITY' : String(score);
}

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
