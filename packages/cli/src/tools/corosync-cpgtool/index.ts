import { connectCfg, listCpgGroups } from '@sanode/cluster/client';
import { resultNumber } from '../../common/corosync-result.ts';
import { parseShortOptions } from '../../common/short-options.ts';
import type { ToolIo } from '../../io.ts';

const usage = `Usage: corosync-cpgtool [-d delimiter] [-e] [-n] [-h]

options:
    -d delimiter between fields
    -e Don't escape unprintable characters in group name
    -n Display only all existing group names
    -h Show this help
`;

/** corosync-cpgtool: the process groups of the ring (corosync-services.md 11.5). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const parsed = parseShortOptions(argv, 'd:enh');
  if (parsed.error !== undefined) {
    io.stderr(`corosync-cpgtool: ${parsed.error}\n`);
    return 1;
  }
  const has = (letter: string): boolean => parsed.options.some((option) => option.option === letter);
  if (has('h')) {
    io.stdout(usage);
    return 0;
  }
  const delimiter = parsed.options.findLast((option) => option.option === 'd')?.value;
  const name = (group: Buffer): string => (has('e') ? group.toString('latin1') : escapeName(group));
  try {
    const entries = await listCpgGroups(has('n'));
    if (has('n')) {
      const names = entries.map((entry) => name(entry.group));
      io.stdout(
        delimiter === undefined ? names.map((n) => `${n}\n`).join('') : `${names.map((n) => n + delimiter).join('')}\n`,
      );
    } else if (delimiter !== undefined) {
      io.stdout(`${['GRP_NAME', 'PID', 'NODEID'].join(delimiter)}\n`);
      for (const entry of entries) io.stdout(`${[name(entry.group), entry.pid, entry.nodeId].join(delimiter)}\n`);
    } else await printTable(entries, name, io);
    return 0;
  } catch (error) {
    io.stderr(`Could not initialize corosync cpg API error ${resultNumber(error)}\n`);
    return 1;
  }
}

async function printTable(
  entries: Awaited<ReturnType<typeof listCpgGroups>>,
  name: (group: Buffer) => string,
  io: ToolIo,
): Promise<void> {
  const cfg = await connectCfg();
  try {
    io.stdout('Group Name\t       PID\t   Node ID\n');
    let group: string | undefined;
    for (const entry of entries) {
      if (name(entry.group) !== group) {
        group = name(entry.group);
        io.stdout(`${group}\n`);
      }
      const addresses = await cfg.nodeAddresses(entry.nodeId).catch(() => []);
      const columns = `\t\t${String(entry.pid).padStart(10)}\t${String(entry.nodeId).padStart(10)}`;
      io.stdout(`${columns} (${addresses.join(' ')})\n`);
    }
  } finally {
    cfg.close();
  }
}

function escapeName(group: Buffer): string {
  let text = '';
  for (const byte of group) {
    if (byte === 0x5c) text += '\\\\';
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}
