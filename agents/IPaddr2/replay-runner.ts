// Runs recorded calls of the agent one after the other in this network namespace; used by replay.test.ts.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type OperationHost, runOperation } from '@sanode/ocf';
import { ipaddr2Agent } from './agent.ts';

interface Call {
  readonly action: string;
  readonly params: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

const [, , file = ''] = process.argv;
const calls = JSON.parse(readFileSync(file, 'utf8')) as Call[];
const host: OperationHost = {
  program: 'IPaddr2',
  log() {},
  background: (task, args, context) => void ipaddr2Agent.background?.[task]?.(context, args),
  rerun: () => Promise.reject(new Error('not replayed')),
};
const results = [];
for (const call of calls) {
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    OCF_RA_VERSION_MAJOR: '1',
    OCF_RESOURCE_INSTANCE: 'vip',
    ...call.env,
  };
  for (const [name, value] of Object.entries(call.params)) env[`OCF_RESKEY_${name}`] = value;
  const { code, exitReason } = await runOperation(ipaddr2Agent, call.action, env, host);
  results.push({ code, exitReason, addresses: execFileSync('ip', ['-o', 'addr', 'show'], { encoding: 'utf8' }) });
}
process.stdout.write(JSON.stringify(results));
process.exit(0);
