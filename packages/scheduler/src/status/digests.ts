/** Digests of an operation's parameters, calculated from the configuration (scheduler-1 10). */
export interface Digests {
  readonly all: string;
  readonly secure: string | undefined;
  readonly restart: string | undefined;
  readonly parameters: ReadonlyMap<string, string>;
  /** The operation has instance attributes of its own and does not recur. */
  readonly restartOnMismatch: boolean;
}
