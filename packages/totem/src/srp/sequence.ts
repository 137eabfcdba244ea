const HALF_RANGE = 0x8000_0000;
const SHIFT = 0x1_0000;

/**
 * `a < b` for sequence numbers that wrap (totem.md 6.2): when either is above 2^31 both are moved down by 2^16 first, so
 * numbers shortly after the wrap count as higher than those shortly before.
 */
export function seqBefore(a: number, b: number): boolean {
  if (a > HALF_RANGE || b > HALF_RANGE) return (a - SHIFT) >>> 0 < (b - SHIFT) >>> 0;
  return a < b;
}

/** `a <= b`, see {@link seqBefore}. */
export function seqAtMost(a: number, b: number): boolean {
  if (a > HALF_RANGE || b > HALF_RANGE) return (a - SHIFT) >>> 0 <= (b - SHIFT) >>> 0;
  return a <= b;
}

/** `seq + count`, wrapping. */
export function seqAdd(seq: number, count: number): number {
  return (seq + count) >>> 0;
}

/** How far `to` is ahead of `from`, wrapping. */
export function seqDistance(from: number, to: number): number {
  return (to - from) >>> 0;
}
