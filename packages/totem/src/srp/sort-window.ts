import { seqAdd, seqDistance } from './sequence.ts';

/** Sequence numbers that may be outstanding at once (totem.md 5). A power of two. */
export const WINDOW_SIZE = 16_384;
const MASK = WINDOW_SIZE - 1;
/** Slots that are made, and forgotten when the window is emptied, at a time. A power of two. */
const PAGE_SIZE = 256;
const PAGE_SHIFT = 8;
const PAGE_MASK = PAGE_SIZE - 1;

class Page {
  readonly packets: (Buffer | undefined)[] = new Array(PAGE_SIZE).fill(undefined);
  readonly misses = new Uint16Array(PAGE_SIZE);
}

/** Packets by sequence number in `[head, head + 16384)`, with a miss counter for each (totem.md 6.2). */
export class SortWindow {
  readonly #pages: (Page | undefined)[] = new Array(WINDOW_SIZE / PAGE_SIZE).fill(undefined);
  #head: number;

  /** @param head lowest sequence number that it takes at first */
  constructor(head = 0) {
    this.#head = head;
  }

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
    if (!this.covers(seq)) return undefined;
    return this.#pages[(seq & MASK) >>> PAGE_SHIFT]?.packets[seq & PAGE_MASK];
  }

  /** Stores a packet; the caller has checked that `seq` is covered and absent. */
  add(seq: number, packet: Buffer): void {
    const page = this.#page(seq);
    page.packets[seq & PAGE_MASK] = packet;
    page.misses[seq & PAGE_MASK] = 0;
  }

  /** How often `seq`, which must be covered, was seen missing. */
  missesOf(seq: number): number {
    return this.#pages[(seq & MASK) >>> PAGE_SHIFT]?.misses[seq & PAGE_MASK] ?? 0;
  }

  /** Counts that `seq` was seen missing once more. @returns the new count */
  countMiss(seq: number): number {
    const { misses } = this.#page(seq);
    const count = Math.min((misses[seq & PAGE_MASK] as number) + 1, 0xffff);
    misses[seq & PAGE_MASK] = count;
    return count;
  }

  /** Forgets everything up to `seq`. Does nothing when that was released already. */
  releaseTo(seq: number): void {
    const count = seqDistance(this.#head, seqAdd(seq, 1));
    if (count > WINDOW_SIZE) return;
    for (let offset = 0; offset < count; offset += 1) {
      const slot = (this.#head + offset) & MASK;
      const page = this.#pages[slot >>> PAGE_SHIFT];
      if (page === undefined) continue;
      page.packets[slot & PAGE_MASK] = undefined;
      page.misses[slot & PAGE_MASK] = 0;
    }
    this.#head = seqAdd(seq, 1);
  }

  /** Empties the window; its head is 0 again. */
  clear(): void {
    this.#pages.fill(undefined);
    this.#head = 0;
  }

  #page(seq: number): Page {
    const index = (seq & MASK) >>> PAGE_SHIFT;
    let page = this.#pages[index];
    if (page === undefined) {
      page = new Page();
      this.#pages[index] = page;
    }
    return page;
  }
}
