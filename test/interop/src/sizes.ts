/** Smallest and largest message of the interop runs, bytes. */
export const smallestBytes = 1;
export const largestBytes = 300_000;

/** Shares of the sizes: most are small, as Pacemaker's are; some need many packets. */
const classes: readonly { share: number; fromBytes: number; toBytes: number }[] = [
  { share: 0.8, fromBytes: smallestBytes, toBytes: 2000 },
  { share: 0.17, fromBytes: 2000, toBytes: 40_000 },
  { share: 0.03, fromBytes: 40_000, toBytes: largestBytes },
];

/** Numbers 0 <= x < 1 that follow from the seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Sizes of `count` messages; the first two are the smallest and the largest. */
export function* messageSizes(count: number, random: () => number): Generator<number> {
  for (let index = 0; index < count; index += 1) {
    if (index === 0) yield smallestBytes;
    else if (index === 1) yield largestBytes;
    else yield oneSize(random);
  }
}

function oneSize(random: () => number): number {
  let rest = random();
  const found = classes.find(({ share }) => {
    rest -= share;
    return rest < 0;
  });
  const { fromBytes, toBytes } = found ?? (classes[0] as (typeof classes)[0]);
  return Math.round(fromBytes * (toBytes / fromBytes) ** random());
}
