import { fail } from './errors.ts';

/** Long options that take a value. */
const withValue = new Set(
  (
    'request-timeout name group node from to after before corosync_conf booth-conf booth-key output-format token ' +
    'transport rrpmode addr0 addr1 bcast0 bcast1 mcast0 mcast1 mcastport0 mcastport1 ttl0 ttl1 token_coefficient ' +
    'consensus join miss_count_const fail_recv_const netmtu wait_for_all auto_tie_breaker last_man_standing ' +
    'last_man_standing_window encryption device watchdog interval'
  ).split(' '),
);

/** Long options without a value; those of `optionalValue` may have one after `=`. */
const flags = new Set(
  (
    'debug version help fullhelp force skip-offline autodelete simulate all full local wait config start enable ' +
    'disabled off brief safe no-strict strict pacemaker corosync no-default-ops defaults nodesc master promoted ' +
    'no-watchdog-validation no-cluster-uuid no-keys-sync hide-inactive monitor groups expired no-expire-check ' +
    'overwrite agent-validation future yes no-stop clone async broadcast0 broadcast1 ipv6 autocorrect invalid pull'
  ).split(' '),
);
const optionalValue = new Set(['wait']);
const shortWithValue: Readonly<Record<string, string>> = { f: 'f', p: 'p', u: 'u' };
const shortFlags: Readonly<Record<string, string>> = { h: 'help', V: 'full' };

/** A command line: the words in order, and the options by name (`f`, `u`, `p` for the short ones). */
export interface CommandLine {
  readonly words: readonly string[];
  /** Value, or '' for an option without one. */
  readonly options: ReadonlyMap<string, string>;
}

/** Most words and most characters of one command line that are looked at. */
const maxWords = 10_000;

/**
 * Splits a command line (cli-pcs.md 2): options may stand anywhere before `--`; negative numbers and -INFINITY are words.
 * @throws {PcsError} for an option that no command knows, or one whose value is missing
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  if (argv.length > maxWords) fail(`more than ${maxWords} words on the command line`);
  const words: string[] = [];
  const options = new Map<string, string>();
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string;
    if (word === '--') {
      words.push(...argv.slice(at + 1));
      break;
    }
    if (word.startsWith('--')) {
      const [name, value] = splitLong(word.slice(2));
      if (!withValue.has(name)) options.set(name, value ?? '');
      else if (value !== undefined) options.set(name, value);
      else options.set(name, takeValue(argv, ++at, `--${name}`));
    } else if (word.startsWith('-') && word.length > 1 && !/^-(\d|INF)/.test(word)) {
      at = shortOptions(word.slice(1), argv, at, options);
    } else {
      words.push(word);
    }
  }
  return { words, options };
}

function splitLong(text: string): [string, string | undefined] {
  const equals = text.indexOf('=');
  const given = equals < 0 ? text : text.slice(0, equals);
  const name = fullName(given);
  const value = equals < 0 ? undefined : text.slice(equals + 1);
  if (name === undefined) throw unknownOption(`--${given}`);
  if (value !== undefined && flags.has(name) && !optionalValue.has(name)) {
    fail(`option --${name} must not have an argument`);
  }
  return [name, value];
}

/** An option may be shortened as long as only one begins so. */
function fullName(given: string): string | undefined {
  if (withValue.has(given) || flags.has(given)) return given;
  const candidates = [...withValue, ...flags].filter((name) => name.startsWith(given));
  return given !== '' && candidates.length === 1 ? candidates[0] : undefined;
}

function shortOptions(letters: string, argv: readonly string[], index: number, options: Map<string, string>): number {
  for (let i = 0; i < letters.length; i++) {
    const letter = letters[i] as string;
    const flag = shortFlags[letter];
    if (flag !== undefined) {
      options.set(flag, '');
      continue;
    }
    const name = shortWithValue[letter];
    if (name === undefined) throw unknownOption(`-${letter}`);
    const rest = letters.slice(i + 1);
    if (rest !== '') {
      options.set(name, rest);
      return index;
    }
    options.set(name, takeValue(argv, index + 1, `-${letter}`));
    return index + 1;
  }
  return index;
}

function takeValue(argv: readonly string[], index: number, option: string): string {
  const value = argv[index];
  return value === undefined ? fail(`option ${option} requires argument`) : value;
}

function unknownOption(option: string): Error {
  return new UnknownOptionError(option);
}

/** An option that no command of pcs knows; the main help is shown after it. */
export class UnknownOptionError extends Error {
  readonly code = 'UNKNOWN_OPTION';

  constructor(option: string) {
    super(`option ${option} not recognized`);
  }
}

/** How an option is written in messages: `--full`, `-f`. */
export function optionText(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}
