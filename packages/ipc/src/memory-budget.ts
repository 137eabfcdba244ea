/** Someone for whom bytes are kept. */
export interface ByteHolder {
  /** Bytes that are kept for it now. */
  readonly heldBytes: number;
  /** Gives them up. */
  cut(reason: string): void;
}

/**
 * Bounds what is kept for all clients of a socket together: when it gets too much, who holds most is cut off.
 * Counting is cheap: the holders are only asked when what was added since the last time could be over the limit.
 */
export class MemoryBudget {
  readonly #limitBytes: number;
  readonly #holders: () => Iterable<ByteHolder>;
  #measured = 0;
  #added = 0;

  constructor(limitBytes: number, holders: () => Iterable<ByteHolder>) {
    this.#limitBytes = limitBytes;
    this.#holders = holders;
  }

  /** More bytes are kept for somebody. */
  add(bytes: number): void {
    this.#added += bytes;
    if (this.#measured + this.#added <= this.#limitBytes) return;
    const holders = [...this.#holders()].sort((a, b) => b.heldBytes - a.heldBytes);
    this.#measured = holders.reduce((sum, holder) => sum + holder.heldBytes, 0);
    this.#added = 0;
    for (const holder of holders) {
      if (this.#measured <= this.#limitBytes) return;
      const { heldBytes } = holder;
      holder.cut(`${heldBytes} bytes are kept for it, and ${this.#measured} for all: too much`);
      this.#measured -= heldBytes;
    }
  }
}
