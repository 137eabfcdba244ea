/** Random numbers from a seed: the same seed, the same numbers (xorshift-multiply, sfc32). */
export class SimRandom {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed any integer */
  constructor(seed: number) {
    this.#a = seed >>> 0;
    this.#b = Math.floor(seed / 0x1_0000_0000) >>> 0;
    this.#c = 0x9e37_79b9;
    for (let round = 0; round < 15; round += 1) this.uint32();
  }

  /** 0 .. 2^32 - 1 */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) >>> 0;
    this.#counter = (this.#counter + 1) >>> 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) >>> 0;
    this.#c = (this.#c + sum) >>> 0;
    return sum;
  }

  /** 0 <= x < 1 */
  float(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** `low` <= x < `high`, fractional. */
  between(low: number, high: number): number {
    return low + this.float() * (high - low);
  }

  /** An integer, 0 <= x < `count`. */
  below(count: number): number {
    return Math.floor(this.float() * count);
  }

  /** True with probability `p`. */
  chance(p: number): boolean {
    return this.float() < p;
  }

  /** One of `items`, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}
