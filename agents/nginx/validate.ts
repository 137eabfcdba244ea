import { existsSync } from 'node:fs';
import { type AgentContext, type OcfCode, ocf } from '@sanode/ocf';
import { statusUrl } from './monitor.ts';
import { isExecutable, type NginxSetup, nginxArguments } from './program.ts';

/** validate-all (ocf-agents.md 3.7). */
export async function validate(context: AgentContext, setup: NginxSetup): Promise<OcfCode> {
  const url = statusUrl(context, setup);
  if (!/^http:\/\/[^/]+\/.*/.test(url)) {
    context.exitReason(`Invalid STATUSURL ${url}`);
    return ocf.args;
  }
  const { path } = setup.program;
  if (!isExecutable(path)) {
    context.exitReason(`NGINXD ${path} not found or is not an executable!`);
    return ocf.args;
  }
  if (!existsSync(setup.configFile)) {
    context.exitReason(`Configuration file ${setup.configFile} not found!`);
    return ocf.configured;
  }
  const test = await context.run(path, nginxArguments(setup, '-t'));
  if (test.code === 0) return ocf.success;
  context.printError((test.stdout + test.stderr).trimEnd());
  context.exitReason(`${path} ${setup.options.join(' ')} -t -c ${setup.configFile} reported a configuration error.`);
  return ocf.configured;
}
