import type { SimRandom } from '@sanode/sim';

/** Numbers at which lengths, counts and comparisons turn. */
const edges = [0, 1, 2, 3, 4, 31, 127, 128, 255, 256, 385, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000];
const numbers = [...edges, 0xfffffffe, 0xffffffff];
/** Longest datagram made here, bytes: longer than any that is sent, shorter than UDP's limit. */
const longest = 4096;
/** One input in so many is nothing but random bytes. */
const randomOneIn = 10;

/** A changed copy of one of `samples`, or random bytes. `samples` must not be empty. */
export function mutated(random: SimRandom, samples: readonly Buffer[]): Buffer {
  if (random.below(randomOneIn) === 0) return noise(random, random.below(300));
  let bytes: Buffer = Buffer.from(random.pick(samples));
  for (let changes = 1 + random.below(4); changes > 0; changes -= 1) bytes = change(random, bytes, samples);
  return bytes;
}

/** Random bytes. */
export function noise(random: SimRandom, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) bytes[at] = random.below(256);
  return bytes;
}

function change(random: SimRandom, bytes: Buffer, samples: readonly Buffer[]): Buffer {
  const at = random.below(Math.max(1, bytes.length));
  switch (random.below(8)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes, noise(random, random.below(64))]).subarray(0, longest);
    case 2:
      if (at + 4 <= bytes.length) bytes.writeUInt32LE(random.pick(numbers), at);
      return bytes;
    case 3:
      if (at + 2 <= bytes.length) bytes.writeUInt16LE(random.pick(numbers) & 0xffff, at);
      return bytes;
    case 4:
      if (at + 4 <= bytes.length) bytes.writeUInt32BE(random.pick(numbers), at);
      return bytes;
    case 5: {
      const other = random.pick(samples);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))]).subarray(
        0,
        longest,
      );
    }
    case 6:
      if (bytes.length > 0) bytes[at] = random.below(256);
      return bytes;
    default:
      if (bytes.length > 0) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      return bytes;
  }
}
