import { readdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { addressFamilies, addressNames, type ClusterConfig, interpretConf } from '@sanode/cluster';
import { ConfError, type ConfKeys, parseCorosyncConf, parseUidgidFile } from '@sanode/conf';
import { accounts, interfaceAddresses, resolveAddresses } from './system.ts';

/** Largest configuration file read, bytes. */
const maxFileBytes = 4 * 1024 * 1024;

/** Reads corosync.conf and uidgid.d beside it. @throws {ConfError} */
export function readKeys(file: string): ConfKeys {
  const keys = new Map(parseCorosyncConf(readText(file), file, accounts));
  const folder = join(dirname(file), 'uidgid.d');
  for (const name of uidgidFiles(folder)) {
    const path = join(folder, name);
    for (const [key, value] of parseUidgidFile(readText(path), path, accounts)) keys.set(key, value);
  }
  return keys;
}

/** What the keys mean on this machine. @param running in a reload: who this node is @throws {ClusterConfigError} */
export async function interpret(keys: ConfKeys, running?: ClusterConfig['us']): Promise<ClusterConfig> {
  const resolved = await resolveAddresses(addressNames(keys), addressFamilies(keys));
  return interpretConf(keys, { hostname: hostname(), addresses: interfaceAddresses(), resolved }, running);
}

function uidgidFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name)
      .sort();
  } catch {
    return [];
  }
}

function readText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'No such file or directory' : String(error);
    throw new ConfError(file, 0, `Can't read file ${file}: ${reason}`);
  }
  if (bytes.length > maxFileBytes) throw new ConfError(file, 0, `Can't read file ${file}: it is over 4 MiB`);
  return bytes.toString('utf8');
}
