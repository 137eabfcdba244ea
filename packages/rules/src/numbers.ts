/** Result of reading a number as C's `strtoll` does in base 10 (scheduler-1 0.4). */
export interface ScannedNumber {
  readonly value: number;
  /** False when there were no digits. */
  readonly ok: boolean;
  /** What followed the digits. */
  readonly rest: string;
  /** The text was beyond 64 bits and has been clipped. */
  readonly overflow: boolean;
}

const max64 = 9223372036854775807n;
const min64 = -9223372036854775808n;

/** Leading integer of a text: spaces and a sign allowed, trailing text tolerated. */
export function scanInteger(text: string): ScannedNumber {
  const match = /^[ \t\n\v\f\r]*([+-]?[0-9]+)/.exec(text);
  if (match === null) return { value: 0, ok: false, rest: text, overflow: false };
  const digits = match[1] as string;
  const rest = text.slice(match[0].length);
  if (digits.length < 16) return { value: Number(digits), ok: true, rest, overflow: false };
  const exact = BigInt(digits.replace(/^\+/, ''));
  const clipped = exact > max64 ? max64 : exact < min64 ? min64 : exact;
  return { value: Number(clipped), ok: true, rest, overflow: clipped !== exact };
}

/** `scan-ll` with a default for absent or unreadable text. */
export function integerOr(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const scanned = scanInteger(text);
  return scanned.ok ? scanned.value : fallback;
}

/** Integer of at least `min` and at most 2147483647; `min` for anything unreadable. */
export function integerAtLeast(text: string | undefined, min: number): number {
  return Math.min(Math.max(integerOr(text, min), min), 2147483647);
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...['true', 'on', 'yes', 'y', '1'].map((word) => [word, true] as const),
  ...['false', 'off', 'no', 'n', '0'].map((word) => [word, false] as const),
]);

/** Parses a boolean, ignoring case; `undefined` for what is none. */
export function parseBoolean(text: string | undefined): boolean | undefined {
  return text === undefined ? undefined : booleans.get(text.toLowerCase());
}

/** True only for text that says so. */
export function isTrue(text: string | undefined): boolean {
  return parseBoolean(text) === true;
}
