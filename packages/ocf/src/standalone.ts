import { spawn } from 'node:child_process';
import type { Agent } from './agent.ts';
import { writeAgentLog } from './agent-log.ts';
import { ocf } from './codes.ts';
import { runCommand } from './run-command.ts';
import { makeContext, type OperationHost, runOperation } from './run-operation.ts';

/** Set in the environment of a process that carries on a background task: the task's name. */
const backgroundVariable = 'SANODE_AGENT_BACKGROUND';
const actionVariable = 'SANODE_AGENT_ACTION';

/**
 * Runs an agent as the OCF program that this process is: action in argv[2], everything else in the environment, the
 * exit code as `process.exitCode` (ocf-agents.md 1.1).
 * @param agent the agent
 * @param script path of the program's module, to be started again for background tasks and in namespaces
 */
export async function runStandalone(agent: Agent, script: string): Promise<void> {
  const env = cleanEnvironment();
  const args = process.argv.slice(2);
  const task = env[backgroundVariable];
  if (task !== undefined) {
    await runBackground(agent, task, args, env);
    return;
  }
  const [action] = args;
  if (action === undefined || args.length !== 1) {
    process.stdout.write(`${agent.usage(script)}\n`);
    process.exitCode = agent.name === 'nginx' ? ocf.args : ocf.unimplemented;
    return;
  }
  const result = await runOperation(agent, action, env, standaloneHost(agent, script, env));
  process.stdout.write(result.stdout);
  process.stderr.write(result.stderr);
  process.exitCode = result.code;
}

async function runBackground(
  agent: Agent,
  task: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<void> {
  const action = env[actionVariable] ?? '';
  delete env[backgroundVariable];
  delete env[actionVariable];
  const host = standaloneHost(agent, process.argv[1] ?? '', env);
  await agent.background?.[task]?.(makeContext(agent, action, env, host), args);
}

function cleanEnvironment(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  return env;
}

function standaloneHost(agent: Agent, script: string, env: Readonly<Record<string, string>>): OperationHost {
  const instance = env['OCF_RESOURCE_INSTANCE'];
  const tag = instance === undefined ? `${agent.name}[${process.pid}]` : `${agent.name}(${instance})[${process.pid}]`;
  const command = [...process.execArgv, script];
  return {
    program: script,
    log: (level, text, isExitReason) => writeAgentLog(env, tag, level, text, isExitReason === true),
    background(task, args, context) {
      const child = spawn(process.execPath, [...command, ...args], {
        env: { ...context.env, [backgroundVariable]: task, [actionVariable]: context.action },
        stdio: 'ignore',
        detached: true,
      });
      child.on('error', () => {});
      child.unref();
    },
    async rerun(prefix, action, changed) {
      const [file, ...rest] = [...prefix, process.execPath, ...command, action];
      return await runCommand(file ?? '', rest, { env: changed });
    },
  };
}
