import { parseXml } from '@sanode/xml';
import { describe, expect, it } from 'vitest';
import { evaluateSets } from './attribute-sets.ts';
import { compareVersions } from './compare.ts';
import { addMonths, addSeconds, type DateTime, formatUtc, fromEpoch, parseDateTime, toEpoch } from './dates.ts';
import { type Duration, durationSeconds, parseDuration } from './durations.ts';
import { intervalOrZero, parseInterval, parseMilliseconds, readableInterval, toSeconds } from './intervals.ts';
import { integerAtLeast, parseBoolean, scanInteger } from './numbers.ts';
import { passesRule, type RuleInput } from './rule.ts';

const local = fromEpoch(1_700_000_000);

function show(text: string): string | undefined {
  const time = parseDateTime(text, local);
  return time === undefined ? undefined : formatUtc(time);
}

describe('numbers', () => {
  it('reads leading digits and clips at 64 bits', () => {
    expect(scanInteger(' 12abc')).toMatchObject({ value: 12, ok: true, rest: 'abc' });
    expect(scanInteger('abc').ok).toBe(false);
    expect(scanInteger('99999999999999999999').overflow).toBe(true);
    expect(integerAtLeast('-5', 0)).toBe(0);
    expect(integerAtLeast(undefined, 3)).toBe(3);
  });

  it('knows the words for true and false in any case', () => {
    expect(['YES', 'on', '1', 'True'].map(parseBoolean)).toEqual([true, true, true, true]);
    expect(['n', 'OFF', '0'].map(parseBoolean)).toEqual([false, false, false]);
    expect(parseBoolean('maybe')).toBeUndefined();
  });
});

describe('intervals', () => {
  it('looks at the beginning of the unit only', () => {
    expect(parseMilliseconds('10')).toBe(10_000);
    expect(parseMilliseconds('3.14ms')).toBe(3);
    expect(parseMilliseconds('5months')).toBe(300_000);
    expect(parseMilliseconds('10sx')).toBe(10_000);
    expect(parseMilliseconds('2hours')).toBe(7_200_000);
    expect(parseMilliseconds('1500us')).toBe(1);
    expect(parseMilliseconds('1d')).toBeUndefined();
    expect(parseMilliseconds('s')).toBeUndefined();
  });

  it('takes ISO durations, nothing negative, at most 32 bits', () => {
    expect(parseInterval('PT5M')).toBe(300_000);
    expect(parseInterval('-1s')).toBeUndefined();
    expect(parseInterval('99999999h')).toBe(4294967295);
    expect(intervalOrZero('nonsense')).toBe(0);
  });

  it('rounds to seconds and prints for people', () => {
    expect([0, 1, 999, 1499, 1500].map(toSeconds)).toEqual([0, 1, 1, 1, 2]);
    expect(readableInterval(90_500)).toBe('1m30.500s');
    expect(readableInterval(0)).toBe('0s');
  });
});

describe('dates (vectors of scheduler-1 4.6)', () => {
  it('reads calendar, ordinal and week dates', () => {
    expect(show('2005-020')).toBe('2005-01-20 00:00:00Z');
    expect(show('2005-020T12:30')).toBe('2005-01-20 12:30:00Z');
    expect(show('2009-W01-1')).toBe('2008-12-29 00:00:00Z');
    expect(show('2009-W53-7')).toBe('2010-01-03 00:00:00Z');
    expect(show('20190101T2400Z')).toBe('2019-01-02 00:00:00Z');
    expect(show('2019-01-01 00:00:00 +01:00')).toBe('2018-12-31 23:00:00Z');
    expect(show('2014-05-07T00:28:00-0530')).toBe('2014-05-07 05:58:00Z');
  });

  it('refuses days that there are not', () => {
    for (const text of ['2019-02-29', '2019-W54-1', '2019-13-01', '2019-366', 'yesterday', '']) {
      expect(show(text), text).toBeUndefined();
    }
  });

  it('turns epoch seconds into dates and back', () => {
    for (const seconds of [0, 951_782_400, 1_700_000_000, 2_150_000_000, -1]) {
      expect(toEpoch(fromEpoch(seconds, 3600))).toBe(seconds);
    }
  });

  it('clips days when months are added, and keeps second 86400 on its day', () => {
    const january = parseDateTime('2019-01-31', local) as DateTime;
    expect(formatUtc(addMonths(january, 1))).toBe('2019-02-28 00:00:00Z');
    expect(addSeconds({ ...january, seconds: 86_399 }, 1)).toMatchObject({ yearDay: 31, seconds: 86_400 });
  });

  it('reads durations in any order of units, without fractions', () => {
    expect(parseDuration('P1Y2M3W')).toEqual({ years: 1, months: 2, days: 21, seconds: 0 });
    const day = 86_400;
    const inSeconds: Readonly<Record<string, number>> = {
      ...{ PT5M: 300, P1D: 0, P3D: 2 * day, P1W: 6 * day, P1M: 30 * day, P1M19D: 48 * day },
      ...{ P1Y: 0, P1Y2D: day, P2Y: 365 * day, P1Y1M2DT5S: 31 * day + 5, 'P2DT-100S': day - 100, 'P-1M40D': 39 * day },
    };
    for (const [text, seconds] of Object.entries(inSeconds)) {
      expect(durationSeconds(parseDuration(text) as Duration), text).toBe(seconds);
    }
    for (const text of ['P5', 'PM', 'PT', 'P', 'PT1.5S']) expect(parseDuration(text), text).toBeUndefined();
  });
});

