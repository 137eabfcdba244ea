import { chown, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PcsFiles } from '@sanode/cli/tools/pcs/context';
import { parseCorosyncTree } from '@sanode/cli/tools/pcs/corosync-conf';
import { isRecord, writePrivate } from '@sanode/cli/tools/pcs/known-hosts';
import { accountByName, clusterGroup, clusterUser, idIsMapped, usableGroupId } from '@sanode/runtime';

/** How one file fared. */
export interface FileResult {
  readonly code: 'written' | 'rewritten' | 'same_content' | 'conflict' | 'deleted' | 'not_found' | 'unexpected';
  readonly message: string;
}

interface FileType {
  readonly path: string;
  readonly mode: number;
  readonly binary: boolean;
  /** Belongs to hacluster:haclient instead of root. */
  readonly clusterOwned?: boolean;
  /** What is wrong with the content; undefined when it is right. */
  check?(content: Buffer): string | undefined;
}

/** Longest authentication key, bytes (corosync's limit). */
const maxKeyBytes = 4096;

function fileTypes(files: PcsFiles): ReadonlyMap<string, FileType> {
  return new Map<string, FileType>([
    ['corosync_authkey', { path: files.corosyncAuthkey, mode: 0o400, binary: true, check: checkKey }],
    [
      'pcmk_remote_authkey',
      { path: files.pacemakerAuthkey, mode: 0o400, binary: true, clusterOwned: true, check: checkKey },
    ],
    [
      'corosync_conf',
      { path: files.corosyncConf, mode: 0o644, binary: false, check: (content) => checkConf(content.toString()) },
    ],
    ['pcs_settings_conf', { path: join(files.pcsdStateDir, 'pcs_settings.conf'), mode: 0o644, binary: false }],
    ['pcs_disaster_recovery_conf', { path: join(files.pcsdStateDir, 'disaster-recovery'), mode: 0o600, binary: true }],
  ]);
}

function checkKey(content: Buffer): string | undefined {
  return content.length < 1 || content.length > maxKeyBytes ? `a key has 1 to ${maxKeyBytes} bytes` : undefined;
}

/** What is wrong with a corosync.conf; undefined when it can be one. */
export function checkConf(text: string): string | undefined {
  try {
    const sections = parseCorosyncTree(text).sections.map((section) => section.name);
    return sections.includes('totem') ? undefined : 'corosync.conf has no section totem';
  } catch (error) {
    return (error as Error).message;
  }
}

/** `put_file`: each entry is checked before any is written. @throws {TypeError} when the request makes no sense */
export async function putFiles(files: PcsFiles, request: unknown): Promise<Record<string, FileResult>> {
  if (!isRecord(request)) throw new TypeError('data_json is no object');
  const types = fileTypes(files);
  const results: Record<string, FileResult> = {};
  for (const [name, entry] of Object.entries(request)) {
    if (!isRecord(entry) || typeof entry['type'] !== 'string' || typeof entry['data'] !== 'string') {
      throw new TypeError(`file '${name}' has no type or no data`);
    }
    const type = types.get(entry['type']);
    if (type === undefined) results[name] = { code: 'unexpected', message: `Unsupported file type '${entry['type']}'` };
    else results[name] = await putFile(type, entry['data'], entry['rewrite_existing'] === true);
  }
  return results;
}

async function putFile(type: FileType, data: string, rewrite: boolean): Promise<FileResult> {
  const content = Buffer.from(data, type.binary ? 'base64' : 'utf8');
  const problem = type.check?.(content);
  if (problem !== undefined) return { code: 'unexpected', message: problem };
  const present = await readFile(type.path).catch(() => undefined);
  if (present?.equals(content) === true) return { code: 'same_content', message: '' };
  if (present !== undefined && !rewrite) return { code: 'conflict', message: '' };
  try {
    await writePrivate(type.path, content, type.mode);
    if (type.clusterOwned === true) await giveToCluster(type.path);
  } catch (error) {
    return { code: 'unexpected', message: (error as Error).message };
  }
  return { code: present === undefined ? 'written' : 'rewritten', message: '' };
}

/** Owner hacluster:haclient; where that account does not exist, or may not be given files, root keeps it. */
async function giveToCluster(path: string): Promise<void> {
  const account = accountByName(clusterUser);
  const gid = usableGroupId(clusterGroup);
  if (process.getuid?.() !== 0 || account === undefined || gid === undefined || !idIsMapped('uid', account.uid)) return;
  await chown(path, account.uid, gid);
}

/** `remove_file`. @throws {TypeError} when the request makes no sense */
export async function removeFiles(files: PcsFiles, request: unknown): Promise<Record<string, FileResult>> {
  if (!isRecord(request)) throw new TypeError('data_json is no object');
  const paths = new Map([
    ['pcsd_settings', join(files.pcsdStateDir, 'pcs_settings.conf')],
    ['pcmk_remote_authkey', files.pacemakerAuthkey],
    ['pcs_disaster_recovery_conf', join(files.pcsdStateDir, 'disaster-recovery')],
  ]);
  const results: Record<string, FileResult> = {};
  for (const [name, entry] of Object.entries(request)) {
    const path = isRecord(entry) ? paths.get(String(entry['type'])) : undefined;
    if (path === undefined) {
      results[name] = { code: 'unexpected', message: 'Unsupported file type' };
      continue;
    }
    try {
      await rm(path);
      results[name] = { code: 'deleted', message: '' };
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      results[name] = missing
        ? { code: 'not_found', message: '' }
        : { code: 'unexpected', message: (error as Error).message };
    }
  }
  return results;
}
