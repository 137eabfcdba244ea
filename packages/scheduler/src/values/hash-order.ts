import { Buffer } from 'node:buffer';

/**
 * Order in which the reference's hash tables are walked. A few results show it (ties, parameters' order), so it is
 * computed where it matters (scheduler-1 appendix A). Keys are strings; only insertion is needed.
 */
const primes = [1, 2, 3, 7, 13, 31, 61, 127, 251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521] as const;
const minShift = 3;

function hashOf(key: string): number {
  let hash = 0;
  for (const byte of Buffer.from(key, 'utf8')) hash = (Math.imul(hash, 31) + (byte > 127 ? byte - 256 : byte)) >>> 0;
  return Math.max(hash, 2);
}

interface Slot {
  readonly hash: number;
  readonly key: string;
}

class HashTable {
  private shift = minShift;
  private slots: (Slot | undefined)[] = new Array(1 << minShift).fill(undefined);
  private count = 0;

  insert(key: string): void {
    const hash = hashOf(key);
    let at = this.start(hash);
    let step = 0;
    for (let slot = this.slots[at]; slot !== undefined; slot = this.slots[at]) {
      if (slot.key === key) return;
      step += 1;
      at = (at + step) & (this.slots.length - 1);
    }
    this.slots[at] = { hash, key };
    this.count += 1;
    this.resizeIfNeeded();
  }

  keys(): string[] {
    const keys: string[] = [];
    for (const slot of this.slots) if (slot !== undefined) keys.push(slot.key);
    return keys;
  }

  private start(hash: number): number {
    return (Math.imul(hash, 11) >>> 0) % (primes[this.shift] ?? 65521);
  }

  private resizeIfNeeded(): void {
    const size = this.slots.length;
    const full = size <= this.count + Math.floor(this.count / 16);
    if (!full && !(size > 4 * this.count && size > 8)) return;
    this.shift = Math.max(minShift, bitLength(Math.trunc(this.count * 1.333)));
    const newSize = 1 << this.shift;
    const slots = this.slots;
    while (slots.length < newSize) slots.push(undefined);
    const placed: boolean[] = new Array(slots.length).fill(false);
    for (let from = 0; from < size; from += 1) {
      if (placed[from] === true || slots[from] === undefined) continue;
      let moving = slots[from];
      slots[from] = undefined;
      while (moving !== undefined) {
        let at = this.start(moving.hash);
        let step = 0;
        while (placed[at] === true) {
          step += 1;
          at = (at + step) & (newSize - 1);
        }
        placed[at] = true;
        const evicted: Slot | undefined = slots[at];
        slots[at] = moving;
        moving = evicted;
      }
    }
    slots.length = newSize;
  }
}

function bitLength(value: number): number {
  return value === 0 ? 0 : Math.floor(Math.log2(value)) + 1;
}

/** The keys in the order in which a table made by inserting them in this order is walked. */
export function hashOrder(keys: Iterable<string>): string[] {
  const table = new HashTable();
  for (const key of keys) table.insert(key);
  return table.keys();
}
