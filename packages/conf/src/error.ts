/** A corosync.conf that the reference refuses while parsing; `message` is the whole line it prints. */
export class ConfError extends Error {
  readonly code = 'CONF_PARSE';
  readonly file: string;
  /** Line number from 1; 0 when the error is of no line. */
  readonly line: number;
  /** The sentence without file and line. */
  readonly text: string;

  constructor(file: string, line: number, text: string) {
    super(line > 0 ? `parser error: ${file}:${line}: ${text}` : text);
    this.file = file;
    this.line = line;
    this.text = text;
  }
}
