import { seqAdd, seqDistance } from './sequence.ts';

/** Sequence numbers that may be outstanding at once (totem.md 5). A power of two. */
export const WINDOW_SIZE = 16_384;
const MASK = WINDOW_SIZE - 1;

/** Packets by sequence number in `[head, head + 16384)`, with a miss counter for each (totem.md 6.2). */
export class SortWindow {
  readonly #packets: (Buffer | undefined)[] = new Array(WINDOW_SIZE).fill(undefined);
  readonly #misses = new Uint16Array(WINDOW_SIZE);
  #head = 0;

  /** Lowest sequence number that the window takes. */
  get head(): number {
    return this.#head;
  }

  /** Whether `seq` lies in the window. */
  covers(seq: number): boolean {
    return seqDistance(this.#head, seq) < WINDOW_SIZE;
  }

  /** The packet at `seq`, undefined when it is missing or outside the window. */
  get(seq: number): Buffer | undefined {
    return this.covers(seq) ? this.#packets[seq & MASK] : undefined;
  }

  /** Stores a packet; the caller has checked that `seq` is covered and absent. */
  add(seq: number, packet: Buffer): void {
    this.#packets[seq & MASK] = packet;
    this.#misses[seq & MASK] = 0;
  }

  /** Counts that `seq` was seen missing once more. @returns the new count */
  countMiss(seq: number): number {
    const slot = seq & MASK;
    const count = Math.min((this.#misses[slot] as number) + 1, 0xffff);
    this.#misses[slot] = count;
    return count;
  }

  /** Forgets everything up to `seq`. Does nothing when that was released already. */
  releaseTo(seq: number): void {
    const count = seqDistance(this.#head, seqAdd(seq, 1));
    if (count > WINDOW_SIZE) return;
    for (let offset = 0; offset < count; offset += 1) {
      const slot = (this.#head + offset) & MASK;
      this.#packets[slot] = undefined;
      this.#misses[slot] = 0;
    }
    this.#head = seqAdd(seq, 1);
  }

  /** Empties the window; its head is 0 again. */
  clear(): void {
    this.#packets.fill(undefined);
    this.#misses.fill(0);
    this.#head = 0;
  }
}
