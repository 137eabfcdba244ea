import { attr, childElements, type Element, firstChild } from '@sanode/xml';
import {
  addDays,
  addMonths,
  addSeconds,
  addYears,
  compareTimes,
  type DateTime,
  isoWeek,
  monthAndDay,
  parseDateTime,
  toEpoch,
} from './dates.ts';
import { scanInteger } from './numbers.ts';

/** Told of times at which an expression's result would change, in epoch seconds. */
export type NoteChange = (epochSeconds: number) => void;

/** Evaluates a `date_expression`; bad ones do not pass (scheduler-1 4.7). */
export function passesDateExpression(expression: Element, now: DateTime, note: NoteChange): boolean {
  if (attr(expression, 'id') === undefined) return false;
  const operation = (attr(expression, 'operation') ?? 'in_range').toLowerCase();
  switch (operation) {
    case 'in_range':
      return inRange(expression, now, note);
    case 'gt': {
      const start = timeOf(expression, 'start', now);
      if (start === undefined) return false;
      if (compareTimes(now, start) > 0) return true;
      note(toEpoch(start) + 1);
      return false;
    }
    case 'lt': {
      const end = timeOf(expression, 'end', now);
      if (end === undefined || compareTimes(now, end) >= 0) return false;
      note(toEpoch(end));
      return true;
    }
    case 'date_spec': {
      const spec = firstChild(expression, 'date_spec');
      return spec !== undefined && passesDateSpec(spec, now);
    }
    default:
      return false;
  }
}

function timeOf(expression: Element, name: string, now: DateTime): DateTime | undefined {
  const text = attr(expression, name);
  return text === undefined ? undefined : parseDateTime(text, now);
}

function inRange(expression: Element, now: DateTime, note: NoteChange): boolean {
  const start = timeOf(expression, 'start', now);
  if (attr(expression, 'start') !== undefined && start === undefined) return false;
  let end = timeOf(expression, 'end', now);
  if (attr(expression, 'end') !== undefined && end === undefined) return false;
  if (end === undefined) {
    const duration = firstChild(expression, 'duration');
    if (start === undefined && (duration !== undefined || attr(expression, 'end') === undefined)) return false;
    if (duration !== undefined && start !== undefined) {
      end = addDuration(start, duration);
      if (end === undefined) return false;
    }
  }
  if (start !== undefined && compareTimes(now, start) < 0) {
    note(toEpoch(start));
    return false;
  }
  if (end !== undefined) {
    if (compareTimes(now, end) > 0) return false;
    note(toEpoch(end) + 1);
  }
  return true;
}

const durationUnits: readonly (readonly [string, (time: DateTime, amount: number) => DateTime])[] = [
  ['years', addYears],
  ['months', addMonths],
  ['weeks', (time, amount) => addDays(time, amount * 7)],
  ['days', addDays],
  ['hours', (time, amount) => addSeconds(time, amount * 3600)],
  ['minutes', (time, amount) => addSeconds(time, amount * 60)],
  ['seconds', addSeconds],
];
/** Beyond this, dates would leave what the reference can hold. */
const maxDurationAmount = 2147483647;

/** The end of a span given by a `duration` element; `undefined` if an attribute is no integer. */
function addDuration(start: DateTime, duration: Element): DateTime | undefined {
  if (attr(duration, 'id') === undefined) return undefined;
  let end = start;
  for (const [name, add] of durationUnits) {
    const text = attr(duration, name);
    if (text === undefined) continue;
    const scanned = scanInteger(text);
    if (!scanned.ok || Math.abs(scanned.value) > maxDurationAmount) return undefined;
    end = add(end, scanned.value);
    if (end.year < 1 || end.year > 9_999_999) return undefined;
  }
  return end;
}

/** Evaluates a `date_spec` against the fields of now in its own offset. */
export function passesDateSpec(spec: Element, now: DateTime): boolean {
  if (attr(spec, 'id') === undefined) return false;
  const { month, day } = monthAndDay(now.year, now.yearDay);
  const week = isoWeek(now.year, now.yearDay);
  const fields: readonly (readonly [string, number])[] = [
    ['years', now.year],
    ['months', month],
    ['monthdays', day],
    ['hours', Math.floor(now.seconds / 3600)],
    ['minutes', Math.floor((now.seconds % 3600) / 60)],
    ['seconds', now.seconds % 60],
    ['yeardays', now.yearDay],
    ['weekyears', week.year],
    ['weeks', week.week],
    ['weekdays', week.day],
  ];
  return fields.every(([name, value]) => passesRange(attr(spec, name), value));
}

function passesRange(range: string | undefined, value: number): boolean {
  if (range === undefined) return true;
  const match = /^([0-9]*)(?:(-)([0-9]*))?$/.exec(range);
  if (match === null || (match[1] === '' && (match[3] ?? '') === '')) return false;
  const low = match[1] === '' ? Number.NEGATIVE_INFINITY : Number(match[1]);
  if (match[2] === undefined) return value === low;
  const high = match[3] === '' || match[3] === undefined ? Number.POSITIVE_INFINITY : Number(match[3]);
  return value >= low && value <= high;
}

/** Children that are conditions of a rule. */
export function conditionsOf(rule: Element): Element[] {
  return childElements(rule);
}
