import { ConfError } from '@sanode/conf';
import type { ToolIo } from '../../io.ts';
import { type CommandLine, parseCommandLine, UnknownOptionError } from './command-line.ts';
import { findCommand, mainUsage } from './commands/index.ts';
import { PcsContext, type PcsDeps } from './context.ts';
import { systemDeps } from './deps.ts';
import { PcsError, UsageError } from './errors.ts';

/** Release of pcs whose syntax and output this is. */
const pcsVersion = '0.11.5';

/** `pcs`: configures the cluster. @returns 0, or 1 when something was refused */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  return runPcs(argv, io, (line) => systemDeps(io, line.options.get('request-timeout')));
}

/** As {@link run}, with surroundings of the caller's choice. */
export async function runPcs(
  argv: readonly string[],
  io: ToolIo,
  makeDeps: (line: CommandLine) => PcsDeps,
): Promise<number> {
  let commandUsage = mainUsage;
  try {
    const line = parseCommandLine(argv);
    if (line.options.has('version')) {
      io.stdout(`${pcsVersion}\n`);
      return 0;
    }
    const found = findCommand(line.words);
    commandUsage = found.usage;
    if (line.options.has('help') || line.options.has('fullhelp') || found.command === undefined) {
      const asked = found.asked || line.options.has('help') || line.options.has('fullhelp');
      (asked ? io.stdout : io.stderr)(`\n${commandUsage}\n`);
      return asked ? 0 : 1;
    }
    const context = new PcsContext(makeDeps(line), io, line);
    context.allowOnly(found.command.options);
    await found.command.run(context, found.words);
    return 0;
  } catch (error) {
    if (error instanceof UnknownOptionError) io.stderr(`Error: ${error.message}\n\n${mainUsage}\n`);
    else if (error instanceof UsageError) io.stderr(`\n${commandUsage}\n`);
    else if (error instanceof PcsError) for (const line of error.lines) io.stderr(`Error: ${line}\n`);
    else if (error instanceof ConfError) io.stderr(`Error: ${error.message}\n`);
    else throw error;
    return 1;
  }
}
