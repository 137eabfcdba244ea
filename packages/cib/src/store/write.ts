import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestV1, type Element, printPretty, withAttributes, withChildren } from '@sanode/xml';
import { localTimeText } from '../manager/perform.ts';
import { CibStoreError, readCibFile } from './read.ts';

/** Backups kept; the sequence starts over after as many. */
const maxBackups = 100;

/** Settings of {@link writeCibFile}. */
export interface WriteOptions {
  /** Whose escaping the signature uses. */
  readonly escaping: '2.1' | '3.0';
  /** Time for `cib-last-written`, ms since 1970. */
  readonly nowMs: number;
}

/**
 * Writes the live CIB file, crash-safe (cib.md 7.1): refuses when the one there was changed by hand, keeps it as a
 * backup, writes and syncs the new one and its signature beside it, renames both into place and syncs the folder.
 * @throws {CibStoreError} SIGNATURE when the file was changed by hand; errors of the file system as they come
 */
export async function writeCibFile(file: string, cib: Element, options: WriteOptions): Promise<void> {
  await backUp(file);
  const document = documentForDisk(cib, options.nowMs);
  const suffix = randomBytes(3).toString('hex');
  const temporary = join(dirname(file), `cib.${suffix}`);
  const temporarySignature = join(dirname(file), `cib.sig.${suffix}`);
  try {
    await writeSynced(temporary, printPretty(document), 0o600);
    await writeSynced(temporarySignature, digestV1(document, options.escaping), 0o600);
    await rename(temporary, file);
    await rename(temporarySignature, `${file}.sig`);
  } catch (error) {
    await rm(temporary, { force: true });
    await rm(temporarySignature, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
}

/** What is on disk: no status, no updates since the last change of the configuration. */
export function documentForDisk(cib: Element, nowMs: number): Element {
  const children = cib.children.filter((child) => child.type !== 'element' || child.name !== 'status');
  return withChildren(withAttributes(cib, { num_updates: 0, 'cib-last-written': localTimeText(nowMs) }), children);
}

async function backUp(file: string): Promise<void> {
  try {
    readCibFile(file);
  } catch (error) {
    if (!(error instanceof CibStoreError)) throw error;
    if (error.code === 'MISSING') return;
    throw new CibStoreError(error.code, `${error.message}; nothing is written over it`);
  }
  const folder = dirname(file);
  const sequenceFile = join(folder, 'cib.last');
  const sequence = Number.parseInt(await readFile(sequenceFile, 'utf8').catch(() => '0'), 10) || 0;
  for (const extension of ['', '.sig']) {
    const backup = join(folder, `cib-${sequence}.raw${extension}`);
    await rm(backup, { force: true });
    await link(`${file}${extension}`, backup).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
  await writeSynced(sequenceFile, String(sequence + 1 >= maxBackups ? 0 : sequence + 1), 0o640);
}

async function writeSynced(file: string, text: string, mode: number): Promise<void> {
  const handle = await open(file, 'w', mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
