import { basename } from 'node:path';
import type { ToolIo } from './io.ts';
import { processIo } from './process-io.ts';
import { toolNames, tools } from './registry.ts';

export { toolNames } from './registry.ts';

/** Runs the tool that the program was called as, or that its first argument names. @returns the exit code */
export async function main(argv: readonly string[], io: ToolIo): Promise<number> {
  const called = io.env['SANODE_TOOL'] ?? basename(argv[1] ?? '').replace(/\.m?[jt]s$/, '');
  const named = tools[called];
  if (named !== undefined) return (await named()).run(argv.slice(2), io);
  const first = tools[argv[2] ?? ''];
  if (first !== undefined) return (await first()).run(argv.slice(3), io);
  io.stderr(`sanode: call it by the name of a tool, or name one: ${toolNames().join(', ')}\n`);
  return 64;
}

/** Runs the tool of this process. */
export function runProcess(): Promise<number> {
  return main(process.argv, processIo());
}

if (import.meta.main) process.exitCode = await runProcess();
