import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger, Release } from '@sanode/runtime';
import { attr, digestV1, type Element, parseXml, withAttributes, withChildren, XmlError } from '@sanode/xml';
import { withoutText } from '../document/edit.ts';
import { emptyCib } from '../document/version.ts';

/** Largest CIB file read, bytes. */
export const maxFileBytes = 256 * 1024 * 1024;

/** A CIB file that can't be used, and why. */
export class CibStoreError extends Error {
  readonly code: 'MISSING' | 'UNREADABLE' | 'MALFORMED' | 'SIGNATURE';

  constructor(code: CibStoreError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** A document read, and whether its signature vouches for it. */
export interface ReadCib {
  readonly cib: Element;
  readonly signed: boolean;
}

/**
 * Reads a CIB file and checks it by its signature FILE.sig, where there is one (cib.md 7.2). Both ways of escaping are
 * tried, as the file may be another release's.
 * @throws {CibStoreError}
 */
export function readCibFile(file: string): ReadCib {
  const text = readText(file);
  if (text === undefined) throw new CibStoreError('MISSING', `${file} does not exist`);
  if (text.trim() === '') throw new CibStoreError('MALFORMED', `${file} is empty`);
  let cib: Element;
  try {
    cib = parseXml(text);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new CibStoreError('MALFORMED', `${file} line ${error.line}: ${error.message}`);
  }
  if (cib.name !== 'cib') throw new CibStoreError('MALFORMED', `${file} holds a <${cib.name}> and no <cib>`);
  const signature = readText(`${file}.sig`)?.trim();
  if (signature === undefined) return { cib, signed: false };
  if (signature !== digestV1(cib, '2.1') && signature !== digestV1(cib, '3.0')) {
    throw new CibStoreError('SIGNATURE', `${file} does not match its signature ${file}.sig: it was changed by hand`);
  }
  return { cib, signed: true };
}

function readText(file: string): string | undefined {
  try {
    const { size } = statSync(file);
    if (size > maxFileBytes) throw new CibStoreError('MALFORMED', `${file} is over ${maxFileBytes} bytes`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof CibStoreError) throw error;
    const problem = error as NodeJS.ErrnoException;
    if (problem.code === 'ENOENT') return undefined;
    throw new CibStoreError('UNREADABLE', `${file} can not be read: ${problem.message}`);
  }
}

/**
 * The document to begin with: cib.xml, else the newest backup that is sound, else an empty one (cib.md 7.2). Every step
 * back is logged. A file with a wrong signature is put aside as cib.auto.XXXXXX.
 */
export function readCibDirectory(directory: string, release: Release, log: Logger): Element {
  const live = join(directory, 'cib.xml');
  try {
    const { cib, signed } = readCibFile(live);
    if (!signed) log.warn({ file: live }, 'the CIB file has no signature; it is used as it is');
    return prepared(cib);
  } catch (error) {
    if (!(error instanceof CibStoreError)) throw error;
    if (error.code === 'MISSING') log.info({ file: live }, 'there is no CIB file');
    else log.error({ file: live, code: error.code }, `the CIB file is not used: ${error.message}`);
    if (error.code === 'SIGNATURE') putAside(live, log);
  }
  for (const file of backupsNewestFirst(directory)) {
    try {
      const { cib } = readCibFile(file);
      log.warn({ file }, `the configuration was taken from the backup ${file}`);
      return prepared(cib);
    } catch (error) {
      if (!(error instanceof CibStoreError)) throw error;
      log.error({ file, code: error.code }, `the backup is not used: ${error.message}`);
    }
  }
  log.warn({ directory }, 'no CIB was found on disk; beginning with an empty configuration');
  return emptyCib(release);
}

function putAside(file: string, log: Logger): void {
  const aside = join(file, '..', `cib.auto.${randomBytes(3).toString('hex')}`);
  try {
    renameSync(file, aside);
    renameSync(`${file}.sig`, `${aside}.sig`);
    log.error({ file, aside }, `the changed file was put aside as ${aside}`);
  } catch (error) {
    log.error({ file, err: error }, 'the changed file could not be put aside');
  }
}

function backupsNewestFirst(directory: string): string[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.startsWith('cib-') && !name.endsWith('.sig'))
    .map((name) => join(directory, name))
    .map((file) => ({ file, stats: statSync(file) }))
    .filter(({ stats }) => stats.isFile())
    .sort((a, b) => b.stats.ctimeMs - a.stats.ctimeMs)
    .map(({ file }) => file);
}

/** Counters are there, nobody is DC, and the status is that of no time (cib.md 6.5). */
function prepared(cib: Element): Element {
  const complete = withAttributes(withoutText(cib), {
    epoch: attr(cib, 'epoch') ?? 0,
    num_updates: attr(cib, 'num_updates') ?? 0,
    admin_epoch: attr(cib, 'admin_epoch') ?? 0,
    'dc-uuid': null,
  });
  const others = complete.children.filter((child) => child.type !== 'element' || child.name !== 'status');
  return withChildren(complete, [...others, { type: 'element', name: 'status', attributes: new Map(), children: [] }]);
}
