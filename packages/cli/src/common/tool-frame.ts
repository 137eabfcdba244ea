import { announcedRelease } from '@sanode/runtime';
import type { ToolIo } from '../io.ts';
import { exitCode } from './cib-exit.ts';
import { type GivenOption, hasOption, lastValue, type OptionSpec, parseOptions } from './options.ts';
import { ToolResult } from './result.ts';
import { versionText } from './version.ts';
import { versionElement } from './xml-result.ts';

/** Ends a tool with an error and an exit code. */
export class ToolRefusal extends Error {
  readonly exit: number;

  /** @param message whole text as printed, with the program's name where it belongs; empty prints nothing */
  constructor(message: string, exit: number) {
    super(message);
    this.exit = exit;
  }
}

/** Options that every GLib-style tool has (cli-crm.md 1.2). `output-as` is left out where a tool has one form only. */
export function commonOptions(formatted: boolean): OptionSpec[] {
  const always: OptionSpec[] = [
    { name: 'help', short: '?', aliases: ['help-all'], value: 'none' },
    { name: 'help', short: 'h', value: 'none' },
    { name: 'version', short: '$', value: 'none' },
    { name: 'verbose', short: 'V', value: 'none' },
  ];
  const formats: OptionSpec[] = [
    { name: 'output-as', value: 'required' },
    { name: 'text-fancy', value: 'none' },
  ];
  return formatted ? [...always, ...formats] : always;
}

export interface ToolDefinition {
  readonly name: string;
  readonly options: readonly OptionSpec[];
  readonly help: string;
}

/** What a tool's own part gets. */
export interface ToolCall {
  readonly given: readonly GivenOption[];
  /** Words that are no options. */
  readonly rest: readonly string[];
  readonly io: ToolIo;
  readonly result: ToolResult;
}

/**
 * Runs a GLib-style tool: reads its options, answers `--help` and `--version`, prints what the tool's own part gives or
 * refuses, as text or XML. @returns the exit code
 */
export async function runTool(
  definition: ToolDefinition,
  argv: readonly string[],
  io: ToolIo,
  carryOut: (call: ToolCall) => Promise<number>,
): Promise<number> {
  const { name: tool } = definition;
  const parsed = parseOptions(argv, definition.options);
  if (!parsed.ok) {
    const problem = parsed.problem === 'missing' ? 'Missing argument for' : 'Unknown option';
    io.stderr(`${tool}: ${problem} ${parsed.word}\n`);
    return exitCode.usage;
  }
  const { given, rest } = parsed;
  const format = lastValue(given, 'output-as') ?? 'text';
  if (format !== 'text' && format !== 'xml') {
    io.stderr(`${tool}: Error creating output format ${format}: Unknown output format\n`);
    return exitCode.error;
  }
  const result = new ToolResult(io, { tool, argv, xml: format === 'xml' });
  if (hasOption(given, 'help')) {
    io.stdout(definition.help);
    return exitCode.ok;
  }
  if (hasOption(given, 'version')) {
    result.add(versionText().trimEnd(), versionElement());
    return result.finish(exitCode.ok);
  }
  try {
    return result.finish(await carryOut({ given, rest, io, result }));
  } catch (error) {
    if (!(error instanceof ToolRefusal)) throw error;
    if (error.message !== '') result.error(error.message);
    return result.finish(error.exit);
  }
}

/** Whether tools speak as of the 3.x releases. */
export function speaksAs3(): boolean {
  return announcedRelease().name === '3.0';
}
