import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that the lab calls, and the Debian package that brings it. */
const required: readonly { program: string; debianPackage: string }[] = [
  { program: 'ip', debianPackage: 'iproute2' },
  { program: 'nginx', debianPackage: 'nginx-light' },
  { program: 'nsenter', debianPackage: 'util-linux' },
  { program: 'unshare', debianPackage: 'util-linux' },
  { program: 'setpriv', debianPackage: 'util-linux' },
  { program: 'ps', debianPackage: 'procps' },
  { program: 'curl', debianPackage: 'curl' },
];

/** Path of a program, also in the system folders that an ordinary user's PATH leaves out. */
function findProgram(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, program)).find((file) => existsSync(file));
}

/**
 * Makes sure that the programs are there; as root with apt, installs what is missing.
 * @throws {Error} naming the one command to run
 */
export function ensurePrograms(extra: readonly { program: string; debianPackage: string }[] = []): void {
  const missing = [...required, ...extra].filter(({ program }) => findProgram(program) === undefined);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(({ debianPackage }) => debianPackage))];
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || findProgram('apt-get') === undefined) {
    throw new Error(`the lab needs ${packages.join(', ')}. Install with:\n\n    sudo ${command}\n`);
  }
  console.error(`sanode: installing ${packages.join(', ')} ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args: string[]) =>
    spawnSync('apt-get', ['-qq', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  apt('update');
  // The packages' own services must not start on the host: the lab brings its own.
  const result = apt('install', '-y', '--no-install-recommends', ...packages);
  if (result.status !== 0) throw new Error(`apt could not install them. Try it by hand:\n\n    ${command}\n`);
}
