import { CibFileError, cibOption, cibResultText, connectCib } from '@sanode/cib';
import { infinity, scoreText } from '@sanode/rules';
import { attr, childElements, type Element, selectElements } from '@sanode/xml';
import { exitCode, exitCodeOf, resultOfConnectionError } from '../../common/cib-exit.ts';
import { localNodeName } from '../../common/local-node.ts';
import { type GivenOption, hasOption, lastValue, type OptionSpec, parseOptions } from '../../common/options.ts';
import { versionText } from '../../common/version.ts';
import type { ToolIo } from '../../io.ts';
import { loadTool } from '../../registry.ts';
import { findNode } from '../crm_attribute/entries.ts';

const optionSpecs: readonly OptionSpec[] = [
  { name: 'help', short: '?', value: 'none' },
  { name: 'version', short: '$', value: 'none' },
  { name: 'verbose', short: 'V', value: 'none' },
  { name: 'quiet', short: 'q', value: 'none' },
  { name: 'query', short: 'G', aliases: ['get-value'], value: 'none' },
  { name: 'delete', short: 'D', aliases: ['delete-attr'], value: 'none' },
  { name: 'update', short: 'v', aliases: ['attr-value'], value: 'required' },
  { name: 'resource', short: 'r', aliases: ['resource-id'], value: 'required' },
  { name: 'operation', short: 'n', value: 'required' },
  { name: 'interval', short: 'I', value: 'required' },
  { name: 'node', short: 'N', aliases: ['node-uname'], value: 'required' },
  { name: 'node-uname', short: 'U', value: 'required' },
  { name: 'id', short: 'i', aliases: ['attr-id'], value: 'required' },
];

const helpText = `
Usage: crm_failcount <command> [<options>]
Commands:
  -G, --query            Print how often a resource failed (default)
  -D, --delete           Forget its failures
Options:
  -r, --resource=ID      Resource
  -n, --operation=NAME   Failures of this operation only
  -I, --interval=VALUE   And of this interval
  -N, --node=NODE        Node (default: this one)
  -q, --quiet            Print the number alone
  -V, --verbose          Say more
`;

/** crm_failcount: how often a resource failed on a node (cli-crm.md 8). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const parsed = parseOptions(argv, optionSpecs);
  if (!parsed.ok) {
    io.stderr(`crm_failcount: unrecognized option '${parsed.word}'\n`);
    io.stdout(helpText);
    return exitCode.usage;
  }
  const { given } = parsed;
  if (hasOption(given, 'help')) {
    io.stdout(helpText);
    return 0;
  }
  if (hasOption(given, 'version')) {
    io.stdout(versionText());
    return 0;
  }
  const resource = lastValue(given, 'resource');
  if (resource === undefined) {
    io.stderr('error: resource name required\n');
    io.stdout(helpText);
    return exitCode.usage;
  }
  const value = lastValue(given, 'update');
  if (value !== undefined && value !== '0') {
    io.stderr('error: a fail count can only be set to 0\n');
    return exitCode.usage;
  }
  if (hasOption(given, 'delete') || value !== undefined) return cleanUp(given, resource, io);
  return query(given, resource, io);
}

async function cleanUp(given: readonly GivenOption[], resource: string, io: ToolIo): Promise<number> {
  const tool = await loadTool('crm_resource');
  if (tool === undefined) {
    io.stderr('crm_failcount: forgetting failures needs crm_resource, which is not part of this build\n');
    return exitCode.unimplemented;
  }
  const words = ['--cleanup', '-r', resource];
  const node = lastValue(given, 'node') ?? lastValue(given, 'node-uname');
  const operation = lastValue(given, 'operation');
  const interval = lastValue(given, 'interval');
  if (node !== undefined) words.push('-N', node);
  if (operation !== undefined) words.push('-n', operation);
  if (interval !== undefined) words.push('-I', interval);
  return tool.run(words, io);
}

async function query(given: readonly GivenOption[], resource: string, io: ToolIo): Promise<number> {
  const nodeName = lastValue(given, 'node') ?? lastValue(given, 'node-uname') ?? (await localNodeName(io));
  const cib = await wholeCib(io);
  if (typeof cib === 'number') return cib;
  const node = findNode(cib, nodeName);
  if (node === undefined) {
    io.stderr(`crm_failcount: Could not map name=${nodeName} to a UUID\n`);
    return exitCode.noSuchObject;
  }
  const operation = lastValue(given, 'operation');
  const interval = lastValue(given, 'interval');
  const milliseconds = interval === undefined ? 0 : intervalMs(interval);
  if (milliseconds === undefined) {
    io.stderr(`crm_failcount: '${interval}' is no interval; write for example 10s or 500ms\n`);
    return exitCode.usage;
  }
  const base = `fail-count-${resource}`;
  const name = operation === undefined ? base : `${base}#${operation}_${milliseconds}`;
  const counts = selectElements(cib, '/cib/status/node_state')
    .filter((state) => attr(state, 'id') === node.id)
    .flatMap((state) => childElements(state, 'transient_attributes'))
    .flatMap((attributes) => childElements(attributes, 'instance_attributes'))
    .flatMap((set) => childElements(set, 'nvpair'))
    .filter((pair) => {
      const found = attr(pair, 'name') ?? '';
      return operation === undefined ? found === base || found.startsWith(`${base}#`) : found === name;
    })
    .map((pair) => scoreOf(attr(pair, 'value') ?? '0'));
  const text = scoreText(counts.reduce((total, count) => total + count, 0));
  io.stdout(hasOption(given, 'quiet') ? `${text}\n` : `scope=status  name=${name} value=${text}\n`);
  return 0;
}

function scoreOf(text: string): number {
  return text === 'INFINITY' ? infinity : Math.max(0, Number.parseInt(text, 10) || 0);
}

/** Milliseconds of an interval as operations have it: seconds without unit; undefined when it is none. */
function intervalMs(text: string): number | undefined {
  const match = /^\s*(\d+)\s*(ms|msec|s|sec|m|min|h|hr)?\s*$/.exec(text);
  if (match === null) return undefined;
  const factors: Readonly<Record<string, number>> = {
    ms: 1,
    msec: 1,
    s: 1000,
    sec: 1000,
    m: 60_000,
    min: 60_000,
    h: 3_600_000,
    hr: 3_600_000,
  };
  return Number(match[1]) * (factors[match[2] ?? 's'] as number);
}

async function wholeCib(io: ToolIo): Promise<Element | number> {
  try {
    const client = await connectCib({ clientName: 'crm_failcount', writable: false, env: io.env });
    try {
      const reply = await client.call({ operation: 'cib_query', options: cibOption.syncCall });
      if (reply.rc === 0 && reply.data !== undefined) return reply.data;
      io.stderr(`crm_failcount: Error performing operation: ${cibResultText(reply.rc)}\n`);
      return exitCodeOf(reply.rc);
    } finally {
      client.close();
    }
  } catch (error) {
    if (error instanceof CibFileError) {
      io.stderr(`crm_failcount: Could not connect to the CIB: ${error.message}\n`);
      return exitCode.noSuchObject;
    }
    const rc = resultOfConnectionError(error);
    io.stderr(`crm_failcount: Could not connect to the CIB: ${cibResultText(rc)}\n`);
    return exitCodeOf(rc);
  }
}
