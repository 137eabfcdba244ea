import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, releases, silentLogger } from '@sanode/runtime';
import { attr, digestV1, type Element, element, parseXml, withAttributes, withChildren } from '@sanode/xml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyCib } from '../document/version.ts';
import { CibStoreError, readCibDirectory } from './read.ts';
import { writeCibFile } from './write.ts';
import { CibWriter } from './writer.ts';

const release = releases['3.0'];
const options = { escaping: '3.0', nowMs: 0 } as const;
let folder: string;
let file: string;
let said: string[];

const log: Logger = {
  ...silentLogger,
  warn: (_fields, message) => void said.push(message),
  error: (_fields, message) => void said.push(message),
};

function document(epoch: number): Element {
  return withAttributes(emptyCib(release), { epoch, num_updates: 7, 'dc-uuid': '1' });
}

function read(): Element {
  return readCibDirectory(folder, release, log);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cib-'));
  file = join(folder, 'cib.xml');
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the CIB on disk', () => {
  it('comes back without status, updates and DC', async () => {
    const cib = document(3);
    await writeCibFile(
      file,
      withChildren(cib, [...cib.children.slice(0, 1), element('status', {}, [element('x')])]),
      options,
    );
    const back = read();
    expect([attr(back, 'epoch'), attr(back, 'num_updates'), attr(back, 'dc-uuid')]).toEqual(['3', '0', undefined]);
    expect(back.children.map((child) => child.type === 'element' && [child.name, child.children.length])).toEqual([
      ['configuration', 4],
      ['status', 0],
    ]);
    expect(said).toEqual([]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(`${file}.sig`, 'utf8')).toBe(digestV1(parseXml(readFileSync(file, 'utf8')), '3.0'));
  });

  it('keeps each version before as a backup, and counts them', async () => {
    for (const epoch of [1, 2, 3]) await writeCibFile(file, document(epoch), options);
    expect(readdirSync(folder).sort()).toEqual([
      'cib-0.raw',
      'cib-0.raw.sig',
      'cib-1.raw',
      'cib-1.raw.sig',
      'cib.last',
      'cib.xml',
      'cib.xml.sig',
    ]);
    expect(readFileSync(join(folder, 'cib.last'), 'utf8')).toBe('2');
    expect(statSync(join(folder, 'cib.last')).mode & 0o777).toBe(0o640);
  });

  it('begins to count anew after 100 backups', async () => {
    await writeCibFile(file, document(1), options);
    writeFileSync(join(folder, 'cib.last'), '99');
    await writeCibFile(file, document(2), options);
    expect(readFileSync(join(folder, 'cib.last'), 'utf8')).toBe('0');
    expect(existsSync(join(folder, 'cib-99.raw'))).toBe(true);
  });

  it('is not used when it was changed by hand: the newest sound backup is, and that is said', async () => {
    for (const epoch of [1, 2, 3]) await writeCibFile(file, document(epoch), options);
    writeFileSync(file, readFileSync(file, 'utf8').replace('epoch="3"', 'epoch="9"'));
    expect(attr(read(), 'epoch')).toBe('2');
    expect(said.join('\n')).toMatch(/changed by hand[\s\S]*put aside as[\s\S]*taken from the backup/);
    expect(existsSync(file)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.startsWith('cib.auto.')).length).toBe(2);
  });

  it.each([
    ['empty', ''],
    ['cut off', '<cib epoch="3"><configuration>'],
    ['something else', '<nothing/>'],
  ])('falls back when it is %s', async (_, text) => {
    for (const epoch of [1, 2]) await writeCibFile(file, document(epoch), options);
    writeFileSync(file, text);
    expect(attr(read(), 'epoch')).toBe('1');
    expect(said.length).toBe(2);
  });

  it('falls back past a damaged backup, to an empty document at last', async () => {
    for (const epoch of [1, 2]) await writeCibFile(file, document(epoch), options);
    writeFileSync(file, '');
    writeFileSync(join(folder, 'cib-0.raw'), '<cib');
    expect(attr(read(), 'epoch')).toBe('0');
    expect(said.at(-1)).toMatch(/beginning with an empty configuration/);
  });

  it('is accepted without a signature, with a warning', async () => {
    await writeCibFile(file, document(4), options);
    rmSync(`${file}.sig`);
    expect(attr(read(), 'epoch')).toBe('4');
    expect(said).toEqual(['the CIB file has no signature; it is used as it is']);
  });

  it('is never written over when it was changed by hand', async () => {
    await writeCibFile(file, document(1), options);
    const changed = readFileSync(file, 'utf8').replace('epoch="1"', 'epoch="9"');
    writeFileSync(file, changed);
    await expect(writeCibFile(file, document(2), options)).rejects.toThrow(CibStoreError);
    expect(readFileSync(file, 'utf8')).toBe(changed);
    expect(readdirSync(folder).sort()).toEqual(['cib.xml', 'cib.xml.sig']);
  });

  it('is whole at every moment of a write, whatever survives a crash', async () => {
    await writeCibFile(file, document(1), options);
    await writeCibFile(file, document(2), options);
    // A crash between the two renames: the new document beside the old signature.
    writeFileSync(`${file}.sig`, readFileSync(join(folder, 'cib-0.raw.sig')));
    utimesSync(file, new Date(), new Date());
    expect(attr(read(), 'epoch')).toBe('1');
  });
});

describe('the writer', () => {
  it('writes one at a time and leaves out what is outdated', async () => {
    const written: [number, boolean][] = [];
    const writer = new CibWriter({ log }, { file, escaping: '3.0', written: (...result) => void written.push(result) });
    for (let epoch = 1; epoch <= 20; epoch += 1) writer.write(document(epoch), epoch);
    await writer.idle();
    expect(written).toEqual([[20, true]]);
    writer.write(document(21), 21);
    await writer.idle();
    expect(written.at(-1)).toEqual([21, true]);
    expect(attr(read(), 'epoch')).toBe('21');
  });

  it('tells when it could not write', async () => {
    const written: [number, boolean][] = [];
    const nowhere = join(folder, 'gone', 'cib.xml');
    const writer = new CibWriter({ log }, { file: nowhere, escaping: '3.0', written: (...r) => void written.push(r) });
    writer.write(document(1), 1);
    await writer.idle();
    expect(written).toEqual([[1, false]]);
    expect(said.join()).toMatch(/could not be written/);
  });
});
