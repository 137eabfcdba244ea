const infinity = 1_000_000;

/**
 * Expands `value++` and `value+=N` (N may be negative) from the value that is there: scores, cut to +-INFINITY
 * (1,000,000), as the reference's attribute manager does. Other values stay as they are.
 */
export function expandValue(wanted: string, current: string | undefined): string {
  const match = /^value(?:\+\+|\+=(.*))$/s.exec(wanted);
  if (match === null) return wanted;
  const step = match[1] === undefined ? 1 : score(match[1]);
  return printScore(addScores(score(current), step));
}

/** Adds scores: -INFINITY wins over INFINITY, and both over numbers. */
function addScores(left: number, right: number): number {
  if (left <= -infinity || right <= -infinity) return -infinity;
  if (left >= infinity || right >= infinity) return infinity;
  return Math.min(infinity, Math.max(-infinity, left + right));
}

function score(value: string | undefined): number {
  if (value === undefined) return 0;
  if (/^\+?INFINITY$/i.test(value)) return infinity;
  if (/^-INFINITY$/i.test(value)) return -infinity;
  const number = Number.parseInt(value, 10);
  return Number.isNaN(number) ? 0 : Math.min(infinity, Math.max(-infinity, number));
}

function printScore(value: number): string {
  return value >= infinity ? 'INFINITY' : value <= -infinity ? '-INFINITY' : String(value);
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

/** Reads a dampening ("5", "5s", "500ms") in ms; undefined when it is none. */
export function parseDampeningMs(value: string | undefined): number | undefined {
  const match = /^\s*(\d{1,10})\s*([a-z]*)\s*$/i.exec(value ?? '');
  const unit = match === null ? undefined : unitMs[(match[2] as string).toLowerCase()];
  return match === null || unit === undefined ? undefined : Math.floor(Number(match[1]) * unit);
}
