/** What a command-line tool may touch of its surroundings; tests give it their own. */
export interface ToolIo {
  stdout(text: string): void;
  stderr(text: string): void;
  /** Everything from standard input, as text. @throws {Error} when it is over `maxBytes` */
  readStdin(maxBytes: number): Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether standard output is a terminal. */
  readonly isTty: boolean;
  /** Width of the terminal in columns; 80 where there is none. */
  readonly columns: number;
}

/** A tool: takes its arguments (without the program's name) and returns its exit code. */
export interface Tool {
  run(argv: string[], io: ToolIo): Promise<number>;
}
