import type { Agent } from './agent.ts';
import { ocf } from './codes.ts';
import type { AgentContext, LogLevel } from './context.ts';
import { metadataXml } from './metadata.ts';
import { checkLevelOf, isProbeCall, parameterSource } from './parameters.ts';
import { runCommand } from './run-command.ts';

/** What an operation's surroundings (a worker, a standalone program) do for it. */
export interface OperationHost {
  /** @param isExitReason the text is on standard error already */
  log(level: LogLevel, text: string, isExitReason?: boolean): void;
  /** Carries on with a background task after the result. */
  background(task: string, args: readonly string[], context: AgentContext): void;
  /** Runs the same operation as a program under a prefix; resolves with its exit code. */
  rerun(prefix: readonly string[], action: string, env: Readonly<Record<string, string>>): Promise<RerunResult>;
  /** Path shown in the usage text. */
  readonly program: string;
}

export interface RerunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface OperationResult {
  readonly code: number;
  /** Text of the last exit reason, at most 128 bytes; '' if none. */
  readonly exitReason: string;
  readonly stdout: string;
  /** What a program would have written to standard error: exit reason lines and `printError`. */
  readonly stderr: string;
}

const defaultReasonPrefix = 'ocf-exit-reason:';
const maxReasonBytes = 128;
/** Output kept of one operation. */
const maxOutputChars = 1024 * 1024;

/** Runs one action of an agent in this process. Never throws: what the agent throws is exit code 1 with a reason. */
export async function runOperation(
  agent: Agent,
  action: string,
  env: Readonly<Record<string, string>>,
  host: OperationHost,
): Promise<OperationResult> {
  const output = { stdout: '', stderr: '', reason: '' };
  const context = makeContext(agent, action, env, host, output);
  let code: number;
  try {
    code = await dispatch(agent, context, host);
  } catch (error) {
    context.exitReason(error instanceof Error ? error.message : String(error));
    code = ocf.generic;
  }
  return { code, exitReason: output.reason, stdout: output.stdout, stderr: output.stderr };
}

async function dispatch(agent: Agent, context: AgentContext, host: OperationHost): Promise<number> {
  const operation = Object.hasOwn(agent.operations, context.action) ? agent.operations[context.action] : undefined;
  if (operation !== undefined) return await operation(context);
  if (context.action === 'meta-data') {
    context.print(metadataXml(agent, context.instance === '' ? agent.name : context.instance).trimEnd());
    return ocf.success;
  }
  if (context.action === 'usage' || context.action === 'help') {
    context.print(agent.usage(host.program));
    return agent.usageCode ?? ocf.success;
  }
  if (agent.unknownAction !== undefined) {
    const code = await agent.unknownAction(context);
    if (code !== ocf.success) return code;
  }
  context.print(agent.usage(host.program));
  return ocf.unimplemented;
}

interface Output {
  stdout: string;
  stderr: string;
  reason: string;
}

/** Makes the context of one operation (or of a background task, whose output goes nowhere). */
export function makeContext(
  agent: Agent,
  action: string,
  env: Readonly<Record<string, string>>,
  host: OperationHost,
  output: Output = { stdout: '', stderr: '', reason: '' },
): AgentContext {
  const print = (text: string): void => {
    if (output.stdout.length < maxOutputChars) output.stdout += `${text}\n`;
  };
  const printError = (text: string): void => {
    if (output.stderr.length < maxOutputChars) output.stderr += `${text}\n`;
  };
  const context: AgentContext = {
    ...parameterSource(agent, env),
    action,
    checkLevel: checkLevelOf(env),
    isProbe: isProbeCall(action, env),
    log: (level, text) => host.log(level, text),
    exitReason(text) {
      output.reason = cutReason(text);
      printError(`${env['OCF_EXIT_REASON_PREFIX'] || defaultReasonPrefix}${text}`);
      host.log('err', text, true);
    },
    print,
    printError,
    run: (file, args, options) => runCommand(file, args, { env, ...options }),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
    background: (task, args) => host.background(task, args, context),
    async rerun(prefix, changes) {
      const result = await host.rerun(prefix, action, { ...env, ...changes });
      output.stdout += result.stdout.slice(0, maxOutputChars);
      output.stderr += result.stderr.slice(0, maxOutputChars);
      output.reason = exitReasonOf(result.stderr, env['OCF_EXIT_REASON_PREFIX'] || defaultReasonPrefix);
      return result.code;
    },
  };
  return context;
}

/** Exit reason in an agent's standard error: after the last prefix up to the line's end, at most 128 bytes. */
export function exitReasonOf(stderr: string, prefix: string = defaultReasonPrefix): string {
  const at = stderr.lastIndexOf(prefix);
  if (at < 0) return '';
  const rest = stderr.slice(at + prefix.length);
  const end = rest.indexOf('\n');
  return cutReason(end < 0 ? rest : rest.slice(0, end));
}

function cutReason(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxReasonBytes) return text;
  let end = maxReasonBytes;
  // Not in the middle of a character: continuation bytes are 10xxxxxx.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end).toString('utf8');
}
