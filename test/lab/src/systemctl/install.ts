import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Puts the lab's `systemctl` into a folder that machines have on their PATH. @returns the program's path */
export function installSystemctl(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'systemctl');
  const program = fileURLToPath(new URL('../systemctl.ts', import.meta.url));
  writeFileSync(file, `#!${process.execPath}\nawait import(${JSON.stringify(program)});\n`);
  chmodSync(file, 0o755);
  return file;
}
