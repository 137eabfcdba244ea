import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PcsFiles } from './context.ts';

/** Whether this host has a cluster's configuration. */
export async function clusterConfigured(files: PcsFiles): Promise<boolean> {
  try {
    await readFile(files.corosyncConf);
    return true;
  } catch {
    return (await cibFiles(files)).length > 0;
  }
}

/** Removes everything that makes this host a member of a cluster (cli-pcs.md 7). What is absent already is no error. */
export async function removeClusterFiles(files: PcsFiles): Promise<void> {
  const paths = [
    files.corosyncConf,
    files.corosyncAuthkey,
    files.pacemakerAuthkey,
    join(files.pcsdStateDir, 'disaster-recovery'),
  ];
  const state = join(files.cibDir, '..');
  for (const folder of ['pengine', 'cores', 'blackbox']) paths.push(...(await contents(join(state, folder))));
  paths.push(...(await cibFiles(files)));
  for (const path of paths) await rm(path, { force: true, recursive: true });
}

function cibFiles(files: PcsFiles): Promise<string[]> {
  return contents(files.cibDir);
}

async function contents(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
