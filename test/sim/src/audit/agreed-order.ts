/** Where every node begins. */
const START = 0;

/**
 * Tells whether what several nodes received can be one order: the messages are linked as each node received them, and
 * the links must never close a circle. Messages are positive numbers.
 */
export class AgreedOrder {
  readonly #next = new Map<number, number>();
  /** Further successors, where nodes skipped something. */
  readonly #branches = new Map<number, number[]>();
  readonly #known = new Set<number>([START]);

  /**
   * A node received `message`, and right before it `previous` (0: nothing).
   * @returns false when there is no one order any more
   */
  add(previous: number, message: number): boolean {
    const next = this.#next.get(previous);
    if (next === message) return true;
    if (next !== undefined && this.#branches.get(previous)?.includes(message)) return true;
    if (this.#known.has(message) && this.#leads(message, previous)) return false;
    this.#known.add(message);
    if (next === undefined) this.#next.set(previous, message);
    else this.#branches.set(previous, [...(this.#branches.get(previous) ?? []), message]);
    return true;
  }

  #leads(from: number, to: number): boolean {
    const seen = new Set<number>();
    const open = [from];
    for (let message = open.pop(); message !== undefined; message = open.pop()) {
      if (message === to) return true;
      if (seen.has(message)) continue;
      seen.add(message);
      const next = this.#next.get(message);
      if (next !== undefined) open.push(next);
      open.push(...(this.#branches.get(message) ?? []));
    }
    return false;
  }
}
