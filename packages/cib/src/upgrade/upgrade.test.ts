import { readFileSync } from 'node:fs';
import { releases } from '@sanode/runtime';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { attr, descend, type Element, parseXml, printPretty } from '@sanode/xml';
import { describe, expect, it } from 'vitest';
import { upgradeCib } from './index.ts';

interface Case {
  name: string;
  before: string;
  after_2_1_5?: string | null;
  rc_2_1_5?: number;
  messages_2_1_5?: string[];
  after_3_0_3: string | null;
  rc_3_0_3: number;
  messages_3_0_3: string[];
}

/** What the reference's file would show: counters are the operation's. */
function seen(cib: Element) {
  return { schema: attr(cib, 'validate-with'), body: printPretty(descend(cib, 'configuration') as Element) };
}

describe.skipIf(!haveShared())('upgrading the captured documents', () => {
  const cases = haveShared()
    ? (JSON.parse(readFileSync(sharedPath('vectors', 'schema', 'upgrade.json'), 'utf8')) as Case[])
    : [];

  it.each(cases)('$name gives the document and messages of 3.0.3', (entry) => {
    const result = upgradeCib(parseXml(entry.before), { release: releases['3.0'] });
    expect(result.messages).toEqual(entry.messages_3_0_3);
    if (entry.after_3_0_3 === null) expect(result.rc).not.toBe(0);
    else {
      expect(result.rc).toBe(0);
      expect(seen(result.cib)).toEqual(seen(parseXml(entry.after_3_0_3)));
    }
  });

  it.each(cases.filter(({ rc_2_1_5 }) => rc_2_1_5 != null))('$name gives what 2.1.5 gives', (entry) => {
    const result = upgradeCib(parseXml(entry.before), { release: releases['2.1'] });
    expect(result.messages).toEqual(entry.messages_2_1_5);
    expect(result.rc).toBe(0);
    expect(seen(result.cib)).toEqual(seen(parseXml(entry.after_2_1_5 ?? entry.before)));
  });
});

it('goes part of the way where a later transformation fails', () => {
  const operations = '<operations id-ref="b"/>';
  const cib = parseXml(
    '<cib validate-with="pacemaker-2.10" admin_epoch="0" epoch="1" num_updates="0"><configuration>' +
      '<crm_config><cluster_property_set id="c"><nvpair id="n" name="stonith_enabled" value="0"/></cluster_property_set></crm_config>' +
      `<nodes/><resources><master id="m"><primitive id="a" class="lsb" type="x">${operations}</primitive></master>` +
      '<primitive id="b" class="lsb" type="y"/></resources><constraints/></configuration><status/></cib>',
  );
  const { rc, schema } = upgradeCib(cib, { release: releases['3.0'] });
  expect([rc, schema]).toEqual([0, 'pacemaker-3.10']);
});
