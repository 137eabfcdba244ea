/** A command of Exec…=: program and arguments; `ignoreFailure` for a `-` in front. */
export interface ExecLine {
  readonly argv: readonly string[];
  readonly ignoreFailure: boolean;
}

/**
 * Takes a line of ExecStart= apart (systemd.service(5), COMMAND LINES): quotes, `$NAME` as a word of its own becomes
 * several words, `${NAME}` is put in place.
 * @throws {Error} when a quote is left open or no absolute program is named
 */
export function parseExecLine(line: string, env: Readonly<Record<string, string>>): ExecLine {
  const prefix = /^[-@:+!]*/.exec(line)?.[0] ?? '';
  const words = splitWords(line.slice(prefix.length)).flatMap(({ text, quoted }) => {
    const alone = quoted ? null : /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(text);
    if (alone !== null) return (env[alone[1] as string] ?? '').split(/\s+/).filter((word) => word !== '');
    return [
      text.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => env[name] ?? '').replace(/\$\$/g, '$'),
    ];
  });
  if (prefix.includes('@')) words.splice(1, 1);
  if (words[0]?.startsWith('/') !== true) throw new Error(`'${line}' does not name a program by its full path`);
  return { argv: words, ignoreFailure: prefix.includes('-') };
}

/** Splits text at white space, quotes kept together. @throws {Error} when a quote is left open */
export function splitWords(text: string): { text: string; quoted: boolean }[] {
  const words: { text: string; quoted: boolean }[] = [];
  let current: { text: string; quoted: boolean } | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (quote === '' && /\s/.test(character)) {
      if (current !== undefined) words.push(current);
      current = undefined;
      continue;
    }
    current ??= { text: '', quoted: false };
    if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) {
      quote = character;
      current.quoted = true;
    } else if (character === '\\' && quote !== "'" && at + 1 < text.length) {
      at += 1;
      current.text += text[at];
    } else current.text += character;
  }
  if (quote !== '') throw new Error(`a quote is left open in '${text}'`);
  if (current !== undefined) words.push(current);
  return words;
}

/** Assignments of Environment= or of an environment file's text, later ones first in effect. */
export function environmentOf(assignments: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {};
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=');
    if (equals > 0) env[assignment.slice(0, equals)] = assignment.slice(equals + 1);
  }
  return env;
}

/** Lines `NAME=value` of an EnvironmentFile=; comments and other lines are passed over, quotes are taken off. */
export function environmentFile(source: string): Record<string, string> {
  const env: Record<string, string> = {};
  for (const line of source.split('\n')) {
    const match = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
    if (match === null) continue;
    const value = (match[2] as string).trim();
    const quoted = /^(["'])(.*)\1$/.exec(value);
    env[match[1] as string] = quoted === null ? value : (quoted[2] as string);
  }
  return env;
}
