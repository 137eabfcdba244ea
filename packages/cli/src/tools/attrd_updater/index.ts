import { type AttrdClient, AttrdError, connectAttrd, parseDampeningMs, type QueriedValue } from '@sanode/attributes';
import { IpcError } from '@sanode/ipc';
import { element } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import { localNodeName } from '../../common/local-node.ts';
import { type GivenOption, hasOption, lastValue } from '../../common/options.ts';
import { runTool, type ToolCall, ToolRefusal } from '../../common/tool-frame.ts';
import type { ToolIo } from '../../io.ts';
import { helpText, optionSpecs } from './options.ts';

const commands = ['update', 'update-both', 'update-delay', 'query', 'delete', 'refresh'] as const;
type Command = (typeof commands)[number];

/** attrd_updater: transient node attributes, straight from and to attrd (cli-crm.md 9). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  return runTool({ name: 'attrd_updater', options: optionSpecs, help: helpText }, argv, io, carryOut);
}

async function carryOut(call: ToolCall): Promise<number> {
  const { given } = call;
  const last = given.findLast(({ name }) => (commands as readonly string[]).includes(name));
  const command = (last?.name ?? 'query') as Command;
  const name = lastValue(given, 'name');
  const pattern = lastValue(given, 'pattern');
  for (const option of ['utilization', 'wait'] as const) {
    if (hasOption(given, option)) {
      throw new ToolRefusal(`attrd_updater: --${option} is not supported yet`, exitCode.unimplemented);
    }
  }
  if (command === 'query') {
    if (name === undefined || name === '') throw needsName;
    await query(name, call);
    return exitCode.ok;
  }
  if (command !== 'refresh' && (name ?? '') === '' && (pattern ?? '') === '') throw needsName;
  const value = command === 'update' || command === 'update-both' ? last?.value : undefined;
  await change({ command, name, pattern, value }, call);
  return exitCode.ok;
}

const needsName = new ToolRefusal('attrd_updater: Command requires --name argument', exitCode.usage);

async function query(name: string, { given, io, result }: ToolCall): Promise<void> {
  const told = io.env['OCF_RESKEY_CRM_meta_on_node'];
  const named = lastValue(given, 'node') ?? told;
  const isLocal = named === 'localhost' || named === 'auto';
  const node = hasOption(given, 'all') ? undefined : isLocal ? await localNodeName(io) : named;
  let values: QueriedValue[];
  try {
    const attrd = await connectAttrd({ clientName: 'attrd_updater' });
    try {
      values = await attrd.query(name, node);
      // A node without a value has an empty one, where the attribute is known at all.
      if (values.length === 0 && node !== undefined && (await attrd.query(name)).length > 0) {
        values = [{ node, nodeId: undefined, value: undefined }];
      }
    } finally {
      attrd.close();
    }
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    const { reason, exit } = problemOf(error);
    throw new ToolRefusal(`attrd_updater: Could not connect to ${daemonName}: ${reason}`, exit);
  }
  if (values.length === 0) {
    throw new ToolRefusal(`attrd_updater: Could not query value of ${name}: attribute does not exist`, exitCode.config);
  }
  for (const { node: host, value = '' } of values) {
    result.add(`name="${name}" host="${host}" value="${value}"`, element('attribute', { name, value, host }));
  }
}

const daemonName = 'attrd';

interface Change {
  readonly command: Exclude<Command, 'query'>;
  readonly name: string | undefined;
  readonly pattern: string | undefined;
  readonly value: string | undefined;
}

async function change(wanted: Change, { given, io }: ToolCall): Promise<void> {
  const delay = lastValue(given, 'delay');
  if ((wanted.command === 'update-both' || wanted.command === 'update-delay') && delay === undefined) {
    io.stdout(`Warning: '${wanted.command === 'update-both' ? 'B' : 'Y'}' command given without required --delay\n`);
  }
  try {
    const attrd = await connectAttrd({ clientName: 'attrd_updater' });
    try {
      await send(attrd, wanted, given);
    } finally {
      attrd.close();
    }
  } catch (error) {
    if (error instanceof AttrdError)
      throw new ToolRefusal(`attrd_updater: ${error.message}`, exitCode.invalidParameter);
    if (!(error instanceof IpcError)) throw error;
    const { reason, exit, errno } = problemOf(error);
    const what = `${wanted.name ?? wanted.pattern ?? '(null)'}=${wanted.value ?? '(null)'}`;
    throw new ToolRefusal(`attrd_updater: Could not update ${what}: ${reason} (${errno})`, exit);
  }
}

async function send(attrd: AttrdClient, wanted: Change, given: readonly GivenOption[]): Promise<void> {
  const { command, name, pattern, value } = wanted;
  if (command === 'refresh') return attrd.refresh();
  const dampeningMs = dampeningOf(lastValue(given, 'delay'));
  if (command === 'update-delay') return attrd.setDampening(name ?? '', dampeningMs ?? 0);
  const node = lastValue(given, 'node');
  const set = lastValue(given, 'set');
  const update = {
    value: value === '' ? undefined : value,
    private: hasOption(given, 'private'),
    ...(node === undefined || node === '' ? {} : { node }),
    ...(set === undefined || set === '' ? {} : { set }),
    ...(command === 'update-both' ? { dampeningMs: dampeningMs ?? 0 } : {}),
    ...(command !== 'update-both' && dampeningMs !== undefined ? { newDampeningMs: dampeningMs } : {}),
  };
  if (pattern !== undefined && pattern !== '') return attrd.updateMatching(pattern, update);
  return attrd.update({ name: name ?? '', ...update });
}

function dampeningOf(delay: string | undefined): number | undefined {
  if (delay === undefined) return undefined;
  const ms = parseDampeningMs(delay);
  if (ms === undefined) {
    throw new ToolRefusal(`attrd_updater: '${delay}' is not a time to wait, such as 5 or 5s`, exitCode.usage);
  }
  return ms;
}

function problemOf(error: IpcError): { reason: string; exit: number; errno: number } {
  if (error.code === 'IPC_TIMEOUT') return { reason: 'Connection timed out', exit: exitCode.timeout, errno: 110 };
  if (error.errno === 'EACCES') {
    return { reason: 'Permission denied', exit: exitCode.insufficientPrivileges, errno: 13 };
  }
  return { reason: 'Connection refused', exit: exitCode.disconnect, errno: 111 };
}
