import type { CmapValue } from '../client/types.ts';
import { type ByteReader, type ByteWriter, WireError } from './bytes.ts';

/** Type numbers of cmap values (corosync-services.md 7.1). */
export const cmapTypeNumber = {
  i8: 1,
  u8: 2,
  i16: 3,
  u16: 4,
  i32: 5,
  u32: 6,
  i64: 7,
  u64: 8,
  flt: 9,
  dbl: 10,
  str: 11,
  bin: 12,
} as const satisfies Record<CmapValue['type'], number>;

const typeNames = new Map<number, CmapValue['type']>(
  Object.entries(cmapTypeNumber).map(([name, number]) => [number, name as CmapValue['type']]),
);

export function writeCmapValue(writer: ByteWriter, value: CmapValue): void {
  writer.u8(cmapTypeNumber[value.type]);
  switch (value.type) {
    case 'i64':
    case 'u64':
      writer.u64(value.value);
      break;
    case 'str':
      writer.text(value.value);
      break;
    case 'bin':
      writer.bytes(value.value);
      break;
    default:
      writer.f64(value.value);
  }
}

/** A copy in memory of its own: a slice of Node's pool would keep 64 KiB for a value that stays. */
function ownCopy(bytes: Buffer): Buffer {
  const copy = Buffer.alloc(bytes.length);
  copy.set(bytes);
  return copy;
}

/** @throws {WireError} on an unknown type */
export function readCmapValue(fields: ByteReader): CmapValue {
  const type = typeNames.get(fields.u8());
  switch (type) {
    case undefined:
      throw new WireError('a cmap value of unknown type');
    case 'i64':
      return { type, value: BigInt.asIntN(64, fields.u64()) };
    case 'u64':
      return { type, value: fields.u64() };
    case 'str':
      return { type, value: fields.text() };
    case 'bin':
      return { type, value: ownCopy(fields.bytes()) };
    default:
      return { type, value: fields.f64() };
  }
}
