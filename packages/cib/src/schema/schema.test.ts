import { readFileSync } from 'node:fs';
import { releases } from '@sanode/runtime';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { parseXml } from '@sanode/xml';
import { describe, expect, it } from 'vitest';
import { emptyCib } from '../document/version.ts';
import { validateCib } from './index.ts';

interface Case {
  name: string;
  validate_with: string;
  xml: string;
  valid: boolean;
  valid_3_0_3: boolean;
  note: string;
}

describe.skipIf(!haveShared())("the schemas' cases", () => {
  const cases = haveShared()
    ? (JSON.parse(readFileSync(sharedPath('vectors', 'schema', 'cases.json'), 'utf8')) as Case[])
    : [];

  it('get the verdict of the real programs', { timeout: 60_000 }, () => {
    const wrong: string[] = [];
    for (const entry of cases) {
      const problems = validateCib(parseXml(entry.xml));
      if ((problems.length === 0) !== entry.valid_3_0_3) wrong.push(`${entry.name} (${entry.note}): ${problems[0]}`);
    }
    console.log(`${cases.length} compared`);
    expect(wrong).toEqual([]);
    expect(cases.length).toBeGreaterThan(600);
  });
});

describe('validation', () => {
  it('accepts an empty document of each release', () => {
    for (const release of Object.values(releases)) expect(validateCib(emptyCib(release))).toEqual([]);
  });

  it('names what is wrong', () => {
    const cib = parseXml(
      '<cib validate-with="pacemaker-4.0" admin_epoch="0" epoch="0" num_updates="0"><configuration><crm_config/><nodes/>' +
        '<resources><primitive id="a" class="ocf" provider="x" type="y" bogus="1"/><primitive id="a" class="lsb" type="z"/></resources>' +
        '<constraints><rsc_location id="l" rsc="nobody" node="n" score="1"/></constraints></configuration><status/></cib>',
    );
    expect(validateCib(cib)).toEqual([
      'Invalid attribute bogus for element primitive (id a)',
      'ID a redefined',
      'IDREF attribute rsc references an unknown ID "nobody"',
    ]);
  });

  it('does not look into status', () => {
    const cib = parseXml(
      '<cib validate-with="pacemaker-4.0" admin_epoch="0" epoch="0" num_updates="0"><configuration><crm_config/><nodes/>' +
        '<resources/><constraints/></configuration><status a="1"><x id="1"/><x id="1"/></status></cib>',
    );
    expect(validateCib(cib)).toEqual([]);
  });
});
