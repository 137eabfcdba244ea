/** One line of a bench's table. */
export interface BenchRow {
  case: string;
  ours: number;
  reference: number;
  /** The reference was ended there: it takes longer than that. */
  atLeast?: boolean;
  unit: string;
}

/** The middle value; the mean of the two middle ones of an even count. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] as number;
  return ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}

/** Prints a bench's result: a table, or one JSON object `{name, rows}` with `ratio` = ours / reference (below that where `atLeast`). */
export function printRows(name: string, rows: readonly BenchRow[], json: boolean): void {
  const full = rows.map((row) => ({ ...row, ratio: row.ours / row.reference }));
  if (json) {
    console.log(JSON.stringify({ name, rows: full }));
    return;
  }
  console.log(`${'case'.padEnd(30)}${'ours'.padStart(12)}${'reference'.padStart(12)}${'ratio'.padStart(8)}`);
  for (const row of full) {
    const value = (number: number, digits = 2): string => `${number.toFixed(digits)} ${row.unit}`;
    const reference = row.atLeast === true ? `> ${value(row.reference, 0)}` : value(row.reference);
    const ratio = `${row.atLeast === true ? '< ' : ''}${row.ratio.toFixed(2)}`;
    console.log(`${row.case.padEnd(30)}${value(row.ours).padStart(12)}${reference.padStart(12)}${ratio.padStart(8)}`);
  }
}
