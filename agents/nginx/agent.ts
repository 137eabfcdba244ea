import { existsSync } from 'node:fs';
import { type Agent, type AgentContext, type OcfCode, type Operation, ocf } from '@sanode/ocf';
import { monitor } from './monitor.ts';
import { parameters } from './parameters.ts';
import { configFileOf, findProgram, inspectProgram, type NginxSetup, readSetup } from './program.ts';
import { reload, start, status, stop } from './service.ts';
import { validate } from './validate.ts';
import { watch } from './watch.ts';

type Body = (context: AgentContext, setup: NginxSetup) => OcfCode | Promise<OcfCode>;

/** What every action does first: find the program and the configuration (ocf-agents.md 3.2). */
function withSetup(body: Body): Operation {
  return async (context) => {
    const path = findProgram(context);
    if (path === undefined) return withoutProgram(context);
    if (path !== context.param('httpd')) context.log('debug', `Using ${path} as nginx`);
    const program = await inspectProgram(path);
    const configFile = configFileOf(context, program);
    if (!existsSync(configFile)) return withoutConfig(context, configFile);
    const setup = readSetup(context, program);
    if (setup !== undefined) return await body(context, setup);
    context.exitReason(`Cannot parse config file [${configFile}]`);
    return ocf.configured;
  };
}

function withoutProgram(context: AgentContext): OcfCode {
  switch (context.action) {
    case 'stop':
      return ocf.success;
    case 'monitor':
      return ocf.notRunning;
    case 'status':
      return ocf.unimplemented;
    default:
      context.exitReason("nginx binary not found! Please verify you've installed it");
      return ocf.installed;
  }
}

function withoutConfig(context: AgentContext, file: string): OcfCode {
  switch (context.action) {
    case 'stop':
      context.log('warn', `${file} not found - nginx considered stopped`);
      return ocf.success;
    case 'monitor':
      return ocf.notRunning;
    case 'status':
      return ocf.unimplemented;
    default:
      context.exitReason(`Cannot parse config file [${file}]`);
      return ocf.configured;
  }
}

/** ocf:heartbeat:nginx (ocf-agents.md 3). */
export const nginxAgent: Agent = {
  provider: 'heartbeat',
  name: 'nginx',
  version: '1.0',
  apiVersion: '1.0',
  shortDescription: 'Manages an nginx web and proxy server instance',
  longDescription: [
    'Starts, stops and monitors an nginx web and proxy server.',
    'A monitor checks that the master process runs; one of level 10 gets the status page and compares it,',
    'level 20 gets any page (test20url, test20regex or test20conffile), level 30 runs a command.',
  ].join(' '),
  parameters,
  actions: [
    { name: 'start', timeoutSeconds: 40 },
    { name: 'stop', timeoutSeconds: 60 },
    { name: 'reload', timeoutSeconds: 40 },
    { name: 'status', timeoutSeconds: 30 },
    { name: 'monitor', timeoutSeconds: 30, intervalSeconds: 10, depth: 0 },
    { name: 'monitor', timeoutSeconds: 30, intervalSeconds: 30, depth: 10 },
    { name: 'monitor', timeoutSeconds: 45, depth: 20 },
    { name: 'monitor', timeoutSeconds: 60, depth: 30 },
    { name: 'meta-data', timeoutSeconds: 5 },
    { name: 'validate-all', timeoutSeconds: 5 },
  ],
  operations: {
    start: withSetup(start),
    stop: withSetup(stop),
    monitor: withSetup(monitor),
    reload: withSetup(reload),
    status: withSetup(status),
    'validate-all': withSetup(validate),
  },
  usage: (program) => `usage: ${program} {start|stop|status|monitor|reload|validate-all|meta-data}`,
  unknownAction: withSetup(() => ocf.success),
  usageCode: ocf.unimplemented,
  watch,
};
