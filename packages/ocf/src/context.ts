import type { CommandOptions, CommandResult } from './run-command.ts';

export type LogLevel = 'crit' | 'err' | 'warn' | 'info' | 'debug';

/** The parameters and environment that an operation was called with. */
export interface ParameterSource {
  /** Resource id (OCF_RESOURCE_INSTANCE). */
  readonly instance: string;
  /** The whole OCF environment: OCF_*, OCF_RESKEY_*, HA_* ... */
  readonly env: Readonly<Record<string, string>>;
  /** A parameter's value; its default where it is not set (the empty string is a value), '' where it has none. */
  param(name: string): string;
  /** Whether the parameter was set, even to the empty string. */
  hasParam(name: string): boolean;
  /** A boolean parameter: true for yes true 1 YES TRUE True ja on ON (ocf-agents.md 1.9). */
  flag(name: string): boolean;
  /** A `CRM_meta_` value, for example `interval`, `clone_max`. */
  meta(name: string): string | undefined;
}

/** What one operation of an agent works with. It must not keep state between operations outside of files. */
export interface AgentContext extends ParameterSource {
  readonly action: string;
  /** OCF_CHECK_LEVEL, 0 where it is not a number. */
  readonly checkLevel: number;
  /** A monitor that asks whether the resource is there at all: no interval (ocf-agents.md 1.5). */
  readonly isProbe: boolean;
  log(level: LogLevel, text: string): void;
  /** Says why the operation fails; the last one counts, 128 bytes. It is logged as an error, too. */
  exitReason(text: string): void;
  /** Writes a line to the operation's standard output. */
  print(text: string): void;
  /** Writes a line to the operation's standard error, where nothing else but exit reasons goes. */
  printError(text: string): void;
  /** Runs a program, without a shell. It does not throw: a program that can't be started has code 127 or 126. */
  run(file: string, args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** Waits; the operation's timeout ends it from outside. */
  sleep(milliseconds: number): Promise<void>;
  /** Starts a task of `agent.background` that goes on after this operation's result. */
  background(task: string, args: readonly string[]): void;
  /** Runs this same operation elsewhere: as a program under `prefix` (for example `ip netns exec NS`). */
  rerun(prefix: readonly string[], env: Readonly<Record<string, string>>): Promise<number>;
}

/** What a watch works with. */
export interface WatchContext extends ParameterSource {
  log(level: LogLevel, text: string): void;
  /** Asks for an immediate monitor. @param cause what happened, for the log */
  report(cause: string): void;
  /** The watch can't see any more (lost events, dead descriptor): fall back to polling; it may be armed anew. */
  lost(reason: string): void;
}
