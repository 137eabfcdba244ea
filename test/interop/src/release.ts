import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sharedPath } from '@sanode/runtime/testing';
import { type Machine, mustOn } from '../../lab/src/machine.ts';

const projectRoot = fileURLToPath(new URL('../../..', import.meta.url));
/** The script that installs a newer corosync in a folder of its own, and says where that is. */
const oracle = sharedPath('lab', 'oracle');

/** A real corosync on this machine. */
export interface Release {
  readonly version: string;
  /** The folder its whole distribution lies in; '' for this machine's own. */
  readonly root: string;
}

/** A release that is not installed; the message says how to. */
export class ReleaseError extends Error {}

/** The real corosync that this machine's own packages brought. @throws {ReleaseError} */
export function installedRelease(): Release {
  const version = versionIn('');
  if (version === undefined) throw new ReleaseError('corosync is not installed: run apt-get install corosync');
  return { version, root: '' };
}

/** The release of this number: this machine's own, or the oracle's. @throws {ReleaseError} */
export function findRelease(version: string): Release {
  const own = installedRelease();
  if (own.version === version) return own;
  const root = oracleRoot();
  const found = root === undefined ? undefined : versionIn(root);
  if (root !== undefined && found === version) return { version, root };
  throw new ReleaseError(
    `corosync ${version} is not installed (there is ${own.version}${found === undefined ? '' : ` and ${found}`}): ` +
      `run ${oracle} install, or name another folder that has it in REFLAB_ROOT`,
  );
}

function oracleRoot(): string | undefined {
  const named = process.env['REFLAB_ROOT'];
  if (named !== undefined && named !== '') return named;
  return existsSync(oracle) ? spawnSync(oracle, ['path'], { encoding: 'utf8' }).stdout.trim() : undefined;
}

function versionIn(root: string): string | undefined {
  if (!existsSync(`${root}/usr/sbin/corosync`)) return undefined;
  const [program = '', ...args] = inRoot(root, ['/usr/sbin/corosync', '-v']);
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return stdout.match(/version '([^']+)'/)?.[1];
}

/** A command that runs with `root` as its `/`. */
export function inRoot(root: string, command: readonly string[]): string[] {
  return root === '' ? [...command] : ['chroot', root, ...command];
}

/** Makes a machine's disk, memory, devices and the test's own programs visible below `root`, after it was switched on. */
export async function prepareRoot(machine: Machine, root: string): Promise<void> {
  if (root === '') return;
  const node = dirname(realpathSync(process.execPath));
  const folders = ['/proc', '/dev', '/run', '/etc/corosync', '/var/lib/corosync', '/var/log', projectRoot, node];
  const script =
    'root=$1; shift; for folder; do mkdir -p "$root$folder" && mount --rbind "$folder" "$root$folder"; done';
  await mustOn(machine, ['sh', '-ec', script, 'sh', root, ...folders]);
}
