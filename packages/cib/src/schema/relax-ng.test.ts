import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { parseXml } from '@sanode/xml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schemaNames, schemaProblemsWith } from './index.ts';
import { relaxNgFiles } from './relax-ng.ts';

interface Case {
  name: string;
  validate_with: string;
  xml: string;
  valid: boolean;
  valid_3_0_3: boolean;
}

const haveXmllint = spawnSync('xmllint', ['--version']).status === 0;
if (!haveXmllint) console.warn('not run: grammars by xmllint (it is not installed: package libxml2-utils)');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rng-'));
  for (const [name, content] of relaxNgFiles()) writeFileSync(join(folder, name), content);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** xmllint's verdict of each document, by one schema. */
function verdicts(schema: string, documents: readonly string[]): boolean[] {
  const files = documents.map((content, index) => {
    const file = join(folder, `${index}.xml`);
    writeFileSync(file, content);
    return file;
  });
  const arguments_ = ['--noout', '--nonet', '--relaxng', join(folder, `${schema}.rng`), ...files];
  const { stderr } = spawnSync('xmllint', arguments_, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const lines = new Set(stderr.split('\n'));
  return files.map((file) => {
    const validates = lines.has(`${file} validates`);
    if (!validates && !lines.has(`${file} fails to validate`)) throw new Error(`no verdict of ${file}: ${stderr}`);
    return validates;
  });
}

describe.skipIf(!haveShared() || !haveXmllint)('the RELAX NG grammars', () => {
  const cases = haveShared()
    ? (JSON.parse(readFileSync(sharedPath('vectors', 'schema', 'cases.json'), 'utf8')) as Case[])
    : [];

  it("give the verdict of the reference's grammars and of the validator", { timeout: 300_000 }, () => {
    const wrong: string[] = [];
    let compared = 0;
    let masked = 0;
    for (const schema of schemaNames) {
      const own = cases.filter((entry) => entry.validate_with === schema);
      const found = verdicts(
        schema,
        own.map(({ xml }) => xml),
      );
      for (const [index, entry] of own.entries()) {
        compared += 1;
        if (found[index] !== entry.valid) wrong.push(`${entry.name}: xmllint says ${found[index]}`);
        // Text is dropped before the validator looks, and newer libraries take more letters and digits (7.6).
        if (entry.valid !== entry.valid_3_0_3) masked += 1;
        else if ((schemaProblemsWith(parseXml(entry.xml), schema).length === 0) !== found[index]) {
          wrong.push(`${entry.name}: the validator differs from xmllint`);
        }
      }
    }
    console.log(`${compared} compared, ${cases.length - compared} name no schema, ${masked} masked for the validator`);
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(580);
  });
});
