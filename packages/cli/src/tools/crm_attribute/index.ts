import { connectAttrd } from '@sanode/attributes';
import { type CibClient, CibFileError, cibFileOf, cibOption, cibResultText, connectCib } from '@sanode/cib';
import { attr, type Element, element } from '@sanode/xml';
import { exitCode, exitCodeOf, resultOfConnectionError } from '../../common/cib-exit.ts';
import { localNodeName } from '../../common/local-node.ts';
import { type GivenOption, hasOption, lastValue, parseOptions } from '../../common/options.ts';
import { ToolResult } from '../../common/result.ts';
import { versionText } from '../../common/version.ts';
import type { ToolIo } from '../../io.ts';
import { type Entry, findEntries, findNode, type Scope, type Selection, type Target, updateData } from './entries.ts';
import { helpText, optionSpecs } from './options.ts';

/** A result to end with: an error line and the exit code. */
class Refusal extends Error {
  readonly exit: number;

  constructor(message: string, exit: number) {
    super(message);
    this.exit = exit;
  }
}

function refusalOf(rc: number): Refusal {
  return new Refusal(`crm_attribute: Error performing operation: ${cibResultText(rc)}`, exitCodeOf(rc));
}

const noMessage = new Refusal(
  'crm_attribute: Error performing operation: No message of desired type',
  exitCode.protocol,
);

/** crm_attribute: cluster options and node attributes (cli-crm.md 7). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const parsed = parseOptions(argv, optionSpecs);
  if (!parsed.ok) {
    const text = parsed.problem === 'missing' ? 'Missing argument for' : 'Unknown option';
    io.stderr(`crm_attribute: ${text} ${parsed.word}\n`);
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
  const format = lastValue(given, 'output-as') ?? 'text';
  if (format !== 'text' && format !== 'xml') {
    io.stderr(`crm_attribute: Error creating output format ${format}: Unknown output format\n`);
    return exitCode.error;
  }
  const result = new ToolResult(io, { tool: 'crm_attribute', argv, xml: format === 'xml' });
  try {
    await carryOut(given, io, result);
    return result.finish(0);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    result.error(error.message);
    return result.finish(error.exit);
  }
}

async function carryOut(given: readonly GivenOption[], io: ToolIo, result: ToolResult): Promise<void> {
  const selection = selectionOf(given, io);
  const value = lastValue(given, 'update');
  if (value !== undefined && selection.name === undefined && selection.id === undefined && !selection.pattern) {
    throw refusalOf(-22);
  }
  const scope = scopeOf(given);
  const client = await connect(io);
  try {
    const target = await targetOf(given, scope, client, io);
    const cib = await queryAll(client);
    if (value !== undefined) await update(client, cib, target, selection, value, io);
    else if (hasOption(given, 'delete')) await remove(client, cib, target, selection, io, result);
    else query(cib, target, selection, given, result);
  } finally {
    client.close();
  }
}

function selectionOf(given: readonly GivenOption[], io: ToolIo): Selection {
  const pattern = lastValue(given, 'pattern');
  let name = lastValue(given, 'name');
  if (hasOption(given, 'promotion')) {
    const resource = lastValue(given, 'promotion') ?? io.env['OCF_RESOURCE_INSTANCE'];
    if (resource === undefined || resource === '') {
      throw new Refusal(
        'crm_attribute: -p/--promotion must be called from an OCF resource agent or with a resource ID specified',
        exitCode.usage,
      );
    }
    name = `master-${resource}`;
  }
  try {
    return {
      name,
      pattern: pattern === undefined ? undefined : new RegExp(pattern),
      id: lastValue(given, 'id'),
      set: lastValue(given, 'set-name'),
    };
  } catch {
    throw new Refusal(`crm_attribute: '${pattern}' is not a regular expression`, exitCode.usage);
  }
}

/** Section, and whether it is of a node; undefined: a node's, by lifetime. */
function scopeOf(given: readonly GivenOption[]): Scope {
  const type = lastValue(given, 'type');
  const lifetime = lastValue(given, 'lifetime') ?? (hasOption(given, 'promotion') ? 'reboot' : undefined);
  if (lifetime !== undefined && lifetime !== 'reboot' && lifetime !== 'forever') throw noMessage;
  if (type === 'tickets') throw new Refusal('crm_attribute: tickets are not supported yet', exitCode.unimplemented);
  if (type !== undefined && !['crm_config', 'rsc_defaults', 'op_defaults', 'nodes', 'status'].includes(type)) {
    throw noMessage;
  }
  const ofNode = hasOption(given, 'node') || hasOption(given, 'node-uname') || hasOption(given, 'promotion');
  const utilization = hasOption(given, 'utilization');
  if (
    ofNode ||
    utilization ||
    type === 'nodes' ||
    type === 'status' ||
    (type === undefined && lifetime !== undefined)
  ) {
    if (utilization) return 'nodes';
    if (lifetime !== undefined) return lifetime === 'reboot' ? 'status' : 'nodes';
    return type === 'status' ? 'status' : 'nodes';
  }
  return (type as Scope | undefined) ?? 'crm_config';
}

