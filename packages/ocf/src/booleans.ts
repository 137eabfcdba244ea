const trueWords: ReadonlySet<string> = new Set(['yes', 'true', '1', 'YES', 'TRUE', 'True', 'ja', 'on', 'ON']);

/** Whether a parameter's value means true, as the shell agents read it (ocf-agents.md 1.9): `On` and `y` do not. */
export function isOcfTrue(value: string): boolean {
  return trueWords.has(value);
}

/** A decimal number in the agents' sense: digits only, no sign, not empty. */
export function isDecimal(value: string): boolean {
  return /^[0-9]+$/.test(value);
}

/** Squeezes white space runs into one space each, as logged tool output is (ocf-agents.md 1.7). */
export function squeeze(text: string): string {
  return text.replace(/[ \t\r\n]+/g, ' ');
}
