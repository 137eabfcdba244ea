import { durationSeconds, parseDuration } from './durations.ts';
import { scanInteger } from './numbers.ts';

const max64 = 2 ** 63;
const max32 = 4294967295;

/** Parses a span with a unit into ms (`10`, `10s`, `5min`, `100ms`); `undefined` for what is none (scheduler-1 0.6). */
export function parseMilliseconds(text: string): number | undefined {
  const scanned = scanInteger(text);
  if (!scanned.ok) return undefined;
  const unit = scanned.rest.replace(/^[0-9.]*[ \t\n\v\f\r]*/, '').toLowerCase();
  const scaled = scale(scanned.value, unit);
  return scaled === undefined ? undefined : Math.max(-max64, Math.min(max64, scaled));
}

function scale(value: number, unit: string): number | undefined {
  if (unit === '' || unit.startsWith('s')) return value * 1000;
  if (unit.startsWith('ms')) return value;
  if (unit.startsWith('us')) return Math.trunc(value / 1000);
  if (unit.startsWith('m')) return value * 60_000;
  if (unit.startsWith('h')) return value * 3_600_000;
  return undefined;
}

/** Parses an interval (`interval-spec`) into ms, 0 to 4294967295; `undefined` when it is none; absent is 0. */
export function parseInterval(text: string | undefined): number | undefined {
  if (text === undefined) return 0;
  if (text.startsWith('P')) {
    const duration = parseDuration(text);
    if (duration === undefined) return undefined;
    const seconds = durationSeconds(duration);
    return seconds < 0 ? undefined : Math.min(seconds, 4294967) * 1000;
  }
  const milliseconds = parseMilliseconds(text);
  if (milliseconds === undefined || milliseconds < 0) return undefined;
  return Math.min(milliseconds, max32);
}

/** The interval in ms, 0 where it is unreadable. */
export function intervalOrZero(text: string | undefined): number {
  return parseInterval(text) ?? 0;
}

/** Milliseconds as whole seconds: at least 1 unless 0, otherwise the nearest. */
export function toSeconds(milliseconds: number): number {
  if (milliseconds === 0) return 0;
  if (milliseconds < 1000) return 1;
  return Math.floor(milliseconds / 1000) + (milliseconds % 1000 >= 500 ? 1 : 0);
}

/** An interval for people: `1m30.500s`. */
export function readableInterval(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  const days = Math.floor(milliseconds / 86_400_000);
  const hours = Math.floor((milliseconds % 86_400_000) / 3_600_000);
  const minutes = Math.floor((milliseconds % 3_600_000) / 60_000);
  const seconds = Math.floor((milliseconds % 60_000) / 1000);
  const rest = milliseconds % 1000;
  let text = '';
  if (days > 0) text += `${days}d`;
  if (hours > 0) text += `${hours}h`;
  if (minutes > 0) text += `${minutes}m`;
  if (seconds > 0 && rest === 0) text += `${seconds}s`;
  else if (seconds > 0) text += `${seconds}.${String(rest).padStart(3, '0')}s`;
  else if (rest > 0) text += `${rest}ms`;
  return text;
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

/**
 * A whole span ("60s", "500ms", "60") in ms, nothing but blanks around it; `undefined` when it is none. What the
 * daemons write to each other, while {@link parseMilliseconds} takes what people write into a CIB.
 * @param maxDigits digits that its number may have
 */
export function parseSpanMs(text: string | undefined, maxDigits = 15): number | undefined {
  const match = /^\s*(\d+)\s*([a-z]*)\s*$/i.exec(text ?? '');
  if (match === null || (match[1] as string).length > maxDigits) return undefined;
  const unit = unitMs[(match[2] as string).toLowerCase()];
  return unit === undefined ? undefined : Math.floor(Number(match[1]) * unit);
}
