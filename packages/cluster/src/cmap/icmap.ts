import type { CmapValue } from '../client/types.ts';
import { csResult } from '../wire/results.ts';

export const trackDelete = 1;
export const trackModify = 2;
export const trackAdd = 4;

/** A change of a key, as trackers get it. `kind` is one of trackAdd, trackDelete, trackModify. */
export interface IcmapChange {
  readonly kind: number;
  readonly key: string;
  readonly newValue: CmapValue | undefined;
  readonly oldValue: CmapValue | undefined;
}

interface Tracker {
  readonly key: string;
  readonly isPrefix: boolean;
  /** Event bits wanted. */
  readonly kinds: number;
  readonly handler: (change: IcmapChange) => void;
}

const maxValueBytes = 16_384;
const maxKeys = 100_000;
const keyPattern = /^[a-zA-Z0-9._\-/:]{3,255}$/;

const integerBits = {
  i8: [-128n, 8],
  u8: [0n, 8],
  i16: [-32768n, 16],
  u16: [0n, 16],
  i32: [-2147483648n, 32],
  u32: [0n, 32],
  i64: [-(2n ** 63n), 64],
  u64: [0n, 64],
} as const;

function isInteger(type: CmapValue['type']): type is keyof typeof integerBits {
  return type in integerBits;
}

/** The daemon's map of keys and values (corosync-services.md 7.1 to 7.3). Results are csResult numbers. */
export class Icmap {
  readonly #values = new Map<string, CmapValue>();
  readonly #live = new Map<string, () => CmapValue>();
  #trackers: Tracker[] = [];

  get(key: string): CmapValue | undefined {
    return this.#values.get(key) ?? this.#live.get(key)?.();
  }

  /** A number of any numeric type, or undefined. */
  number(key: string): number | undefined {
    const value = this.get(key);
    return value === undefined || value.type === 'str' || value.type === 'bin' ? undefined : Number(value.value);
  }

  text(key: string): string | undefined {
    const value = this.get(key);
    return value?.type === 'str' ? value.value : undefined;
  }

  /** Sets a key. Equal type and value: nothing happens, no event. */
  set(key: string, value: CmapValue): number {
    if (!keyPattern.test(key)) return csResult.NAME_TOO_LONG;
    if (!isValid(value)) return csResult.INVALID_PARAM;
    const old = this.#values.get(key);
    if (old !== undefined && equalValues(old, value)) return csResult.OK;
    if (old === undefined && this.#values.size >= maxKeys) return csResult.NO_MEMORY;
    this.#values.set(key, value);
    this.#notify({ kind: old === undefined ? trackAdd : trackModify, key, newValue: value, oldValue: old });
    return csResult.OK;
  }

  /** A value computed when it is asked for (counters); it makes no events. */
  setLive(key: string, value: () => CmapValue): void {
    this.#live.set(key, value);
  }

  delete(key: string): number {
    const old = this.#values.get(key);
    if (old === undefined) return csResult.NOT_EXIST;
    this.#values.delete(key);
    this.#notify({ kind: trackDelete, key, newValue: undefined, oldValue: old });
    return csResult.OK;
  }

  /** Adds to an integer; it wraps at its size. */
  adjust(key: string, step: number): number {
    const old = this.#values.get(key);
    if (old === undefined) return csResult.NOT_EXIST;
    if (!isInteger(old.type)) return csResult.INVALID_PARAM;
    const [min, bits] = integerBits[old.type];
    const sum = BigInt(old.value as number | bigint) + BigInt(step);
    const wrapped = min < 0n ? BigInt.asIntN(bits, sum) : BigInt.asUintN(bits, sum);
    const value = bits === 64 ? wrapped : Number(wrapped);
    return this.set(key, { type: old.type, value } as CmapValue);
  }

  /** Keys with a prefix and their values, in byte order of the keys. */
  list(prefix: string): [string, CmapValue][] {
    const found: [string, CmapValue][] = [];
    for (const [key, value] of this.#values) if (key.startsWith(prefix)) found.push([key, value]);
    for (const [key, value] of this.#live) if (key.startsWith(prefix)) found.push([key, value()]);
    return found.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  }

  /** @param kinds bits of trackAdd, trackDelete, trackModify @returns stops it */
  track(key: string, isPrefix: boolean, kinds: number, handler: (change: IcmapChange) => void): () => void {
    const tracker: Tracker = { key, isPrefix, kinds, handler };
    this.#trackers.push(tracker);
    return () => {
      this.#trackers = this.#trackers.filter((other) => other !== tracker);
    };
  }

  #notify(change: IcmapChange): void {
    for (const tracker of this.#trackers) {
      const matches = tracker.isPrefix ? change.key.startsWith(tracker.key) : change.key === tracker.key;
      if (matches && (tracker.kinds & change.kind) !== 0) tracker.handler(change);
    }
  }
}

function isValid(value: CmapValue): boolean {
  if (value.type === 'str') return Buffer.byteLength(value.value) < maxValueBytes && !value.value.includes('\0');
  if (value.type === 'bin') return value.value.length > 0 && value.value.length <= maxValueBytes;
  if (!isInteger(value.type)) return true;
  if (typeof value.value === 'number' && !Number.isInteger(value.value)) return false;
  const [min, bits] = integerBits[value.type];
  const number = BigInt(value.value as number | bigint);
  return number >= min && number < min + 2n ** BigInt(bits);
}

export function equalValues(a: CmapValue, b: CmapValue): boolean {
  if (a.type === 'bin') return b.type === 'bin' && a.value.equals(b.value);
  return a.type === b.type && Object.is(a.value, b.value);
}

const readOnlyPrefixes = [
  'internal_configuration.',
  'runtime.services.',
  'runtime.config.',
  'runtime.totem.',
  'uidgid.config.',
  'system.',
  'nodelist.',
];
const totemReadOnly =
  'crypto_cipher crypto_hash crypto_model keyfile key secauth ip_version rrp_mode transport cluster_name netmtu threads ' +
  'version nodeid clear_node_high_bit';
const quorumReadOnly =
  'allow_downscale wait_for_all last_man_standing last_man_standing_window expected_votes_tracking auto_tie_breaker ' +
  'auto_tie_breaker_node';
const readOnlyKeys = new Set([
  ...totemReadOnly.split(' ').map((name) => `totem.${name}`),
  ...quorumReadOnly.split(' ').map((name) => `quorum.${name}`),
  'config.reload_in_progress',
  'config.totemconfig_reload_in_progress',
]);

/** Whether clients may not change a key (7.2). The daemon itself always may. */
export function isReadOnly(key: string): boolean {
  return readOnlyKeys.has(key) || readOnlyPrefixes.some((prefix) => key.startsWith(prefix));
}
