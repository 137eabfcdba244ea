/** Counts of what a simulation met, by what it is called in the summary. */
export type Counts = Readonly<Record<string, number>>;

/** One line of the summary: how many seeds met it, and how often all of them together. */
interface Line {
  seeds: number;
  total: number;
}

const NAME_WIDTH = 46;

/** Adds up what many seeds met, to show that a fast simulation is not a thin one. */
export class Coverage {
  readonly #lines = new Map<string, Line>();
  readonly #order: string[] = [];
  #seeds = 0;

  add(counts: Counts): void {
    this.#seeds += 1;
    for (const [name, count] of Object.entries(counts)) {
      let line = this.#lines.get(name);
      if (line === undefined) {
        line = { seeds: 0, total: 0 };
        this.#lines.set(name, line);
        this.#order.push(name);
      }
      if (count > 0) line.seeds += 1;
      line.total += count;
    }
  }

  total(name: string): number {
    return this.#lines.get(name)?.total ?? 0;
  }

  /** Lines of a table, at most 80 columns. */
  lines(): string[] {
    const row = (name: string, seeds: string, total: string): string =>
      `  ${name.padEnd(NAME_WIDTH)} ${seeds.padStart(9)} ${total.padStart(14)}`;
    return [
      row(`met in ${this.#seeds} seeds`, 'seeds', 'times'),
      ...this.#order.map((name) => {
        const line = this.#lines.get(name) as Line;
        return row(name, `${line.seeds}`, `${Math.round(line.total)}`);
      }),
    ];
  }
}
