import { accessSync, appendFileSync, closeSync, constants, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { type Agent, type AgentContext, type AgentParameter, type OcfCode, ocf } from '@sanode/ocf';

const emptyDirectory = '/var/run';

const parameters: readonly AgentParameter[] = [
  {
    name: 'state',
    type: 'string',
    uniqueGroup: 'state',
    default: (instance) => `${emptyDirectory}/Dummy-${withoutCloneSuffix(instance)}.state`,
    shortDescription: 'State file',
    longDescription: 'The file whose existence says that the resource runs.',
  },
  {
    name: 'passwd',
    type: 'string',
    reloadable: true,
    default: '',
    shortDescription: 'Password',
    longDescription: 'A password that nothing uses, for tests.',
  },
  {
    name: 'fake',
    type: 'string',
    reloadable: true,
    default: 'dummy',
    shortDescription: 'Parameter without effect',
    longDescription: 'A parameter without effect; changing it makes the cluster reload the agent.',
  },
  {
    name: 'op_sleep',
    type: 'string',
    reloadable: true,
    default: '0',
    shortDescription: 'Seconds that each operation takes',
    longDescription: 'Seconds that each operation sleeps, to test how the cluster takes timeouts.',
  },
  {
    name: 'fail_start_on',
    type: 'string',
    reloadable: true,
    default: '',
    shortDescription: 'Host on which start pretends to fail',
    longDescription:
      'On this host start, migrate_from and reload-agent report a failure although the resource then runs.',
  },
  {
    name: 'envfile',
    type: 'string',
    reloadable: true,
    default: '',
    shortDescription: 'File for the environment',
    longDescription: 'If set, the environment of every call is appended to this file.',
  },
];

/** For anonymous clones `dd:0` and `dd` share nothing but the name: the instance number is no part of it. */
function withoutCloneSuffix(instance: string): string {
  return instance.replace(/:[0-9]+$/, '');
}

function stateFile(context: AgentContext): string {
  const unique = context.meta('globally_unique') === 'true';
  return context.hasParam('state') || !unique
    ? context.param('state')
    : `${emptyDirectory}/Dummy-${context.instance}.state`;
}

function dumpEnvironment(context: AgentContext): void {
  const file = context.param('envfile');
  if (file === '') return;
  const lines = Object.entries(context.env).map(([name, value]) => `${name}=${value}`);
  const text = [`### ${context.action} @ ${new Date().toString()} ###`, ...lines.sort(), '###', ''].join('\n');
  appendFileSync(file, text);
}

function touch(file: string): boolean {
  try {
    closeSync(openSync(file, 'a'));
    return true;
  } catch {
    return false;
  }
}

async function monitor(context: AgentContext): Promise<OcfCode> {
  const state = stateFile(context);
  const sleepSeconds = Number(context.param('op_sleep') || '0');
  if (sleepSeconds > 0) {
    const serialized = `${state}.serialized`;
    if (context.action !== 'stop' && existsSync(serialized)) {
      context.exitReason('alternate universe collision');
      return ocf.generic;
    }
    touch(serialized);
    await context.sleep(sleepSeconds * 1000);
    rmSync(serialized, { force: true });
  }
  if (!existsSync(state)) return ocf.notRunning;
  return await deepMonitor(context, state);
}

async function deepMonitor(context: AgentContext, state: string): Promise<OcfCode> {
  if (context.action !== 'monitor') return ocf.success;
  switch (context.checkLevel) {
    case 10:
      await context.sleep(30_000);
      return ocf.success;
    case 20:
      if (Math.random() >= 0.2) return ocf.success;
      context.exitReason('smoke detected near CPU fan');
      return ocf.generic;
    case 30:
      context.exitReason('hyperdrive quota reached');
      return ocf.generic;
    case 40: {
      const code = readFileSync(state, 'utf8').trim();
      if (code === '' || code === '0') return ocf.success;
      context.exitReason(`CPU ejected. Observed leaving the Kronosnet galaxy at ${code} times the speed of light.`);
      return Number.parseInt(code, 10) || ocf.generic;
    }
    default:
      return ocf.success;
  }
}

async function start(context: AgentContext): Promise<OcfCode> {
  const now = await monitor(context);
  if (now === ocf.notRunning && !touch(stateFile(context))) return ocf.generic;
  if (now !== ocf.success && now !== ocf.notRunning) return now;
  return context.param('fail_start_on') === hostname() ? ocf.generic : ocf.success;
}

async function stop(context: AgentContext): Promise<OcfCode> {
  await monitor(context);
  rmSync(stateFile(context), { force: true });
  rmSync(`${stateFile(context)}.serialized`, { force: true });
  return ocf.success;
}

function validate(context: AgentContext): OcfCode {
  const sleep = context.param('op_sleep');
  if (sleep !== '' && !/[0-9]/.test(sleep)) return ocf.configured;
  if (context.checkLevel < 10) return ocf.success;
  return [stateFile(context), context.param('envfile')].every(isDirectoryWritable) ? ocf.success : ocf.args;
}

function isDirectoryWritable(file: string): boolean {
  if (file === '') return true;
  try {
    accessSync(dirname(file), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

type Body = (context: AgentContext) => OcfCode | Promise<OcfCode>;

function withEnvironmentDump(body: Body): Body {
  return (context) => {
    dumpEnvironment(context);
    return body(context);
  };
}

function usage(program: string): string {
  return [
    `usage: ${program} {start|stop|monitor|migrate_to|migrate_from|validate-all|meta-data}`,
    '',
    'Expects to have a fully populated OCF RA-compliant environment set.',
  ].join('\n');
}

const bodies: Readonly<Record<string, Body>> = {
  start,
  stop,
  monitor,
  reload: () => ocf.success,
  'reload-agent': (context) => {
    context.log('err', `Reloading ${context.instance} (agent)`);
    return start(context);
  },
  migrate_to: (context) => {
    context.log('info', `Migrating ${context.instance} to ${context.meta('migrate_target') ?? ''}.`);
    return stop(context);
  },
  migrate_from: (context) => {
    context.log('info', `Migrating ${context.instance} from ${context.meta('migrate_source') ?? ''}.`);
    return start(context);
  },
  'validate-all': validate,
};

/** ocf:pacemaker:Dummy (ocf-agents.md 4.1): keeps a state file, for tests. */
export const dummyAgent: Agent = {
  provider: 'pacemaker',
  name: 'Dummy',
  version: '2.1',
  apiVersion: '1.1',
  shortDescription: 'Example stateless resource agent',
  longDescription: 'Does nothing but remember whether it runs; its parameters make operations slow or fail, for tests.',
  parameters,
  actions: [
    { name: 'start', timeoutSeconds: 20 },
    { name: 'stop', timeoutSeconds: 20 },
    { name: 'monitor', timeoutSeconds: 20, intervalSeconds: 10, depth: 0 },
    { name: 'reload', timeoutSeconds: 20 },
    { name: 'reload-agent', timeoutSeconds: 20 },
    { name: 'migrate_to', timeoutSeconds: 20 },
    { name: 'migrate_from', timeoutSeconds: 20 },
    { name: 'validate-all', timeoutSeconds: 20 },
    { name: 'meta-data', timeoutSeconds: 5 },
  ],
  operations: Object.fromEntries(Object.entries(bodies).map(([name, body]) => [name, withEnvironmentDump(body)])),
  usage,
};

/** ocf:heartbeat:Dummy: the same with a state file and nothing else. */
export const heartbeatDummyAgent: Agent = {
  provider: 'heartbeat',
  name: 'Dummy',
  version: '1.0',
  apiVersion: '1.0',
  shortDescription: 'Example stateless resource agent',
  longDescription: 'Does nothing but remember whether it runs, for tests.',
  parameters: [
    {
      name: 'state',
      type: 'string',
      unique: true,
      default: (instance) => `/run/resource-agents/Dummy-${instance}.state`,
      shortDescription: 'State file',
      longDescription: 'The file whose existence says that the resource runs.',
    },
    {
      name: 'fake',
      type: 'string',
      unique: false,
      default: 'dummy',
      shortDescription: 'Parameter without effect',
      longDescription: 'A parameter without effect; changing it makes the cluster reload the resource.',
    },
  ],
  actions: [
    { name: 'start', timeoutSeconds: 20 },
    { name: 'stop', timeoutSeconds: 20 },
    { name: 'monitor', timeoutSeconds: 20, intervalSeconds: 10, depth: 0 },
    { name: 'reload', timeoutSeconds: 20 },
    { name: 'migrate_to', timeoutSeconds: 20 },
    { name: 'migrate_from', timeoutSeconds: 20 },
    { name: 'meta-data', timeoutSeconds: 5 },
    { name: 'validate-all', timeoutSeconds: 20 },
  ],
  operations: {
    start: simpleStart,
    stop: simpleStop,
    monitor: simpleMonitor,
    reload: () => ocf.success,
    migrate_to: simpleStop,
    migrate_from: simpleStart,
    'validate-all': (context) => (isDirectoryWritable(context.param('state')) ? ocf.success : ocf.args),
  },
  usage,
};

function simpleMonitor(context: AgentContext): OcfCode {
  return existsSync(context.param('state')) ? ocf.success : ocf.notRunning;
}

function simpleStart(context: AgentContext): OcfCode {
  return touch(context.param('state')) ? ocf.success : ocf.generic;
}

function simpleStop(context: AgentContext): OcfCode {
  rmSync(context.param('state'), { force: true });
  return ocf.success;
}
