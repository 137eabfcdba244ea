/** A refusal: what is printed after `Error: `, a line each, before pcs ends with status 1. */
export class PcsError extends Error {
  readonly code = 'PCS_REFUSED';
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** The command was not given as it should: its usage is shown instead of an error. */
export class UsageError extends Error {
  readonly code = 'PCS_USAGE';
}

/** Ends the command with one sentence. @throws {PcsError} always */
export function fail(sentence: string): never {
  throw new PcsError([sentence]);
}

/** Shows the command's usage. @throws {UsageError} always */
export function usage(): never {
  throw new UsageError('usage');
}

export const unableToContinue = 'Errors have occurred, therefore pcs is unable to continue';

/**
 * Collects what validation finds. Errors that `--force` overrides become warnings then; the others, and the forceable
 * ones without `--force`, end the command together in {@link finish}, before anything was changed.
 */
export class Reports {
  readonly #errors: string[] = [];
  readonly #force: boolean;
  readonly #warn: (sentence: string) => void;

  constructor(force: boolean, warn: (sentence: string) => void) {
    this.#force = force;
    this.#warn = warn;
  }

  error(sentence: string): void {
    this.#errors.push(sentence);
  }

  forceable(sentence: string): void {
    if (this.#force) this.#warn(sentence);
    else this.#errors.push(`${sentence}, use --force to override`);
  }

  warning(sentence: string): void {
    this.#warn(sentence);
  }

  get hasErrors(): boolean {
    return this.#errors.length > 0;
  }

  /** @throws {PcsError} with everything found, and (unless told not to) the closing line, when there was an error */
  finish(closing = true): void {
    if (this.#errors.length > 0) throw new PcsError(closing ? [...this.#errors, unableToContinue] : this.#errors);
  }
}

/** `'a', 'b'`: values in messages, sorted and quoted. */
export function quoteList(values: Iterable<string>, joiner = ', '): string {
  const quoted = [...values].sort(compareText).map((value) => `'${value}'`);
  if (joiner === ', ' || quoted.length < 2) return quoted.join(', ');
  return `${quoted.slice(0, -1).join(', ')}${joiner}${quoted.at(-1)}`;
}

/** Order by code points, the same in every locale. */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
