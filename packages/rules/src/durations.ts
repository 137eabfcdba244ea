/** A span of calendar units (ISO 8601 `P1Y2M3DT4H5M6S`), weeks as days, hours and minutes as seconds. */
export interface Duration {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly seconds: number;
}

/** Parses an ISO 8601 duration; `undefined` for what is none (scheduler-1 4.6). */
export function parseDuration(text: string): Duration | undefined {
  if (!text.startsWith('P')) return undefined;
  let inTime = false;
  const sum = { years: 0, months: 0, days: 0, seconds: 0 };
  let defined = false;
  let rest = text.slice(1).replace(/[\s/].*$/s, '');
  while (rest !== '') {
    if (rest.startsWith('T')) {
      inTime = true;
      rest = rest.slice(1);
      continue;
    }
    const match = /^([+-]?[0-9]{1,15})([YMWDHS])/.exec(rest);
    if (match === null || !addUnit(sum, Number(match[1]), match[2] as string, inTime)) return undefined;
    defined = true;
    rest = rest.slice(match[0].length);
  }
  return defined ? sum : undefined;
}

function addUnit(
  sum: { years: number; months: number; days: number; seconds: number },
  value: number,
  unit: string,
  inTime: boolean,
): boolean {
  if (unit === 'Y') sum.years = value;
  else if (unit === 'M' && !inTime) sum.months = value;
  else if (unit === 'M') sum.seconds += value * 60;
  else if (unit === 'W') sum.days += value * 7;
  else if (unit === 'D') sum.days += value;
  else if (unit === 'H') sum.seconds += value * 3600;
  else if (unit === 'S') sum.seconds += value;
  else return false;
  return true;
}

const secondsPerDay = 86_400;
const daysPerMonth = 30;

/**
 * A duration in seconds, read by the reference as if it were a date: months have 30 days, but the first day and the
 * first year add nothing, and what is below zero is left out. So `P1D` is 0 s, `P3D` 2 days and `P1Y2D` 1 day.
 */
export function durationSeconds({ years, months, days, seconds }: Duration): number {
  const wholeYears = Math.max(0, years - 1);
  const leapDays = Math.floor(wholeYears / 4) - Math.floor(wholeYears / 100) + Math.floor(wholeYears / 400);
  const allDays = wholeYears * 365 + leapDays + Math.max(0, months) * daysPerMonth + Math.max(0, days - 1);
  return allDays * secondsPerDay + seconds;
}
