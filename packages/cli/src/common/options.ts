/** One option a tool knows. */
export interface OptionSpec {
  /** Name in the result, and after `--`. */
  readonly name: string;
  /** Letter after `-`. */
  readonly short?: string;
  /** More long names with the same meaning. */
  readonly aliases?: readonly string[];
  /** `none`: a switch; `required`: the next word is its value; `optional`: only `--name=value` or the rest of `-x`. */
  readonly value: 'none' | 'required' | 'optional';
  /** An optional value may also be the next word, when that begins with no dash. */
  readonly takesWord?: boolean;
}

/** An option as it was given. */
export interface GivenOption {
  readonly name: string;
  /** Undefined for switches, and for optional values that were not given. */
  readonly value: string | undefined;
}

export type ParsedOptions =
  | { readonly ok: true; readonly given: readonly GivenOption[]; readonly rest: readonly string[] }
  | { readonly ok: false; readonly problem: 'unknown' | 'missing' | 'unwanted'; readonly word: string };

/**
 * Takes a command line apart as getopt_long(3) and GLib do alike: `--name value`, `--name=value`, `-xvalue`, `-x
 * value`, clusters of switches, `--` ends options, other words may stand anywhere. Long names may be shortened as long
 * as they are unique (cli-crm.md 1.2).
 */
export function parseOptions(argv: readonly string[], specs: readonly OptionSpec[]): ParsedOptions {
  const given: GivenOption[] = [];
  const rest: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] as string;
    if (word === '--') {
      rest.push(...argv.slice(index + 1));
      break;
    }
    if (word.startsWith('--')) {
      const taken = longOption(word, argv[index + 1], specs);
      if ('problem' in taken) return taken;
      given.push(taken.option);
      index += taken.extraWords;
    } else if (word.length > 1 && word.startsWith('-') && !isNegativeNumber(word, specs)) {
      const taken = shortOptions(word, argv[index + 1], specs);
      if ('problem' in taken) return taken;
      given.push(...taken.options);
      index += taken.extraWords;
    } else rest.push(word);
  }
  return { ok: true, given, rest };
}

/** `-1` is a number, unless the tool has a switch of that digit. */
function isNegativeNumber(word: string, specs: readonly OptionSpec[]): boolean {
  return /^-[1-9]\d*$/.test(word) && !specs.some((spec) => spec.short === word.charAt(1));
}

type Refusal = Extract<ParsedOptions, { ok: false }>;

function longOption(
  word: string,
  next: string | undefined,
  specs: readonly OptionSpec[],
): { option: GivenOption; extraWords: number } | Refusal {
  const equals = word.indexOf('=');
  const name = word.slice(2, equals === -1 ? undefined : equals);
  const inline = equals === -1 ? undefined : word.slice(equals + 1);
  const spec = findLong(name, specs);
  if (spec === undefined) return { ok: false, problem: 'unknown', word };
  if (spec.value === 'none') {
    if (inline !== undefined) return { ok: false, problem: 'unwanted', word: `--${spec.name}` };
    return { option: { name: spec.name, value: undefined }, extraWords: 0 };
  }
  if (inline === undefined && mayTake(spec, next)) return { option: { name: spec.name, value: next }, extraWords: 1 };
  if (inline !== undefined || spec.value === 'optional') {
    return { option: { name: spec.name, value: inline }, extraWords: 0 };
  }
  if (next === undefined) return { ok: false, problem: 'missing', word: `--${spec.name}` };
  return { option: { name: spec.name, value: next }, extraWords: 1 };
}

function findLong(name: string, specs: readonly OptionSpec[]): OptionSpec | undefined {
  const exact = specs.find((spec) => spec.name === name || spec.aliases?.includes(name));
  if (exact !== undefined) return exact;
  const matching = specs.filter((spec) => spec.name.startsWith(name));
  return matching.length === 1 ? matching[0] : undefined;
}

function shortOptions(
  word: string,
  next: string | undefined,
  specs: readonly OptionSpec[],
): { options: GivenOption[]; extraWords: number } | Refusal {
  const options: GivenOption[] = [];
  for (let at = 1; at < word.length; at += 1) {
    const letter = word.charAt(at);
    const spec = specs.find((candidate) => candidate.short === letter);
    if (spec === undefined) return { ok: false, problem: 'unknown', word: `-${letter}` };
    if (spec.value === 'none') {
      options.push({ name: spec.name, value: undefined });
      continue;
    }
    const tail = word.slice(at + 1);
    if (tail === '' && mayTake(spec, next)) {
      options.push({ name: spec.name, value: next });
      return { options, extraWords: 1 };
    }
    if (tail !== '' || spec.value === 'optional') {
      options.push({ name: spec.name, value: tail === '' ? undefined : tail.replace(/^=/, '') });
      return { options, extraWords: 0 };
    }
    if (next === undefined) return { ok: false, problem: 'missing', word: `-${letter}` };
    options.push({ name: spec.name, value: next });
    return { options, extraWords: 1 };
  }
  return { options, extraWords: 0 };
}

function mayTake(spec: OptionSpec, next: string | undefined): boolean {
  return spec.takesWord === true && next !== undefined && !next.startsWith('-');
}

/** Last value given for an option; undefined when it was not given. */
export function lastValue(given: readonly GivenOption[], name: string): string | undefined {
  return given.findLast((option) => option.name === name)?.value;
}

/** Whether an option was given. */
export function hasOption(given: readonly GivenOption[], name: string): boolean {
  return given.some((option) => option.name === name);
}
