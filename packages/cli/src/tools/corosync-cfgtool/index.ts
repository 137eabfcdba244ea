import { type CfgConnection, connectCfg, connectCmap } from '@sanode/cluster/client';
import { resultNumber, resultText } from '../../common/corosync-result.ts';
import { parseShortOptions } from '../../common/short-options.ts';
import type { ToolIo } from '../../io.ts';
import { linkStatus, nodesStatus } from './status.ts';
import { usage } from './usage.ts';

const longOptions = {
  if: 'i',
  status: 's',
  nodes: 'n',
  brief: 'b',
  reload: 'R',
  reopen: 'L',
  kill: 'k',
  address: 'a',
  shutdown: 'H',
  force: 'F',
  help: 'h',
};

/** corosync-cfgtool (corosync-services.md 11.3). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const parsed = parseShortOptions(argv, 'i:snbrRLk:a:hHF', longOptions);
  if (parsed.error !== undefined) {
    io.stderr(`corosync-cfgtool: ${parsed.error}\n`);
    return 1;
  }
  const has = (letter: string): boolean => parsed.options.some((option) => option.option === letter);
  const action = parsed.options.findLast((option) => 'snRLkaHh'.includes(option.option));
  if (action === undefined || action.option === 'h') {
    io.stdout(usage);
    return 0;
  }
  let nodeId = 0;
  if (action.option === 'k' || action.option === 'a') {
    nodeId = Number(action.value);
    if (!Number.isInteger(nodeId) || nodeId < 1 || nodeId > 0xffffffff) {
      io.stderr('The nodeid was not valid, try a positive number\n');
      return 1;
    }
  }
  let cfg: CfgConnection;
  try {
    if (action.option === 'R') io.stdout('Reloading corosync.conf...\n');
    cfg = await connectCfg();
  } catch (error) {
    const what = 'RL'.includes(action.option) ? resultText(error) : String(resultNumber(error));
    io.stderr(`Could not initialize corosync configuration API error ${what}\n`);
    return 1;
  }
  try {
    return await act(action.option, { cfg, io, nodeId, brief: has('b'), force: has('F') });
  } finally {
    cfg.close();
  }
}

interface Task {
  readonly cfg: CfgConnection;
  readonly io: ToolIo;
  readonly nodeId: number;
  readonly brief: boolean;
  readonly force: boolean;
}

async function act(option: string, task: Task): Promise<number> {
  const { cfg, io, nodeId } = task;
  switch (option) {
    case 'R':
      return reload(cfg, io);
    case 'L':
      await cfg.reopenLogs();
      return 0;
    case 'k':
      io.stdout(`Killing node ${nodeId}\n`);
      try {
        await cfg.killNode(nodeId, 'Killed by corosync-cfgtool');
        return 0;
      } catch (error) {
        io.stderr(`Could not kill node (error = ${resultText(error)})\n`);
        return 1;
      }
    case 'a':
      try {
        io.stdout(`${(await cfg.nodeAddresses(nodeId)).join(' ')}\n`);
        return 0;
      } catch (error) {
        resultText(error);
        io.stderr(`Could not get node address for nodeid ${nodeId}\n`);
        return 1;
      }
    case 'H':
      return shutDown(task);
    default:
      return showStatus(option === 'n', task);
  }
}

async function reload(cfg: CfgConnection, io: ToolIo): Promise<number> {
  try {
    await cfg.reload();
    io.stdout('Done\n');
    return 0;
  } catch (error) {
    io.stderr(`Could not reload configuration. Error ${resultText(error)}\n`);
    return resultNumber(error);
  }
}

async function shutDown({ cfg, io, force }: Task): Promise<number> {
  io.stdout('Shutting down corosync\n');
  for (let attempt = 1; ; attempt += 1) {
    try {
      await cfg.tryShutdown(force ? 'regardless' : 'request');
      return 0;
    } catch (error) {
      const number = resultNumber(error);
      if (number === 6 && attempt < 30) await new Promise((resolve) => setTimeout(resolve, 1000));
      else {
        io.stderr(`Could not shutdown (error = ${number})\n`);
        return 0;
      }
    }
  }
}

async function showStatus(nodes: boolean, { cfg, io, brief }: Task): Promise<number> {
  const cmap = await connectCmap();
  try {
    const keys = await cmap.list('');
    const transport = keys.get('totem.transport');
    const ids = [...keys]
      .filter(([key]) => /^nodelist\.node\.\d+\.nodeid$/.test(key))
      .map(([, value]) => Number(value.value))
      .sort((a, b) => a - b);
    const statuses = [];
    for (const id of ids) statuses.push(await cfg.nodeStatus(id));
    const header = `Local node ID ${cfg.localNodeId}, transport ${transport?.value ?? 'knet'}\n`;
    io.stdout(header + (nodes ? nodesStatus(statuses, cfg.localNodeId) : linkStatus(statuses, cfg.localNodeId, brief)));
    return 0;
  } catch (error) {
    io.stderr(`Could not get the link status, the error is: ${resultNumber(error)}\n`);
    return 1;
  } finally {
    cmap.close();
  }
}
