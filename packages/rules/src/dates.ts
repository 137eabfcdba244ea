/**
 * A point of time as the reference keeps it: broken down in an offset of its own. Seconds may be 86400, which only shows
 * when it is printed or compared with the next day's start (scheduler-1 4.6).
 */
export interface DateTime {
  readonly year: number;
  /** 1 to 366. */
  readonly yearDay: number;
  readonly seconds: number;
  /** Seconds east of UTC. */
  readonly offsetSeconds: number;
}

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const secondsPerDay = 86_400;
/** From 0001-01-01 to 1970-01-01. */
const epochDays = 719_162;

export function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

export function daysInYear(year: number): number {
  return isLeapYear(year) ? 366 : 365;
}

export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (monthDays[month - 1] ?? 31);
}

/** Days before January 1st of a year, counted from 0001-01-01. */
function daysBeforeYear(year: number): number {
  const past = year - 1;
  return past * 365 + Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400);
}

/** Day of week, Monday 1 to Sunday 7. */
export function weekDay(year: number, yearDay: number): number {
  return ((daysBeforeYear(year) + yearDay - 1) % 7) + 1;
}

/** ISO week year and week of a day. */
export function isoWeek(year: number, yearDay: number): { year: number; week: number; day: number } {
  const day = weekDay(year, yearDay);
  const week = Math.floor((yearDay - day + 10) / 7);
  if (week < 1) return { year: year - 1, week: weeksInYear(year - 1), day };
  if (week > weeksInYear(year)) return { year: year + 1, week: 1, day };
  return { year, week, day };
}

export function weeksInYear(year: number): number {
  const first = weekDay(year, 1);
  return first === 4 || (first === 3 && isLeapYear(year)) ? 53 : 52;
}

/** Month and day of the month of a day of the year. */
export function monthAndDay(year: number, yearDay: number): { month: number; day: number } {
  let day = yearDay;
  let month = 1;
  while (month < 12 && day > daysInMonth(year, month)) {
    day -= daysInMonth(year, month);
    month += 1;
  }
  return { month, day };
}

export function yearDayOf(year: number, month: number, day: number): number {
  let total = day;
  for (let before = 1; before < month; before += 1) total += daysInMonth(year, before);
  return total;
}

/** Farther from the epoch than this there are no dates, seconds: some 270,000 years. */
const maxEpochSeconds = 8_640_000_000_000;

/** The time an epoch second stands for, broken down in an offset; clipped to the years that are known. */
export function fromEpoch(epochSeconds: number, offsetSeconds = 0): DateTime {
  const local = Math.min(Math.max(epochSeconds, -62_135_596_800), maxEpochSeconds) + offsetSeconds;
  const days = Math.floor(local / secondsPerDay) + epochDays;
  const seconds = local - Math.floor(local / secondsPerDay) * secondsPerDay;
  let year = Math.floor(days / 365.2425) + 1;
  while (daysBeforeYear(year + 1) <= days) year += 1;
  while (daysBeforeYear(year) > days) year -= 1;
  return { year, yearDay: days - daysBeforeYear(year) + 1, seconds, offsetSeconds };
}

/** Seconds since the epoch. */
export function toEpoch(time: DateTime): number {
  return (daysBeforeYear(time.year) + time.yearDay - 1 - epochDays) * secondsPerDay + time.seconds - time.offsetSeconds;
}

/** Adds years, keeping the day of the year. */
export function addYears(time: DateTime, years: number): DateTime {
  return { ...time, year: time.year + years };
}

/** Moves the month and clips the day to its length. */
export function addMonths(time: DateTime, months: number): DateTime {
  const { month, day } = monthAndDay(time.year, time.yearDay);
  const total = time.year * 12 + month - 1 + months;
  const year = Math.floor(total / 12);
  const newMonth = total - year * 12 + 1;
  return { ...time, year, yearDay: yearDayOf(year, newMonth, Math.min(day, daysInMonth(year, newMonth))) };
}

export function addDays(time: DateTime, days: number): DateTime {
  let { year } = time;
  let yearDay = time.yearDay + days;
  while (yearDay > daysInYear(year)) {
    yearDay -= daysInYear(year);
    year += 1;
  }
  while (yearDay < 1) {
    year -= 1;
    yearDay += daysInYear(year);
  }
  return { ...time, year, yearDay };
}

/** Adds seconds; a sum of exactly 86400 stays on the same day, as in the reference. */
export function addSeconds(time: DateTime, seconds: number): DateTime {
  const days = Math.trunc(seconds / secondsPerDay);
  let sum = time.seconds + (seconds - days * secondsPerDay);
  let carried = days;
  if (sum > secondsPerDay) {
    sum -= secondsPerDay;
    carried += 1;
  } else if (sum < 0) {
    sum += secondsPerDay;
    carried -= 1;
  }
  return carried === 0 ? { ...time, seconds: sum } : addDays({ ...time, seconds: sum }, carried);
}

/** Negative, 0 or positive as `a` is before, at or after `b`. */
export function compareTimes(a: DateTime, b: DateTime): number {
  const left = inUtc(a);
  const right = inUtc(b);
  return left.year - right.year || left.yearDay - right.yearDay || left.seconds - right.seconds;
}

