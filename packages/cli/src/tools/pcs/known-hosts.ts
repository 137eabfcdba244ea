import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail } from './errors.ts';
import type { HostAddress, KnownHost } from './http.ts';

/** Contents of the file `known-hosts` (cli-pcs.md 4.1). */
export interface KnownHosts {
  readonly dataVersion: number;
  readonly hosts: ReadonlyMap<string, KnownHost>;
}

const none: KnownHosts = { dataVersion: 0, hosts: new Map() };

/** Reads known hosts; none where there is no file. @throws {PcsError} when the file is damaged */
export async function readKnownHosts(path: string): Promise<KnownHosts> {
  let source: string;
  try {
    source = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return none;
    return fail(`Unable to read the known hosts file '${path}': ${(error as Error).message}`);
  }
  return parseKnownHosts(source) ?? fail(`Unable to parse the known hosts file '${path}': it is damaged`);
}

/** Parses the file's text; undefined when it is not what it should be. */
export function parseKnownHosts(source: string): KnownHosts | undefined {
  try {
    const data: unknown = JSON.parse(source);
    if (!isRecord(data) || data['format_version'] !== 1 || !isRecord(data['known_hosts'])) return undefined;
    const hosts = parseHostTable(data['known_hosts']);
    const dataVersion = Number(data['data_version']);
    return hosts === undefined || !Number.isInteger(dataVersion) ? undefined : { dataVersion, hosts };
  } catch {
    return undefined;
  }
}

/** Checks a table of hosts by name, from a file or a request. */
export function parseHostTable(table: unknown): Map<string, KnownHost> | undefined {
  if (!isRecord(table)) return undefined;
  const hosts = new Map<string, KnownHost>();
  for (const [name, entry] of Object.entries(table)) {
    if (name === '' || !isRecord(entry) || typeof entry['token'] !== 'string') return undefined;
    if (!Array.isArray(entry['dest_list'])) return undefined;
    const addresses: HostAddress[] = [];
    for (const address of entry['dest_list'] as unknown[]) {
      if (!isRecord(address) || typeof address['addr'] !== 'string') return undefined;
      const port = Number(address['port']);
      if (!Number.isInteger(port) || port < 1 || port > 65_535) return undefined;
      addresses.push({ addr: address['addr'], port });
    }
    hosts.set(name, { dest_list: addresses, token: entry['token'] });
  }
  return hosts;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Writes known hosts, mode 0600, in one step. */
export async function writeKnownHosts(path: string, known: KnownHosts): Promise<void> {
  await writePrivate(path, printKnownHosts(known));
}

export function printKnownHosts(known: KnownHosts): string {
  const names = [...known.hosts.keys()].sort();
  const table = Object.fromEntries(names.map((name) => [name, known.hosts.get(name)]));
  return JSON.stringify({ format_version: 1, data_version: known.dataVersion, known_hosts: table }, null, 2);
}

/** Adds and removes hosts; the data version goes up by one. */
export function changeKnownHosts(
  known: KnownHosts,
  add: ReadonlyMap<string, KnownHost>,
  remove: Iterable<string>,
): KnownHosts {
  const hosts = new Map(known.hosts);
  for (const name of remove) hosts.delete(name);
  for (const [name, host] of add) hosts.set(name, host);
  return { dataVersion: known.dataVersion + 1, hosts };
}

/** Writes a file (by default one that only its owner may read); readers see the old or the new one, never half of it. */
export async function writePrivate(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, content, { mode: mode & 0o600, flag: 'wx' });
  // The umask takes bits away from what a file is made with, not from this.
  await chmod(temporary, mode);
  await rename(temporary, path);
}
