import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { sharedPath } from '@sanode/runtime/testing';

/** An installed release of the reference. */
export interface Reference {
  readonly version: string;
  /** Program and first arguments of its crm_simulate. */
  readonly command: readonly string[];
}

/** What a run of a program gave; `seconds` undefined: it was ended at its limit; `failed`: it refused its input. */
export interface Timed {
  readonly seconds: number | undefined;
  readonly output: string;
  readonly failed: boolean;
}

/** The releases that are here: the distribution's, and the newer one of ../shared/lab/oracle. */
export function installedReferences(): Reference[] {
  const oracle = sharedPath('lab', 'oracle');
  const commands = [['crm_simulate'], ...(existsSync(oracle) ? [[oracle, 'run', 'crm_simulate']] : [])];
  return commands.flatMap((command) => {
    const [program = '', ...args] = command;
    const { stdout, status } = spawnSync(program, [...args, '--version'], { encoding: 'utf8', cwd: '/tmp' });
    const version = /^Pacemaker (\S+)/m.exec(stdout ?? '')?.[1];
    return status === 0 && version !== undefined ? [{ version, command }] : [];
  });
}

/** Runs a program in a folder to its end, or to a limit. */
export async function timed(command: readonly string[], folder: string, limitSeconds: number): Promise<Timed> {
  const [program = '', ...args] = command;
  const begin = performance.now();
  // A group of its own, so that what it started ends with it.
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'], detached: true });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, limitSeconds * 1000);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearTimeout(timer);
  const seconds = timedOut ? undefined : (performance.now() - begin) / 1000;
  return { seconds, output: Buffer.concat(chunks).toString('utf8'), failed: !timedOut && code !== 0 };
}
