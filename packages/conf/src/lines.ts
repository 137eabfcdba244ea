import { ConfError } from './error.ts';

/** One line of corosync.conf that means something (corosync-services.md 9.1). Line numbers count from 1. */
export type ConfLine =
  | { readonly kind: 'open'; readonly name: string; readonly line: number }
  | { readonly kind: 'close'; readonly line: number }
  | { readonly kind: 'key'; readonly name: string; readonly value: string; readonly line: number };

/** Longest line the reference reads, characters before the newline. */
export const maxLineCharacters = 510;

/** Blanks that are stripped: newest releases count the no-break space as one too. */
const leading = /^[ \t\u00a0]+/;
const trailing = /[ \t\u00a0]+$/;

function strip(text: string): string {
  return text.replace(leading, '').replace(trailing, '');
}

/**
 * Cuts a configuration into its lines. @param file name for error messages
 * @throws {ConfError} with the reference's text
 */
export function* confLines(source: string, file: string): Generator<ConfLine> {
  const lines = source.split('\n');
  if (lines.at(-1) === '') lines.pop();
  let depth = 0;
  for (const [index, raw] of lines.entries()) {
    const number = index + 1;
    if (raw.length > maxLineCharacters) throw new ConfError(file, number, 'Line too long');
    const parsed = parseLine(strip(raw.replace(/\r$/, '')), number, file);
    if (parsed === undefined) continue;
    if (parsed.kind === 'open') depth += 1;
    if (parsed.kind === 'close') depth -= 1;
    if (depth < 0) throw new ConfError(file, number, 'Unexpected closing brace');
    yield parsed;
  }
  if (depth > 0) throw new ConfError(file, Math.max(1, lines.length), 'Missing closing brace');
}

function parseLine(text: string, line: number, file: string): ConfLine | undefined {
  if (text === '' || text.startsWith('#')) return undefined;
  const brace = text.indexOf('{');
  if (brace >= 0) {
    if (strip(text.slice(brace + 1)) !== '')
      throw new ConfError(file, line, "Extra characters after opening bracket '{'");
    const name = text
      .slice(0, brace)
      .replace(leading, '')
      .replace(/[ \t\u00a0:{]+$/, '');
    if (name === '') throw new ConfError(file, line, "Missing section name before opening bracket '{'");
    return { kind: 'open', name, line };
  }
  const colon = text.indexOf(':');
  if (colon >= 0) {
    const name = strip(text.slice(0, colon));
    if (name === '') throw new ConfError(file, line, "Key name can't be empty");
    return { kind: 'key', name, value: strip(text.slice(colon + 1)), line };
  }
  if (text.includes('}')) {
    if (text !== '}') throw new ConfError(file, line, "Extra characters before or after closing bracket '}'");
    return { kind: 'close', line };
  }
  throw new ConfError(file, line, 'Line is not opening or closing section or key value');
}