function inUtc(time: DateTime): DateTime {
  if (time.offsetSeconds === 0) return time;
  return { ...addSeconds(time, -time.offsetSeconds), offsetSeconds: 0 };
}

/**
 * Parses a date and time (ISO 8601 and the forms of scheduler-1 4.6).
 * @param local gives today's date and the offset where the text has none
 */
export function parseDateTime(text: string, local: DateTime): DateTime | undefined {
  if (text.startsWith('T') || text[2] === ':') {
    const today = { year: local.year, yearDay: local.yearDay };
    return withTime(today, text.replace(/^T/, ''), local.offsetSeconds);
  }
  if (/^epoch(?=$|[/ ])/i.test(text)) return { year: 1970, yearDay: 1, seconds: 0, offsetSeconds: 0 };
  const date = parseDate(text);
  if (date === undefined) return undefined;
  const rest = text.replace(/^[-0-9W]*/, '');
  if (rest === '') return { ...date, seconds: 0, offsetSeconds: 0 };
  if (rest[0] !== ' ' && rest[0] !== 'T') return { ...date, seconds: 0, offsetSeconds: 0 };
  return withTime(date, rest.slice(1), local.offsetSeconds);
}

function parseDate(text: string): { year: number; yearDay: number } | undefined {
  const dashed = /^([0-9]+)-([0-9]+)-([0-9]+)/.exec(text);
  const packed = /^([0-9]{4})([0-9]{2})([0-9]{2})(?![0-9-])/.exec(text);
  const full = dashed ?? packed;
  if (full !== null) return calendarDay(Number(full[1]), Number(full[2]), Number(full[3]));
  const ordinal = /^([0-9]+)-([0-9]+)/.exec(text);
  if (ordinal !== null) {
    const year = Number(ordinal[1]);
    const yearDay = Number(ordinal[2]);
    return year >= 1 && yearDay >= 1 && yearDay <= daysInYear(year) ? { year, yearDay } : undefined;
  }
  const week = /^([0-9]+)-W([0-9]+)-([0-9]+)/.exec(text);
  if (week !== null) return weekDate(Number(week[1]), Number(week[2]), Number(week[3]));
  return undefined;
}

function calendarDay(year: number, month: number, day: number): { year: number; yearDay: number } | undefined {
  if (year < 1 || year > 9_999_999 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) {
    return undefined;
  }
  return { year, yearDay: yearDayOf(year, month, day) };
}

function weekDate(year: number, week: number, day: number): { year: number; yearDay: number } | undefined {
  if (year < 1 || week < 1 || week > weeksInYear(year) || day < 1 || day > 7) return undefined;
  const first = weekDay(year, 1);
  // Week 1 is the one with the year's first Thursday.
  const monday = first <= 4 ? 2 - first : 9 - first;
  const start: DateTime = { year, yearDay: 1, seconds: 0, offsetSeconds: 0 };
  const found = addDays(start, monday - 1 + (week - 1) * 7 + day - 1);
  return { year: found.year, yearDay: found.yearDay };
}

function withTime(date: { year: number; yearDay: number }, text: string, localOffset: number): DateTime | undefined {
  const colons = /^([0-9]+):([0-9]+)(?::([0-9]+))?/.exec(text);
  const packed = /^([0-9]{2})([0-9]{2})?([0-9]{2})?/.exec(text);
  const parts = colons ?? packed;
  if (parts === null) return undefined;
  const [hour, minute, second] = [Number(parts[1]), Number(parts[2] ?? 0), Number(parts[3] ?? 0)];
  const offsetSeconds = parseOffset(text, localOffset);
  if (offsetSeconds === undefined) return undefined;
  if (hour === 24 && minute === 0 && second === 0) {
    return addDays({ ...date, seconds: 0, offsetSeconds }, 1);
  }
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return { ...date, seconds: hour * 3600 + minute * 60 + second, offsetSeconds };
}

function parseOffset(text: string, localOffset: number): number | undefined {
  if (text.includes('Z')) return 0;
  const at = text.search(/[ +-]/);
  if (at < 0) return localOffset;
  const rest = text.slice(at).replace(/^ +/, '');
  if (rest === '') return localOffset;
  const match = /^([+-]?)([0-9]{1,2}):?([0-9]{2})?/.exec(rest);
  if (match === null) return undefined;
  const size = Number(match[2]) * 3600 + Number(match[3] ?? 0) * 60;
  return match[1] === '-' ? -size : size;
}

/** `YYYY-MM-DD HH:MM:SSZ`. */
export function formatUtc(time: DateTime): string {
  const utc = inUtc(time);
  const { month, day } = monthAndDay(utc.year, utc.yearDay);
  const pad = (value: number, width = 2) => String(value).padStart(width, '0');
  const hours = pad(Math.floor(utc.seconds / 3600));
  const minutes = pad(Math.floor((utc.seconds % 3600) / 60));
  return `${pad(utc.year, 4)}-${pad(month)}-${pad(day)} ${hours}:${minutes}:${pad(utc.seconds % 60)}Z`;
}
