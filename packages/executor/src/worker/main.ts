// A warm worker: TypeScript agents run here, so that no operation costs a process and no agent can hang the executor.
import {
  type Agent,
  type AgentContext,
  type OperationHost,
  ocf,
  parameterSource,
  runCommand,
  runOperation,
  type Watch,
} from '@sanode/ocf';
import { executionStatus } from '../client/types.ts';
import { loadNativeAgent, nativeAgentNames, nativeProgram } from '../native-agents.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

const watches = new Map<string, { watch: Watch | undefined; closed: boolean }>();

function send(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

function tagOf(type: string, env: Readonly<Record<string, string>>): string {
  return `${type}(${env['OCF_RESOURCE_INSTANCE'] ?? ''})[${process.pid}]`;
}

function hostFor(agent: Agent, provider: string, env: Readonly<Record<string, string>>): OperationHost {
  const tag = tagOf(agent.name, env);
  const log: OperationHost['log'] = (level, text) => send({ kind: 'log', tag, level, text });
  return {
    program: `${env['OCF_ROOT'] ?? ''}/resource.d/${provider}/${agent.name}`,
    log,
    background(task: string, args: readonly string[], context: AgentContext) {
      const run = async (): Promise<void> => await agent.background?.[task]?.(context, args);
      run().catch((error: Error) => log('err', `${task}: ${error.message}`));
    },
    async rerun(prefix, action, changed) {
      const [file = '', ...rest] = [...prefix, ...nativeProgram(provider, agent.name), action];
      return await runCommand(file, rest, { env: changed });
    },
  };
}

async function run(message: Extract<ToWorker, { kind: 'run' }>): Promise<void> {
  const { token, provider, type, action, env } = message;
  const agent = await loadNativeAgent(provider, type);
  if (agent === undefined) {
    const exitReason = `ocf:${provider}:${type} does not exist`;
    const result = { code: ocf.installed, status: executionStatus.notInstalled, exitReason, stdout: '', stderr: '' };
    send({ kind: 'ended', token, result });
    return;
  }
  const result = await runOperation(agent, action, env, hostFor(agent, provider, env));
  send({ kind: 'ended', token, result: { ...result, status: executionStatus.done } });
}

async function watch(message: Extract<ToWorker, { kind: 'watch' }>): Promise<void> {
  const { resourceId, provider, type, env } = message;
  unwatch(resourceId);
  const entry = { watch: undefined as Watch | undefined, closed: false };
  watches.set(resourceId, entry);
  const agent = await loadNativeAgent(provider, type);
  if (agent?.watch === undefined) return;
  const tag = tagOf(type, env);
  const armed = await agent.watch({
    ...parameterSource(agent, env),
    log: (level, text) => send({ kind: 'log', tag, level, text }),
    report: (cause) => !entry.closed && send({ kind: 'event', resourceId, cause }),
    lost: (reason) => !entry.closed && send({ kind: 'lost', resourceId, reason }),
  });
  entry.watch = armed;
  if (entry.closed) armed.close();
}

function unwatch(resourceId: string): void {
  const entry = watches.get(resourceId);
  if (entry === undefined) return;
  watches.delete(resourceId);
  entry.closed = true;
  entry.watch?.close();
}

process.on('message', (message: ToWorker) => {
  if (message.kind === 'unwatch') unwatch(message.resourceId);
  else if (message.kind === 'run') void run(message);
  else {
    watch(message).catch((error: Error) => {
      const { resourceId, type, env } = message;
      send({
        kind: 'log',
        tag: tagOf(type, env),
        level: 'warn',
        text: `${resourceId} is not watched: ${error.message}`,
      });
    });
  }
});
// The executor is gone: what it managed goes on, its workers do not.
process.on('disconnect', () => process.exit(0));
process.title = 'sanode-lrmd-worker';
send({ kind: 'ready' });
// The first operation finds its agent loaded.
for (const name of nativeAgentNames) void loadNativeAgent(...(name.split(':') as [string, string]));
