import { element } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import { hasOption, lastValue } from '../../common/options.ts';
import { runTool, type ToolCall, ToolRefusal } from '../../common/tool-frame.ts';
import type { ToolIo } from '../../io.ts';
import { Cluster } from './cluster.ts';
import { showConstraints } from './constraints.ts';
import { fail, forget } from './history.ts';
import { ban, clear, move } from './locations.ts';
import { listOperations } from './operations.ts';
import { type CommandName, commandNames, helpText, optionSpecs } from './options.ts';
import { deleteParameter, getParameter, setParameter } from './parameters.ts';
import { listRaw, listResources, locate, queryXml } from './queries.ts';
import { type Request, readRequest, refuse } from './request.ts';
import { restart, wait } from './waiting.ts';
import { why } from './why.ts';

/** crm_resource: looks at resources, and changes them (cli-crm.md 5). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  return runTool({ name: 'crm_resource', options: optionSpecs, help: helpText }, argv, io, carryOut);
}

async function carryOut(call: ToolCall): Promise<number> {
  const last = call.given.findLast(({ name }) => (commandNames as readonly string[]).includes(name));
  const name = (last?.name ?? 'list') as CommandName;
  const request = readRequest(call);
  checkWords(name, call);
  const command = commands[name];
  if (command === undefined) {
    throw new ToolRefusal(`crm_resource: --${name} is not supported yet`, exitCode.unimplemented);
  }
  if (command.needsResource && request.resource === undefined) {
    throw new ToolRefusal('crm_resource: Must supply a resource id with -r', exitCode.usage);
  }
  if (command.needsNode && request.node === undefined) {
    throw new ToolRefusal('crm_resource: Must supply a node name with -N', exitCode.usage);
  }
  if (command.needsCib === false) return command.run(undefined as never, request, last?.value);
  const cluster = await Cluster.connect(call.io.env, command.writes);
  try {
    if (request.node !== undefined) cluster.node(request.node);
    if (request.resource !== undefined && command.lenient !== true) {
      cluster.resource(request.resource, command.anyName);
    }
    return await command.run(cluster, request, last?.value);
  } finally {
    cluster.close();
  }
}

function checkWords(name: CommandName, { given, rest }: ToolCall): void {
  const agentOptions = ['class', 'agent', 'provider'].some((option) => hasOption(given, option));
  if (agentOptions && name !== 'validate' && !name.startsWith('force-')) {
    throw new ToolRefusal(
      'crm_resource: --class, --agent, and --provider can only be used with --validate and --force-*',
      exitCode.usage,
    );
  }
  if (rest.length > 0 && name !== 'digests') {
    const lines = rest.map((word, index) => `[${index + 1} of ${rest.length}] ${word}`);
    throw new ToolRefusal(`crm_resource: non-option ARGV-elements:\n${lines.join('\n')}`, exitCode.usage);
  }
  if (name === 'set-parameter' && (lastValue(given, 'parameter-value') ?? '') === '') {
    throw new ToolRefusal('crm_resource: You need to supply a value with the -v option', exitCode.usage);
  }
}

interface Command {
  readonly needsResource?: boolean;
  readonly needsNode?: boolean;
  readonly needsCib?: boolean;
  /** Also what is cloned uniquely may be named by its own id. */
  readonly anyName?: boolean;
  /** What is not configured (any more) may be named. */
  readonly lenient?: boolean;
  readonly writes: boolean;
  /** @param value of the command's option */
  run(cluster: Cluster, request: Request, value: string | undefined): number | Promise<number>;
}

const of = (request: Request): string => request.resource ?? '';

const commands: Partial<Record<CommandName, Command>> = {
  list: { writes: false, run: listResources },
  'list-raw': { writes: false, run: listRaw },
  'list-operations': {
    writes: false,
    lenient: true,
    run: (cluster, request) => listOperations(cluster, false, request),
  },
  'list-all-operations': {
    writes: false,
    lenient: true,
    run: (cluster, request) => listOperations(cluster, true, request),
  },
  locate: { writes: false, needsResource: true, run: (cluster, request) => locate(cluster, of(request), request) },
  'query-xml': {
    writes: false,
    needsResource: true,
    anyName: true,
    run: (cluster, request) => queryXml(cluster, of(request), false, request),
  },
  'query-xml-raw': {
    writes: false,
    needsResource: true,
    anyName: true,
    run: (cluster, request) => queryXml(cluster, of(request), true, request),
  },
  constraints: {
    writes: false,
    needsResource: true,
    run: (cluster, request) => showConstraints(cluster, of(request), hasOption(request.given, 'recursive'), request),
  },
  stack: {
    writes: false,
    needsResource: true,
    run: (cluster, request) => showConstraints(cluster, of(request), true, request),
  },
  why: { writes: false, run: why },
  'get-parameter': {
    writes: false,
    needsResource: true,
    anyName: true,
    run: (cluster, request, name) => getParameter(cluster, of(request), name ?? '', request),
  },
  'set-parameter': {
    writes: true,
    needsResource: true,
    anyName: true,
    run: (cluster, request, name) => setParameter(cluster, of(request), name ?? '', request),
  },
  'delete-parameter': {
    writes: true,
    needsResource: true,
    anyName: true,
    run: (cluster, request, name) => deleteParameter(cluster, of(request), name ?? '', request),
  },
  move: { writes: true, needsResource: true, run: (cluster, request) => move(cluster, of(request), request) },
  ban: { writes: true, needsResource: true, run: (cluster, request) => ban(cluster, of(request), request) },
  clear: { writes: true, run: clear },
  delete: { writes: true, needsResource: true, anyName: true, run: deleteResource },
  cleanup: { writes: false, run: (cluster, request) => forget(cluster, 'cleanup', request) },
  refresh: { writes: false, run: (cluster, request) => forget(cluster, 'refresh', request) },
  wait: { writes: false, run: wait },
  restart: { writes: true, needsResource: true, run: (cluster, request) => restart(cluster, of(request), request) },
  fail: {
    writes: false,
    needsResource: true,
    needsNode: true,
    run: (cluster, request) => fail(cluster, of(request), request),
  },
};

/** `-D`: deletes a resource's definition. */
async function deleteResource(cluster: Cluster, request: Request): Promise<number> {
  const type = lastValue(request.given, 'resource-type');
  if (type === undefined) throw refuse('You need to specify a resource type with -t', exitCode.noSuchObject);
  if (!/^[A-Za-z_][\w.-]{0,63}$/.test(type)) {
    throw new ToolRefusal(`crm_resource: '${type}' is no element such as primitive or group`, exitCode.usage);
  }
  const data = element(type, { id: of(request) });
  await cluster.change({ operation: 'cib_delete', section: 'resources', data }, request.force);
  return exitCode.ok;
}
