/** Bytes of the longest payload that {@link filler} makes. */
const FILLER_BYTES = 65_536;
const fillers: Buffer[] = [];

/** `length` bytes (up to 64 KiB) of one value, made once. */
export function filler(value: number, length: number): Buffer {
  let bytes = fillers[value];
  if (bytes === undefined) {
    bytes = Buffer.alloc(FILLER_BYTES, value);
    fillers[value] = bytes;
  }
  return bytes.subarray(0, length);
}
