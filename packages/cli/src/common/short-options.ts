/** One option as getopt reads it. */
export interface ParsedOption {
  /** Letter, or the letter a long name stands for. */
  readonly option: string;
  readonly value: string | undefined;
}

/** What getopt(3) made of a command line. */
export interface ParsedOptions {
  readonly options: readonly ParsedOption[];
  readonly rest: readonly string[];
  /** getopt's message for the first bad option, without the program's name. */
  readonly error: string | undefined;
}

/**
 * Reads options like getopt_long(3): bundled letters, values attached or apart, `--` ends.
 * @param letters as getopt takes them: `ab:c` (a colon: the letter has a value)
 * @param long long names and the letters they stand for
 */
export function parseShortOptions(
  argv: readonly string[],
  letters: string,
  long: Readonly<Record<string, string>> = {},
): ParsedOptions {
  const options: ParsedOption[] = [];
  const rest: string[] = [];
  const takesValue = (letter: string): boolean => letters[letters.indexOf(letter) + 1] === ':';
  for (let i = 0; i < argv.length; i += 1) {
    const word = argv[i] as string;
    if (word === '--') {
      rest.push(...argv.slice(i + 1));
      break;
    }
    if (word.startsWith('--')) {
      const [name, attached] = splitLong(word);
      const letter = long[name];
      if (letter === undefined) return { options, rest, error: `unrecognized option '--${name}'` };
      const value = takesValue(letter) ? (attached ?? argv[++i]) : undefined;
      if (takesValue(letter) && value === undefined) {
        return { options, rest, error: `option '--${name}' requires an argument` };
      }
      options.push({ option: letter, value });
    } else if (word.startsWith('-') && word.length > 1) {
      for (let at = 1; at < word.length; at += 1) {
        const letter = word[at] as string;
        if (letter === ':' || !letters.includes(letter)) {
          return { options, rest, error: `invalid option -- '${letter}'` };
        }
        if (!takesValue(letter)) {
          options.push({ option: letter, value: undefined });
          continue;
        }
        const value = at + 1 < word.length ? word.slice(at + 1) : argv[++i];
        if (value === undefined) return { options, rest, error: `option requires an argument -- '${letter}'` };
        options.push({ option: letter, value });
        break;
      }
    } else rest.push(word);
  }
  return { options, rest, error: undefined };
}

function splitLong(word: string): [string, string | undefined] {
  const equals = word.indexOf('=');
  return equals < 0 ? [word.slice(2), undefined] : [word.slice(2, equals), word.slice(equals + 1)];
}
