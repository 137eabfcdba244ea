// Runs steps (files written, signals, calls of the agent) in this network namespace; used by agent.test.ts.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type OperationHost, runOperation } from '@sanode/ocf';
import { nginxAgent } from './agent.ts';
import { localProcesses, processInfo } from './processes.ts';

export type Step =
  | { readonly write: string; readonly text: string }
  | { readonly remove: string }
  | { readonly kill: string; readonly signal: NodeJS.Signals }
  | { readonly action: string; readonly params: Readonly<Record<string, string>>; readonly level?: string };

export interface StepResult {
  readonly code: number;
  readonly exitReason: string;
  /** nginx processes afterwards. */
  readonly processes: readonly string[];
}

const [, , file = ''] = process.argv;
const host: OperationHost = {
  program: 'nginx',
  log() {},
  background() {},
  rerun: () => Promise.reject(new Error('not replayed')),
};

async function call(step: Extract<Step, { action: string }>): Promise<StepResult> {
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    OCF_RA_VERSION_MAJOR: '1',
    OCF_RESOURCE_INSTANCE: 'web',
    OCF_CHECK_LEVEL: step.level ?? '0',
  };
  for (const [name, value] of Object.entries(step.params)) env[`OCF_RESKEY_${name}`] = value;
  const { code, exitReason } = await runOperation(nginxAgent, step.action, env, host);
  const processes = localProcesses().map((info) => info.command.replace(/ .*/, ''));
  return { code, exitReason, processes: processes.filter((command) => command.startsWith('nginx:')) };
}

/** Sends a signal; after SIGKILL it waits until the process has gone. */
async function kill(pid: number, signal: NodeJS.Signals): Promise<void> {
  process.kill(pid, signal);
  while (signal === 'SIGKILL' && processInfo(pid) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
}

const results: StepResult[] = [];
for (const step of JSON.parse(readFileSync(file, 'utf8')) as Step[]) {
  if ('write' in step) writeFileSync(step.write, step.text, { mode: 0o755 });
  else if ('remove' in step) rmSync(step.remove);
  else if ('kill' in step) await kill(Number(readFileSync(step.kill, 'utf8')), step.signal);
  else results.push(await call(step));
}
process.stdout.write(JSON.stringify(results));
process.exit(0);
