/** `name=value`, the value quoted where it has blanks. */
export function pairText(name: string, value: string): string {
  return `${name}=${quoted(value)}`;
}

/** A value in double quotes where it has blanks or quotes. */
export function quoted(value: string): string {
  return /[\s"']/.test(value) ? `"${value.replace(/"/g, '\\"')}"` : value;
}

/** Every line moved to the right. */
export function indented(lines: readonly string[], blanks: number): string[] {
  return lines.map((line) => ' '.repeat(blanks) + line);
}