async function connect(io: ToolIo): Promise<CibClient> {
  try {
    return await connectCib({ clientName: 'crm_attribute', writable: true, env: io.env });
  } catch (error) {
    if (error instanceof CibFileError) {
      throw new Refusal(`crm_attribute: Could not connect to the CIB: ${error.message}`, exitCode.noSuchObject);
    }
    const rc = resultOfConnectionError(error);
    throw new Refusal(`crm_attribute: Could not connect to the CIB: ${cibResultText(rc)}`, exitCodeOf(rc));
  }
}

async function queryAll(client: CibClient): Promise<Element> {
  const reply = await client.call({ operation: 'cib_query', options: cibOption.syncCall });
  if (reply.rc !== 0 || reply.data === undefined) throw refusalOf(reply.rc === 0 ? -6 : reply.rc);
  return reply.data;
}

async function targetOf(given: readonly GivenOption[], scope: Scope, client: CibClient, io: ToolIo): Promise<Target> {
  const utilization = hasOption(given, 'utilization');
  if (scope !== 'nodes' && scope !== 'status') return { scope, node: undefined, utilization: false };
  const named = lastValue(given, 'node') ?? lastValue(given, 'node-uname');
  const isLocal = named === undefined || named === 'localhost' || named === 'auto';
  const name = isLocal ? await localNodeName(io) : named;
  const node = findNode(await queryAll(client), name);
  if (node === undefined)
    throw new Refusal(`crm_attribute: Could not map name=${name} to a UUID`, exitCode.noSuchObject);
  return { scope, node, utilization };
}

function query(
  cib: Element,
  target: Target,
  selection: Selection,
  given: readonly GivenOption[],
  result: ToolResult,
): void {
  const quiet = hasOption(given, 'quiet');
  const print = (name: string, value: string): void => {
    const xml = element('attribute', { name, value, scope: target.scope });
    result.add(quiet ? value : `scope=${target.scope}  name=${name} value=${value}`, xml);
  };
  const entries = findEntries(cib, target, selection);
  for (const { pair } of entries) print(attr(pair, 'name') ?? '', attr(pair, 'value') ?? '');
  if (entries.length > 0) return;
  const fallback = lastValue(given, 'default');
  if (fallback === undefined || selection.name === undefined) throw refusalOf(-6);
  print(selection.name, fallback);
}

async function update(
  client: CibClient,
  cib: Element,
  target: Target,
  selection: Selection,
  value: string,
  io: ToolIo,
): Promise<void> {
  if (target.scope === 'status' && cibFileOf(io.env) === undefined) {
    await throughAttrd(target, selection, value);
    return;
  }
  const entries = findEntries(cib, target, selection);
  if (selection.pattern !== undefined && entries.length === 0) throw refusalOf(-6);
  const targets: (Entry | undefined)[] = entries.length === 0 ? [undefined] : entries;
  for (const entry of targets) {
    const name = selection.name ?? (entry && attr(entry.pair, 'name'));
    if (name === undefined) throw refusalOf(-6);
    const reply = await client.call({
      operation: 'cib_modify',
      section: target.scope,
      options: cibOption.syncCall | cibOption.canCreate,
      data: updateData(target, entry, selection, name, value),
    });
    if (reply.rc !== 0) throw refusalOf(reply.rc);
  }
}

async function remove(
  client: CibClient,
  cib: Element,
  target: Target,
  selection: Selection,
  io: ToolIo,
  result: ToolResult,
): Promise<void> {
  if (target.scope === 'status' && cibFileOf(io.env) === undefined) {
    await throughAttrd(target, selection, undefined);
    return;
  }
  const entries = findEntries(cib, target, selection);
  if (selection.pattern !== undefined && entries.length === 0) throw refusalOf(-6);
  for (const { pair } of entries.slice(0, selection.pattern === undefined ? 1 : undefined)) {
    const id = attr(pair, 'id');
    const name = attr(pair, 'name');
    const reply = await client.call({
      operation: 'cib_delete',
      section: target.scope,
      options: cibOption.syncCall,
      data: element('nvpair', { id, name }),
    });
    if (reply.rc !== 0) throw refusalOf(reply.rc);
    const kind = target.node === undefined ? 'option' : 'attribute';
    result.add(`Deleted ${target.scope} ${kind}: id=${id} name=${name}`, undefined);
  }
}

/** Transient attributes belong to attrd, which brings them to every node and into the CIB. */
async function throughAttrd(target: Target, selection: Selection, value: string | undefined): Promise<void> {
  const { node } = target;
  if (node === undefined) throw refusalOf(-22);
  let attrd: Awaited<ReturnType<typeof connectAttrd>>;
  try {
    attrd = await connectAttrd({ clientName: 'crm_attribute' });
  } catch (error) {
    throw refusalOf(resultOfConnectionError(error));
  }
  try {
    const change = { value, node: node.name, ...(node.remote ? { remote: true } : { nodeId: node.id }) };
    if (selection.pattern !== undefined) await attrd.updateMatching(selection.pattern.source, change);
    else if (selection.name !== undefined) await attrd.update({ name: selection.name, ...change });
    else throw refusalOf(-22);
  } finally {
    attrd.close();
  }
}
