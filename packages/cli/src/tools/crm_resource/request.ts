import { exitCode } from '../../common/cib-exit.ts';
import { exitText } from '../../common/exit-text.ts';
import { type GivenOption, hasOption, lastValue } from '../../common/options.ts';
import type { ToolResult } from '../../common/result.ts';
import { type ToolCall, ToolRefusal } from '../../common/tool-frame.ts';
import type { ToolIo } from '../../io.ts';

/** What is asked of crm_resource. */
export interface Request {
  readonly given: readonly GivenOption[];
  readonly io: ToolIo;
  readonly result: ToolResult;
  readonly resource: string | undefined;
  readonly node: string | undefined;
  readonly quiet: boolean;
  readonly force: boolean;
}

export function readRequest(call: ToolCall): Request {
  const { given, io, result } = call;
  return {
    given,
    io,
    result,
    resource: nonEmpty(lastValue(given, 'resource')),
    node: nonEmpty(lastValue(given, 'node')),
    quiet: hasOption(given, 'quiet'),
    force: hasOption(given, 'force'),
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** Ends with `crm_resource: SENTENCE` and, below it, what the exit code means (cli-crm.md 5). */
export function refuse(sentence: string, exit: number): ToolRefusal {
  const meaning = exit === exitCode.usage ? '' : `\nError performing operation: ${exitText(exit)}`;
  return new ToolRefusal(`crm_resource: ${sentence}${meaning}`, exit);
}

/** Ends with what the exit code means alone. */
export function fails(exit: number): ToolRefusal {
  return new ToolRefusal(`crm_resource: Error performing operation: ${exitText(exit)}`, exit);
}

/** Prints a line for people: not in XML, and not when they asked for quiet. */
export function inform(request: Request, line: string): void {
  if (!request.quiet && !request.result.isXml) request.result.add(line, undefined);
}
