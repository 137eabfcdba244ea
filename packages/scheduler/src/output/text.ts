/** Text in the reference's two styles: indented lists with bullets, or bare lines (scheduler-3 20.2). */
export class ListText {
  readonly fancy: boolean;
  readonly #write: (text: string) => void;
  #level = 0;

  constructor(write: (text: string) => void, options: { fancy: boolean }) {
    this.#write = write;
    this.fancy = options.fancy;
  }

  /** Opens a list; one without title only indents. */
  begin(title?: string): void {
    if (this.fancy && title !== undefined) {
      this.#write(`${'  '.repeat(this.#level)}${this.#level > 0 ? '* ' : ''}${title}:\n`);
    }
    this.#level += 1;
  }

  end(): void {
    this.#level -= 1;
  }

  item(text: string, label?: string): void {
    if (!this.fancy) {
      this.#write(`${text}\n`);
      return;
    }
    const bullet = this.#level > 0 ? '* ' : '';
    this.#write(`${'  '.repeat(this.#level)}${bullet}${label === undefined ? '' : `${label}: `}${text}\n`);
  }

  spacer(): void {
    this.#write('\n');
  }

  /** A line at the margin. */
  info(text: string): void {
    this.#write(`${text}\n`);
  }
}
