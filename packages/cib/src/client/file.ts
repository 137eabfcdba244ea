import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir, hostname, tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { announcedRelease, paths } from '@sanode/runtime';
import {
  attr,
  type Element,
  element,
  parseXml,
  printPretty,
  withAttributes,
  withChildren,
  XmlError,
} from '@sanode/xml';
import { withoutText } from '../document/edit.ts';
import { performRequest } from '../manager/perform.ts';
import { modifyingOperations } from '../operations/index.ts';
import { cibResult } from '../results.ts';
import { maxFileBytes } from '../store/read.ts';
import { writeCibFile } from '../store/write.ts';
import type { CibClient, CibReply, CibRequest } from './types.ts';

/** A CIB file that can't be worked on. */
export class CibFileError extends Error {
  /** MISSING and MALFORMED as they say; REMOTE: a remote CIB was asked for. */
  readonly code: 'MISSING' | 'UNREADABLE' | 'MALFORMED' | 'REMOTE';

  constructor(code: CibFileError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The file that CIB_shadow or CIB_file names (cli-crm.md 1.1); undefined: the running cluster. */
export function cibFileOf(env: Environment): string | undefined {
  const shadow = env['CIB_shadow'];
  if (shadow !== undefined && shadow !== '') return join(shadowDirectory(env), `shadow.${shadow}`);
  const file = env['CIB_file'];
  return file === undefined || file === '' ? undefined : file;
}

/** Folder of shadow files. */
export function shadowDirectory(env: Environment): string {
  const named = env['CIB_shadow_dir'];
  if (named !== undefined && named !== '') return named;
  if (process.getuid?.() === 0) return paths.cibDir;
  const home = env['HOME'] ?? homedir();
  return join(home === '' ? tmpdir() : home, '.cib');
}

/**
 * Opens a CIB file. Newer feature sets than ours are accepted, as the file may be any cluster's.
 * @throws {CibFileError}
 */
export function openCibFile(file: string, options: { clientName: string }): CibClient {
  return new CibFile(file, options.clientName, readDocument(file));
}

/** Reads any file that holds a CIB, `.bz2` excepted. @throws {CibFileError} */
export function readDocument(file: string): Element {
  let text: string;
  try {
    const { size } = statSync(file);
    if (size > maxFileBytes) throw new CibFileError('MALFORMED', `${file} is over ${maxFileBytes} bytes`);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof CibFileError) throw error;
    const problem = error as NodeJS.ErrnoException;
    if (problem.code === 'ENOENT') throw new CibFileError('MISSING', `${file}: No such file or directory`);
    throw new CibFileError('UNREADABLE', `${file}: ${problem.message}`);
  }
  let cib: Element;
  try {
    cib = parseXml(text);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new CibFileError('MALFORMED', `${file} line ${error.line}: ${error.message}`);
  }
  if (cib.name !== 'cib') throw new CibFileError('MALFORMED', `${file} holds no <cib>`);
  return withStatus(withoutText(cib));
}

function withStatus(cib: Element): Element {
  const has = cib.children.some((child) => child.type === 'element' && child.name === 'status');
  return has ? cib : withChildren(cib, [...cib.children, element('status')]);
}

class CibFile implements CibClient {
  readonly #file: string;
  readonly #clientName: string;
  #cib: Element;

  constructor(file: string, clientName: string, cib: Element) {
    this.#file = file;
    this.#clientName = clientName;
    this.#cib = cib;
  }

  async call(request: CibRequest): Promise<CibReply> {
    if (['cib_master', 'cib_slave', 'cib_ismaster', 'cib_sync', 'cib_sync_one', 'ping'].includes(request.operation)) {
      return { rc: cibResult.protocolNotSupported, data: undefined };
    }
    const user = userInfo().username;
    const result = performRequest(
      this.#cib,
      {
        operation: request.operation,
        section: request.section,
        data: request.data,
        options: request.options ?? 0,
        fullCopy: false,
        digest: undefined,
        digestFeatureSet: undefined,
        origin: hostname(),
        clientName: this.#clientName,
        user,
      },
      {
        featureSet: attr(this.#cib, 'crm_feature_set') ?? '3.20.5',
        release: announcedRelease(),
        nowMs: Date.now(),
      },
    );
    if (result.changed && modifyingOperations.has(request.operation)) {
      // The reference keeps one version step a file: what was done to it counts as one change (cli-crm.md 1.1).
      this.#cib = request.operation === 'cib_upgrade' ? result.cib : withAttributes(result.cib, { num_updates: 0 });
      await this.#write();
    }
    const { upgradeMessages } = result;
    return { rc: result.rc, data: result.output, ...(upgradeMessages === undefined ? {} : { upgradeMessages }) };
  }

  onDiff(): void {
    // Nobody else changes the file: there is nothing to tell.
  }

  close(): void {}

  async #write(): Promise<void> {
    if (resolve(this.#file) === join(paths.cibDir, 'cib.xml')) {
      await writeCibFile(this.#file, this.#cib, { escaping: '2.1', nowMs: Date.now() });
      return;
    }
    const temporary = `${this.#file}.${randomBytes(3).toString('hex')}`;
    const descriptor = openSync(temporary, 'w', 0o600);
    try {
      writeFileSync(descriptor, printPretty(this.#cib));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, this.#file);
  }
}