describe('rules', () => {
  const pass = (xml: string, input: Partial<RuleInput> = {}) => passesRule(parseXml(xml), { now: local, ...input });
  const expression = (attributes: string) => `<rule id="r"><expression id="e" ${attributes}/></rule>`;
  const nodeAttributes = new Map([
    ['n', '10'],
    ['f', '1.9'],
    ['s', 'Blue'],
  ]);

  it('compares by type: integers where both are, numbers where there is a point, else text without case', () => {
    const test = (attributes: string) => pass(expression(attributes), { nodeAttributes });
    expect(test('attribute="n" operation="gt" value="9"')).toBe(true);
    expect(test('attribute="n" operation="eq" value="10.0"')).toBe(false);
    expect(test('attribute="f" operation="lt" value="2"')).toBe(true);
    expect(test('attribute="f" operation="eq" value="1" type="integer"')).toBe(true);
    expect(test('attribute="s" operation="eq" value="bLUE"')).toBe(true);
    expect(test('attribute="x" operation="lt" value="1"')).toBe(false);
    expect(test('attribute="x" operation="ne" value="1"')).toBe(true);
    expect(test('attribute="x" operation="not_defined"')).toBe(true);
    expect(test('attribute="x" operation="not_defined" value="1"')).toBe(false);
  });

  it('does not pass what is no rule', () => {
    expect(pass('<rule><expression id="e" attribute="n" operation="not_defined"/></rule>')).toBe(false);
    expect(pass('<rule id="r" boolean-op="xor"/>')).toBe(false);
    expect(pass('<rule id="r"><unknown/></rule>')).toBe(false);
    expect(pass('<rule id="r"/>')).toBe(true);
  });

  it('says when a date expression changes, only for those it got to', () => {
    const noted: number[] = [];
    const noteChange = (seconds: number) => noted.push(seconds);
    const date = (attributes: string) => `<date_expression id="d" ${attributes}/>`;
    expect(
      pass(
        `<rule id="r">${date('operation="gt" start="2030-01-01"')}${date('operation="lt" end="2031-01-01"')}</rule>`,
        { noteChange },
      ),
    ).toBe(false);
    expect(noted).toEqual([toEpoch(parseDateTime('2030-01-01', local) as DateTime) + 1]);
    expect(pass(`<rule id="r">${date('start="2020-01-01" end="2031-01-01"')}</rule>`, { noteChange })).toBe(true);
    expect(pass(`<rule id="r">${date('start="2020-02-30"')}</rule>`)).toBe(false);
  });

  it('matches date specifications by ranges', () => {
    const spec = (attributes: string) =>
      pass(
        `<rule id="r"><date_expression id="d" operation="date_spec"><date_spec id="s" ${attributes}/></date_expression></rule>`,
      );
    // 2023-11-14 22:13:20Z, a Tuesday
    expect(spec('hours="22" weekdays="1-5"')).toBe(true);
    expect(spec('hours="9-17"')).toBe(false);
    expect(spec('years="2020-"')).toBe(true);
    expect(spec('months="11" monthdays="-14"')).toBe(true);
    expect(spec('hours="x"')).toBe(false);
  });
});

describe('attribute sets', () => {
  const fill = (xml: string, first?: string) => {
    const table = new Map<string, string>();
    evaluateSets(parseXml(xml), 'meta_attributes', { now: local }, table, first);
    return Object.fromEntries(table);
  };
  const set = (id: string, pairs: string, more = '') =>
    `<meta_attributes id="${id}" ${more}>${pairs}</meta_attributes>`;
  const pair = (name: string, value: string) => `<nvpair id="x" name="${name}" value="${value}"/>`;

  it('lets the higher score win, then the later set, then the first pair', () => {
    expect(fill(`<p>${set('a', pair('v', '1'))}${set('b', pair('v', '2'))}</p>`)).toEqual({ v: '2' });
    expect(fill(`<p>${set('a', pair('v', '1'), 'score="5"')}${set('b', pair('v', '2'))}</p>`)).toEqual({ v: '1' });
    expect(fill(`<p>${set('a', pair('v', '1') + pair('v', '2'))}</p>`)).toEqual({ v: '1' });
    expect(fill(`<p>${set('a', pair('v', '1'))}${set('b', pair('v', '2'), 'score="9"')}</p>`, 'a')).toEqual({ v: '1' });
  });

  it('skips sets whose rule fails, and takes #default as no value', () => {
    const rule = '<rule id="r"><date_expression id="d" operation="lt" end="2000-01-01"/></rule>';
    expect(fill(`<p>${set('a', pair('v', '1'))}${set('b', rule + pair('v', '2'))}</p>`)).toEqual({ v: '1' });
    expect(fill(`<p>${set('a', pair('v', '#default'))}</p>`)).toEqual({});
  });
});

describe('versions', () => {
  it('compares segment by segment as numbers', () => {
    expect(compareVersions('3.9', '3.20.5')).toBe(-1);
    expect(compareVersions('1.0', '1')).toBe(0);
    expect(compareVersions('2.1-rc1', '2.1')).toBe(0);
  });
});
