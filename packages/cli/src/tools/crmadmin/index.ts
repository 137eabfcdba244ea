import { connectCib } from '@sanode/cib';
import { IpcError } from '@sanode/ipc';
import { isoTime, launcherText } from '@sanode/status';
import { type Element, element } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import { ControllerClient } from '../../common/controller-client.ts';
import { type GivenOption, hasOption, lastValue, parseOptions } from '../../common/options.ts';
import { ToolResult } from '../../common/result.ts';
import { parseTimespecMs } from '../../common/timespec.ts';
import { versionText } from '../../common/version.ts';
import { versionElement } from '../../common/xml-result.ts';
import type { ToolIo } from '../../io.ts';
import { launcherState, queryCib, SourceError } from '../crm_mon/source.ts';
import { configuredNodes } from './nodes.ts';
import { helpText, optionSpecs } from './options.ts';

const defaultTimeoutMs = 30_000;

/** A result to end with: error lines and the exit code. */
class Refusal extends Error {
  readonly exit: number;

  constructor(message: string, exit: number) {
    super(message);
    this.exit = exit;
  }
}

/** crmadmin: asks the controllers, the launcher, and the configuration for its nodes (cli-crm.md 16). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const parsed = parseOptions(argv, optionSpecs);
  if (!parsed.ok) {
    const text = parsed.problem === 'missing' ? 'Missing argument for' : 'Unknown option';
    io.stderr(`crmadmin: ${text} ${parsed.word}\n`);
    return exitCode.usage;
  }
  const { given } = parsed;
  if (hasOption(given, 'help')) {
    io.stdout(helpText);
    return exitCode.ok;
  }
  const format = lastValue(given, 'output-as') ?? 'text';
  if (format !== 'text' && format !== 'xml') {
    io.stderr(`crmadmin: Error creating output format ${format}: Unknown output format\n`);
    return exitCode.error;
  }
  const result = new ToolResult(io, { tool: 'crmadmin', argv, xml: format === 'xml' });
  if (hasOption(given, 'version')) {
    if (format === 'xml') result.add('', versionElement());
    else io.stdout(versionText());
    return result.finish(exitCode.ok);
  }
  const timeoutMs = timeoutOf(given);
  if (timeoutMs === undefined) {
    io.stderr('crmadmin: Error parsing option -t\n');
    return exitCode.usage;
  }
  try {
    await carryOut(given, timeoutMs, io, result);
    return result.finish(exitCode.ok);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    for (const line of error.message.split('\n')) result.error(`error: ${line}`);
    if (error.exit === exitCode.usage) result.error(helpText);
    return result.finish(error.exit);
  }
}

function timeoutOf(given: readonly GivenOption[]): number | undefined {
  const text = lastValue(given, 'timeout');
  if (text === undefined) return defaultTimeoutMs;
  const ms = parseTimespecMs(text);
  return ms === 0 ? defaultTimeoutMs : ms;
}

async function carryOut(
  given: readonly GivenOption[],
  timeoutMs: number,
  io: ToolIo,
  result: ToolResult,
): Promise<void> {
  const quiet = hasOption(given, 'quiet');
  const command = given.findLast(({ name }) => ['status', 'pacemakerd', 'dc_lookup', 'nodes'].includes(name));
  switch (command?.name) {
    case 'status':
      return status(command.value ?? '', timeoutMs, quiet, result);
    case 'pacemakerd':
      return pacemakerd(quiet, result);
    case 'dc_lookup':
      return designatedController(timeoutMs, quiet, result);
    case 'nodes':
      return nodes(command.value ?? 'all', hasOption(given, 'bash-export'), quiet, io, result);
    default:
      throw new Refusal('Must specify a command option', exitCode.usage);
  }
}

async function status(node: string, timeoutMs: number, quiet: boolean, result: ToolResult): Promise<void> {
  const answer = await withController(timeoutMs, (controller) => controller.ping(node, timeoutMs));
  const xml = element('crmd', { node_name: answer.node, state: answer.state, result: answer.result });
  const line = `Controller on ${answer.node} in state ${answer.state}: ${answer.result}`;
  result.add(quiet ? answer.state : line, xml);
}

async function designatedController(timeoutMs: number, quiet: boolean, result: ToolResult): Promise<void> {
  const { node } = await withController(timeoutMs, (controller) => controller.ping(undefined, timeoutMs));
  const name = node === '' ? undefined : node;
  const line = `Designated Controller is: ${name ?? 'not yet elected'}`;
  result.add(quiet ? (name ?? '') : line, element('dc', { node_name: name ?? '' }));
}

async function withController<T>(timeoutMs: number, use: (controller: ControllerClient) => Promise<T>): Promise<T> {
  let controller: ControllerClient;
  try {
    controller = await ControllerClient.connect('crmadmin');
  } catch (error) {
    throw unreachable('controller', error);
  }
  try {
    return await use(controller);
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    if (error.code === 'IPC_TIMEOUT') {
      const line = `No reply received from controller before timeout (${timeoutMs}ms)`;
      throw new Refusal(`${line}\nCommand failed: Connection timed out`, exitCode.timeout);
    }
    const lost = 'Lost connection to controller';
    throw new Refusal(`${lost}\nCommand failed: Transport endpoint is not connected`, exitCode.disconnect);
  } finally {
    controller.close();
  }
}

function unreachable(daemon: string, error: unknown): Refusal {
  if (!(error instanceof IpcError)) throw error;
  const denied = error.errno === 'EACCES';
  const reason = denied ? 'Permission denied' : 'Connection refused';
  const exit = denied ? exitCode.insufficientPrivileges : exitCode.disconnect;
  return new Refusal(`Could not connect to ${daemon}: ${reason}\nCommand failed: ${reason}`, exit);
}

async function pacemakerd(quiet: boolean, result: ToolResult): Promise<void> {
  try {
    const launcher = await launcherState();
    const time = isoTime(launcher.sinceSeconds);
    const line = `Status of pacemakerd: '${launcherText(launcher.state)}' (last updated ${time})`;
    const xml = element('pacemakerd', { sys_from: 'pacemakerd', state: launcher.state, last_updated: time });
    result.add(quiet ? launcher.state : line, xml);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const { reason } = error;
    const exit = reason === 'Connection timed out' ? exitCode.timeout : exitCode.disconnect;
    throw new Refusal(`Could not connect to launcher: ${reason}\nCommand failed: ${reason}`, exit);
  }
}

async function nodes(types: string, forShell: boolean, quiet: boolean, io: ToolIo, result: ToolResult): Promise<void> {
  const wanted = types.split(',');
  const found = configuredNodes(await readCib(io)).filter(
    ({ type }) => wanted.includes('all') || wanted.includes(type),
  );
  const line = (node: (typeof found)[number]): string => {
    if (forShell) return `export ${node.name}=${node.id}`;
    return quiet ? node.name : `${node.type} node: ${node.name} (${node.id})`;
  };
  if (found.length === 0) {
    if (!quiet || result.isXml) result.add('No nodes configured', element('nodes'));
    return;
  }
  result.add(
    found.map(line).join('\n'),
    element(
      'nodes',
      {},
      found.map(({ type, name, id }) => element('node', { type, name, id })),
    ),
  );
}

async function readCib(io: ToolIo): Promise<Element> {
  try {
    const client = await connectCib({ clientName: 'crmadmin', writable: false, env: io.env });
    try {
      return await queryCib(client);
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new Refusal('Command failed: Input file not available', exitCode.noInput);
  }
}
