/** Where a report's lists go: text or HTML. */
export interface ListOutput {
  begin(title: string, mark?: string): void;
  beginSilent(): void;
  /** @param cssClass how HTML shows it */
  item(text: string, cssClass?: string): void;
  end(): void;
  spacer(): void;
}

/** Lines of a report in the fancy text form: lists in lists, each item with a bullet and its list's indentation. */
export class TextList implements ListOutput {
  readonly #lines: string[] = [];
  #depth = 0;

  /** Whether anything was printed. */
  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** Opens a list with a title. */
  begin(title: string, mark = ':'): void {
    this.#lines.push(`${this.#prefix()}${title}${mark}`);
    this.#depth += 1;
  }

  /** Opens a list that shows no title. */
  beginSilent(): void {
    this.#depth += 1;
  }

  item(text: string): void {
    this.#lines.push(`${this.#prefix()}${text}`);
  }

  end(): void {
    this.#depth -= 1;
  }

  /** An empty line between sections, if there is something before. */
  spacer(): void {
    if (this.#lines.length > 0) this.#lines.push('');
  }

  /** A line without bullet. */
  plain(text: string): void {
    this.#lines.push(text);
  }

  toString(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  #prefix(): string {
    return this.#depth === 0 ? '' : `${'  '.repeat(this.#depth)}* `;
  }
}
