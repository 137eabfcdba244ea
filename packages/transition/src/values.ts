/** The score that means "always" and is never passed. */
export const infinity = 1_000_000;

/** Reads a score: INFINITY, +INFINITY, -INFINITY or an integer, cut to +-1,000,000. Anything else is 0. */
export function parseScore(value: string | undefined): number {
  if (value === undefined) return 0;
  if (/^\+?INFINITY$/i.test(value)) return infinity;
  if (/^-INFINITY$/i.test(value)) return -infinity;
  const number = Number.parseInt(value, 10);
  if (Number.isNaN(number)) return 0;
  return Math.min(infinity, Math.max(-infinity, number));
}

const unitMs: Readonly<Record<string, number>> = {
  '': 1000,
  s: 1000,
  sec: 1000,
  ms: 1,
  msec: 1,
  us: 0.001,
  usec: 0.001,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
};

/** Reads a span as the scheduler writes it ("60s", "500ms", "60"), in ms; undefined when it is none. */
export function parseDurationMs(value: string | undefined): number | undefined {
  const match = /^\s*(\d{1,15})\s*([a-z]*)\s*$/i.exec(value ?? '');
  if (match === null) return undefined;
  const unit = unitMs[(match[2] as string).toLowerCase()];
  return unit === undefined ? undefined : Math.floor(Number(match[1]) * unit);
}
