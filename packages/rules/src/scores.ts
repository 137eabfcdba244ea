/** The score that means "always", and is never passed. */
export const infinity = 1_000_000;

export function clipScore(score: number): number {
  return Math.min(Math.max(score, -infinity), infinity);
}

/** Adds scores; minus infinity wins over everything, infinity over numbers (scheduler-2 1.1). */
export function addScores(a: number, b: number): number {
  if (a <= -infinity || b <= -infinity) return -infinity;
  if (a >= infinity || b >= infinity) return infinity;
  return clipScore(a + b);
}

/** A score as it is written: INFINITY, -INFINITY or the number. */
export function scoreText(score: number): string {
  if (score >= infinity) return 'INFINITY';
  return score <= -infinity ? '-INFINITY' : String(score);
}

/**
 * Reads a score where any text is taken: INFINITY, +INFINITY, -INFINITY in any case, or a leading integer, cut to
 * +-1,000,000; everything else is 0. The scheduler's inputs are read more strictly (packages/scheduler).
 */
export function scoreOrZero(text: string | undefined): number {
  if (text === undefined) return 0;
  if (/^\+?INFINITY$/i.test(text)) return infinity;
  if (/^-INFINITY$/i.test(text)) return -infinity;
  const number = Number.parseInt(text, 10);
  return Number.isNaN(number) ? 0 : clipScore(number);
}
