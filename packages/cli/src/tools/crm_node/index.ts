import { AttrdError, connectAttrd } from '@sanode/attributes';
import { cibOption, connectCib } from '@sanode/cib';
import { IpcError } from '@sanode/ipc';
import { exitCode } from '../../common/cib-exit.ts';
import { ControllerClient, type ControllerNode, type ControllerNodeInfo } from '../../common/controller-client.ts';
import { hasOption, lastValue, type OptionSpec, parseOptions } from '../../common/options.ts';
import { versionText } from '../../common/version.ts';
import type { ToolIo } from '../../io.ts';

const optionSpecs: readonly OptionSpec[] = [
  { name: 'help', short: '?', aliases: ['help-all'], value: 'none' },
  { name: 'version', short: '$', value: 'none' },
  { name: 'verbose', short: 'V', value: 'none' },
  { name: 'quiet', short: 'Q', value: 'none' },
  { name: 'cluster-id', short: 'i', value: 'none' },
  { name: 'list', short: 'l', value: 'none' },
  { name: 'name', short: 'n', value: 'none' },
  { name: 'partition', short: 'p', value: 'none' },
  { name: 'quorum', short: 'q', value: 'none' },
  { name: 'name-for-id', short: 'N', value: 'required' },
  { name: 'remove', short: 'R', value: 'required' },
  { name: 'force', short: 'f', value: 'none' },
];
const commands = ['cluster-id', 'list', 'name', 'partition', 'quorum', 'name-for-id', 'remove'] as const;

const helpText = `Usage:
  crm_node [OPTION…]

Shows what the cluster knows of its nodes.

  -n, --name                 Name of this node
  -i, --cluster-id           Id of this node
  -l, --list                 All known nodes: id, name, state
  -p, --partition            Members of this partition
  -q, --quorum               1 if this partition has quorum, else 0
  -N, --name-for-id=ID       Name of the node with that id
  -R, --remove=NAME          Make the cluster forget a (stopped) node; needs --force
  -f, --force
`;
const dangerText =
  'The supplied command is considered dangerous.  To prevent accidental destruction of the cluster, the --force flag is required in order to proceed.\n';
const noSuchHost = 68;
const timeoutMs = 30_000;

/** crm_node (cli-crm.md 6). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const parsed = parseOptions(argv, optionSpecs);
  if (!parsed.ok) {
    const text = parsed.problem === 'missing' ? 'Missing argument for' : 'Unknown option';
    io.stderr(`crm_node: ${text} ${parsed.word}\n`);
    return exitCode.usage;
  }
  const { given } = parsed;
  if (hasOption(given, 'help') || hasOption(given, 'version')) {
    io.stdout(hasOption(given, 'help') ? helpText : versionText());
    return 0;
  }
  const command = given.findLast((option) => (commands as readonly string[]).includes(option.name));
  if (command === undefined) {
    io.stderr(helpText);
    return exitCode.usage;
  }
  const onNode = io.env['OCF_RESKEY_CRM_meta_on_node'];
  if (command.name === 'name' && onNode !== undefined && onNode !== '') {
    io.stdout(`${onNode}\n`);
    return 0;
  }
  if (command.name === 'remove' && !hasOption(given, 'force')) {
    io.stderr(dangerText);
    return exitCode.usage;
  }
  try {
    const controller = await ControllerClient.connect('crm_node');
    try {
      return await carryOut(command.name, lastValue(given, command.name) ?? '', controller, io);
    } finally {
      controller.close();
    }
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    if (error.code === 'IPC_TIMEOUT') io.stderr(`error: ${error.message}\n`);
    else io.stderr(`error: Could not connect to controller: ${reasonOf(error)}\n`);
    return error.code === 'IPC_TIMEOUT' ? exitCode.timeout : exitCode.disconnect;
  }
}

function reasonOf(error: IpcError): string {
  return error.errno === 'EACCES' ? 'Permission denied' : 'Connection refused';
}

async function carryOut(command: string, value: string, controller: ControllerClient, io: ToolIo): Promise<number> {
  switch (command) {
    case 'list':
      for (const node of await listNodes(controller)) io.stdout(`${node.id} ${node.name} ${node.state ?? ''}\n`);
      return 0;
    case 'partition': {
      const members = (await listNodes(controller)).filter((node) => node.state === 'member');
      io.stdout(`${members.map((node) => `${node.name} `).join('')}\n`);
      return 0;
    }
    case 'remove':
      return removeNode(value, controller, io);
    default: {
      const byId = command === 'name-for-id';
      if (byId && !/^\d{1,10}$/.test(value)) return unknownNode(io);
      return printInfo(command, await controller.nodeInfo(byId ? Number(value) : undefined, timeoutMs), io);
    }
  }
}

function unknownNode(io: ToolIo): number {
  io.stderr('Node is not known to cluster\n');
  return noSuchHost;
}

function printInfo(command: string, info: ControllerNodeInfo, io: ToolIo): number {
  if (command === 'cluster-id') io.stdout(`${info.id}\n`);
  else if (command === 'quorum') io.stdout(`${info.hasQuorum ? 1 : 0}\n`);
  else if (info.name === undefined) return unknownNode(io);
  else io.stdout(`${info.name}\n`);
  return 0;
}

/** Known nodes by ascending id. */
async function listNodes(controller: ControllerClient): Promise<ControllerNode[]> {
  const nodes = (await controller.listNodes(timeoutMs)).filter((node) => node.name !== undefined);
  return nodes.sort((a, b) => a.id - b.id);
}

/** Removes a node from the CIB, and from the memory of the controllers and attribute managers. */
async function removeNode(name: string, controller: ControllerClient, io: ToolIo): Promise<number> {
  if (!/^[^'"]{1,255}$/.test(name)) {
    io.stderr('crm_node: a node name has no quotes, and 255 characters at most\n');
    return exitCode.usage;
  }
  const known = (await listNodes(controller)).find((node) => node.name?.toLowerCase() === name.toLowerCase());
  if (known?.state === 'member') {
    io.stderr(`crm_node: ${name} is active in the cluster; stop it there first\n`);
    return exitCode.error;
  }
  try {
    const cib = await connectCib({ clientName: 'crm_node', writable: true, env: io.env });
    for (const path of [`//nodes/node[@uname='${name}']`, `//status/node_state[@uname='${name}']`]) {
      const reply = await cib.call({ operation: 'cib_delete', section: path, options: cibOption.xpath });
      if (reply.rc !== 0 && reply.rc !== -6) {
        io.stderr(`crm_node: ${name} could not be removed from the CIB (${reply.rc})\n`);
        cib.close();
        return exitCode.error;
      }
    }
    cib.close();
    await controller.forgetNode({ id: known?.id, name });
    const attrd = await connectAttrd({ clientName: 'crm_node' });
    await attrd.removeNode(name);
    attrd.close();
    return 0;
  } catch (error) {
    if (!(error instanceof IpcError || error instanceof AttrdError)) throw error;
    io.stderr(`crm_node: ${error.message}\n`);
    return exitCode.disconnect;
  }
}
