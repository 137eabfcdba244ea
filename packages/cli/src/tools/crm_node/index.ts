import { IpcError } from '@sanode/ipc';
import { element } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import { ControllerClient, type ControllerNode } from '../../common/controller-client.ts';
import { hasOption } from '../../common/options.ts';
import { runTool, speaksAs3, type ToolCall, ToolRefusal } from '../../common/tool-frame.ts';
import type { ToolIo } from '../../io.ts';
import { helpText, optionSpecs } from './options.ts';
import { removeNode } from './remove.ts';

const timeoutMs = 30_000;
const commands = ['cluster-id', 'list', 'name', 'partition', 'quorum', 'name-for-id', 'remove'];

/** crm_node: what the controller knows of the cluster's nodes (cli-crm.md 6). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const definition = { name: 'crm_node', options: optionSpecs(speaksAs3()), help: helpText };
  return runTool(definition, argv, io, carryOut);
}

async function carryOut(call: ToolCall): Promise<number> {
  const command = call.given.findLast(({ name }) => commands.includes(name));
  switch (command?.name) {
    case 'cluster-id':
      return clusterId(call);
    case 'name':
      return name(call);
    case 'list':
      return list(call);
    case 'partition':
      return partition(call);
    case 'quorum':
      return quorum(call);
    case 'name-for-id':
      return nameForId(command.value ?? '', call);
    case 'remove':
      if (!hasOption(call.given, 'force')) throw needsForce;
      await withController((controller) => removeNode(command.value ?? '', controller, call));
      return exitCode.ok;
    default:
      throw new ToolRefusal(helpText.trimEnd(), exitCode.usage);
  }
}

const needsForce = new ToolRefusal(
  'The supplied command is considered dangerous.  To prevent accidental destruction of the cluster, ' +
    'the --force flag is required in order to proceed.',
  exitCode.usage,
);

async function withController<T>(use: (controller: ControllerClient) => Promise<T>): Promise<T> {
  let controller: ControllerClient;
  try {
    controller = await ControllerClient.connect('crm_node');
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    const denied = error.errno === 'EACCES';
    const exit = denied ? exitCode.insufficientPrivileges : exitCode.disconnect;
    throw new ToolRefusal(
      `error: Could not connect to controller: ${denied ? 'Permission denied' : 'Connection refused'}`,
      exit,
    );
  }
  try {
    return await use(controller);
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    if (error.code === 'IPC_TIMEOUT') {
      throw new ToolRefusal(`error: No reply received from controller within ${timeoutMs / 1000}s`, exitCode.timeout);
    }
    throw new ToolRefusal('error: Lost connection to controller', exitCode.disconnect);
  } finally {
    controller.close();
  }
}

async function clusterId({ result }: ToolCall): Promise<number> {
  const { id } = await withController((controller) => controller.nodeInfo(undefined, timeoutMs));
  result.add(String(id), element('node-info', { nodeid: id }));
  return exitCode.ok;
}

/** Agents ask for their node's name many times: what the executor told them needs no question. */
async function name({ io, result }: ToolCall): Promise<number> {
  const told = io.env['OCF_RESKEY_CRM_meta_on_node'];
  const local =
    told !== undefined && told !== ''
      ? told
      : (await withController((controller) => controller.nodeInfo(undefined, timeoutMs))).name;
  if (local === undefined) throw new ToolRefusal('Node is not known to cluster', exitCode.noHost);
  result.add(local, element('node-info', { uname: local }));
  return exitCode.ok;
}

async function list({ result }: ToolCall): Promise<number> {
  const nodes = await knownNodes();
  const lines = nodes.map(({ id, name: uname, state }) => `${id} ${uname ?? ''} ${state ?? ''}`);
  const xml = nodes.map(({ id, name: uname, state }) => element('node', { id, name: uname, state }));
  if (lines.length > 0 || result.isXml) result.add(lines.join('\n'), element('nodes', {}, xml));
  return exitCode.ok;
}

async function partition({ result }: ToolCall): Promise<number> {
  const members = (await knownNodes()).filter(({ state, name: uname }) => state === 'member' && uname !== undefined);
  const xml = members.map(({ id, name: uname, state }) => element('node', { id, name: uname, state }));
  result.add(members.map(({ name: uname }) => `${uname} `).join(''), element('nodes', {}, xml));
  return exitCode.ok;
}

async function knownNodes(): Promise<ControllerNode[]> {
  const nodes = await withController((controller) => controller.listNodes(timeoutMs));
  return nodes.sort((left, right) => left.id - right.id);
}

async function quorum({ result }: ToolCall): Promise<number> {
  const { hasQuorum } = await withController((controller) => controller.nodeInfo(undefined, timeoutMs));
  result.add(hasQuorum ? '1' : '0', element('cluster-info', { quorum: String(hasQuorum) }));
  return exitCode.ok;
}

async function nameForId(text: string, { result }: ToolCall): Promise<number> {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : 0;
  const node = id === 0 ? undefined : await withController((controller) => controller.nodeInfo(id, timeoutMs));
  if (node?.name === undefined) throw new ToolRefusal('Node is not known to cluster', exitCode.noHost);
  result.add(node.name, element('node-info', { nodeid: id, uname: node.name }));
  return exitCode.ok;
}
