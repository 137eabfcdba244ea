/** A typed value of a configuration key, as it is stored in cmap. */
export type ConfValue =
  | { readonly type: 'u8' | 'u16' | 'u32' | 'i32'; readonly value: number }
  | { readonly type: 'u64'; readonly value: bigint }
  | { readonly type: 'str'; readonly value: string };

/** Every configuration key by its cmap path, for example `nodelist.node.0.ring0_addr`. */
export type ConfKeys = ReadonlyMap<string, ConfValue>;

const ranges = {
  u8: [0n, 0xffn],
  u16: [0n, 0xffffn],
  u32: [0n, 0xffffffffn],
  i32: [-0x80000000n, 0x7fffffffn],
  u64: [0n, 0xffffffffffffffffn],
} as const;

export type IntegerType = keyof typeof ranges;

/** Reads a whole decimal integer with optional sign. @returns undefined when it is none or out of the type's range */
export function parseInteger(text: string, type: IntegerType): ConfValue | undefined {
  if (!/^[+-]?[0-9]{1,30}$/.test(text)) return undefined;
  const value = BigInt(text.replace(/^\+/, ''));
  const [min, max] = ranges[type];
  if (value < min || value > max) return undefined;
  return type === 'u64' ? { type, value } : { type, value: Number(value) };
}

/** `min..max` of an integer type, as error texts name it. */
export function integerRange(type: IntegerType): string {
  const [min, max] = ranges[type];
  return `${min}..${max}`;
}

export function textValue(keys: ConfKeys, key: string): string | undefined {
  const found = keys.get(key);
  return found === undefined ? undefined : String(found.value);
}

/** A key's number; undefined when it is absent or text. */
export function numberValue(keys: ConfKeys, key: string): number | undefined {
  const found = keys.get(key);
  return found === undefined || found.type === 'str' ? undefined : Number(found.value);
}
