import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A program with its first arguments. */
export interface DaemonCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/** A daemon's program that is not where it should be. */
export class DaemonMissingError extends Error {
  override readonly name = 'DaemonMissingError';
}

/**
 * How a daemon of ours is started: `NAME.mjs` in the folder SANODE_DAEMON_DIR (bundled: `dist/bin`), by default the
 * folder of the program that runs if it is bundled there, else the source tree's `daemons/NAME/main.ts`; always with
 * the interpreter that runs now.
 * @param name folder's name: cib, attrd, pengine, crmd, lrmd, corosync, pacemakerd
 * @throws {DaemonMissingError} when there is no such program
 */
export function daemonCommand(name: string): DaemonCommand {
  const folder = process.env['SANODE_DAEMON_DIR'];
  const candidates = folder === undefined || folder === '' ? defaultPlaces(name) : [join(folder, `${name}.mjs`)];
  const file = candidates.find((each) => existsSync(each));
  if (file === undefined) throw new DaemonMissingError(`program of ${name} is missing: ${candidates.join(', ')}`);
  return { file: process.execPath, args: [file] };
}

function defaultPlaces(name: string): string[] {
  const here = dirname(fileURLToPath(import.meta.url));
  return [join(here, '..', 'bin', `${name}.mjs`), join(here, '..', '..', '..', 'daemons', name, 'main.ts')];
}
