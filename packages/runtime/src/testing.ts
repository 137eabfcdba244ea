import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const projectRoot = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

/** Path of a file in the `shared` folder beside the checkout (specifications' vectors). */
export function sharedPath(...parts: string[]): string {
  return join(dirname(projectRoot), 'shared', ...parts);
}

/**
 * Whether the `shared` folder lies beside the checkout. Tests that need it use `describe.skipIf(!haveShared())`; they
 * are then counted as `not run`. @throws {Error} with CI=true when it is missing, as nothing may pass silently there
 */
export function haveShared(): boolean {
  const present = existsSync(sharedPath('vectors'));
  if (!present && process.env['CI'] === 'true') throw new Error('CI needs the folder shared/ beside the checkout');
  return present;
}
