import type { CmapValue } from '@sanode/cluster/client';

/** A type or value on the command line that is none. */
export class ValueError extends Error {}

const integerBits: Readonly<Record<string, number>> = {
  i8: 8,
  u8: 8,
  i16: 16,
  u16: 16,
  i32: 32,
  u32: 32,
  i64: 64,
  u64: 64,
};

/** A key's line: `key (type) = value`. @param binary show the bytes of binary values */
export function printValue(key: string, value: CmapValue, binary: boolean): string {
  const head = `${key} (${value.type})`;
  if (value.type === 'bin') return binary ? `${head} = ${printBytes(value.value)}\n` : `${head}\n`;
  const text = value.type === 'flt' || value.type === 'dbl' ? value.value.toFixed(6) : String(value.value);
  return `${head} = ${text}\n`;
}

function printBytes(bytes: Buffer): string {
  if (bytes.length === 0) return '*empty*';
  let text = '';
  for (const byte of bytes) {
    if (byte === 0x5c) text += '\\\\';
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

/** Reads `TYPE VALUE` of the command line. @throws {ValueError} */
export async function readValue(
  type: string,
  text: string,
  readFile: (file: string) => Promise<Buffer>,
): Promise<CmapValue> {
  const bits = integerBits[type];
  if (bits !== undefined) return readInteger(type as 'u8', bits, text);
  if (type === 'str') return { type, value: text };
  if (type === 'bin') return { type, value: await readFile(text) };
  if (type === 'flt' || type === 'dbl') {
    const value = Number(text);
    if (text.trim() === '' || Number.isNaN(value)) throw new ValueError(`${text} is not valid ${type} type value`);
    return { type, value: type === 'flt' ? Math.fround(value) : value };
  }
  throw new ValueError(`Unknown type ${type}`);
}

function readInteger(type: 'u8', bits: number, text: string): CmapValue {
  if (!/^[+-]?\d{1,30}$/.test(text)) throw new ValueError(`${text} is not valid ${type} type value`);
  const value = BigInt(text.replace(/^\+/, ''));
  const signed = type.startsWith('i');
  const fits = signed ? BigInt.asIntN(bits, value) === value : BigInt.asUintN(bits, value) === value;
  if (!fits) throw new ValueError(`${text} is not valid ${type} integer`);
  return { type, value: bits === 64 ? value : Number(value) } as CmapValue;
}
