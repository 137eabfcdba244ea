import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { askLab, type LabOperation } from './control-socket.ts';
import { labStateDir, runningLabs } from './lab.ts';
import { chooseLab } from './which-lab.ts';

const help = `Usage: npm run lab -- COMMAND

  status            the machines, and which are on
  exec NODE CMD...  run a command on a machine      exec lb1 crm_mon -1
  cut NODE          pull its network cable
  heal NODE         plug the cable in again
  kill NODE         cut its power
  start NODE        power it on

The lab must be running: npm start. Of several labs it is the one that SANODE_LAB names, else 'tutorial'.
`;

/** `npm run lab -- ...`: drives the lab that runs in another terminal. */
export async function run(args: readonly string[]): Promise<number> {
  const [operation, machine, ...command] = args;
  if (operation === undefined || operation === 'help' || operation === '--help') {
    process.stdout.write(help);
    return operation === undefined ? 64 : 0;
  }
  try {
    const stateDir = labStateDir(chooseLab(runningLabs(), process.env['SANODE_LAB']));
    if (operation === 'exec') return execOn(stateDir, machine ?? '', command);
    if (!['cut', 'heal', 'kill', 'start', 'status'].includes(operation)) {
      console.error(`sanode: no such lab command: ${operation}\n`);
      process.stderr.write(help);
      return 64;
    }
    console.log(await askLab(stateDir, { operation: operation as LabOperation, ...(machine ? { machine } : {}) }));
    return 0;
  } catch (error) {
    console.error(`sanode: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

function execOn(stateDir: string, machine: string, command: readonly string[]): number {
  if (command.length === 0) throw new Error('name a machine and a command, for example: exec lb1 crm_mon -1');
  const pids = JSON.parse(readFileSync(join(stateDir, 'machines.json'), 'utf8')) as Record<string, number | null>;
  const pid = pids[machine];
  if (pid === undefined) throw new Error(`there is no machine ${machine}; there are ${Object.keys(pids).join(', ')}`);
  if (pid === null) throw new Error(`${machine} is off; switch it on with: npm run lab -- start ${machine}`);
  const user = process.getuid?.() === 0 ? [] : ['-U', '--preserve-credentials'];
  const result = spawnSync('nsenter', ['-t', String(pid), ...user, '-m', '-u', '-i', '-n', '-p', '--', ...command], {
    stdio: 'inherit',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LANG: 'C.UTF-8', TERM: process.env['TERM'] ?? 'dumb' },
  });
  return result.status ?? 1;
}
