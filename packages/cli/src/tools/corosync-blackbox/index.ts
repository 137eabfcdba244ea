import { readFileSync } from 'node:fs';
import { connectCmap, type FullCmapConnection } from '@sanode/cluster/client';
import { paths } from '@sanode/runtime';
import { resultText } from '../../common/corosync-result.ts';
import { parseShortOptions } from '../../common/short-options.ts';
import type { ToolIo } from '../../io.ts';

const usage = `Usage: corosync-blackbox [-h]

Has corosync write what it remembers of its last log lines, those of debug level
included, to the file fdata in its state folder, and prints them.
'blackbox: off' in the logging section of corosync.conf keeps it from remembering.
`;

/** corosync-blackbox(8): dumps the running daemon's flight data and prints it. */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const parsed = parseShortOptions(argv, 'h', { help: 'h' });
  if (parsed.error !== undefined) {
    io.stderr(`corosync-blackbox: ${parsed.error}\n`);
    return 1;
  }
  if (parsed.options.length > 0) {
    io.stdout(usage);
    return 0;
  }
  let cmap: FullCmapConnection;
  try {
    cmap = await connectCmap();
  } catch (error) {
    io.stderr(`Failed to initialize the cmap API. Error ${resultText(error)}\n`);
    return 1;
  }
  try {
    const now = String(Date.now());
    await cmap.set('runtime.blackbox.dump_state', { type: 'str', value: now });
    // The daemon has written the file before it answers.
    await cmap.set('runtime.blackbox.dump_flight_data', { type: 'str', value: now });
    const folder = (await cmap.get('system.state_dir'))?.value ?? paths.corosyncStateDir;
    io.stdout(replay(readFileSync(`${folder}/fdata`, 'utf8')));
    return 0;
  } catch (error) {
    io.stderr(`Flight data could not be read: ${(error as Error).message}\n`);
    return 1;
  } finally {
    cmap.close();
  }
}

/** The lines with their numbers, as the manual page shows them. */
export function replay(data: string): string {
  const lines = data.split('\n').filter((line) => line !== '');
  const records = lines.map((line, index) => `rec=[${index + 1}] Log Message=${line}\n`);
  return `Starting replay: head [${data.length}] tail [0]\n${records.join('')}Finishing replay: records found [${lines.length}]\n`;
}
