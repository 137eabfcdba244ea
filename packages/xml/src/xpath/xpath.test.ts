import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { evaluateXPath, locateElements, parseXml, printWithText, selectElements, XPathError } from '../index.ts';

const text =
  "<cib epoch='3' num='10'><configuration><nodes><node id='1' uname='lb1'/><node id='2' uname='lb2'/></nodes><resources>" +
  "<group id='web'><primitive id='vip' class='ocf' type='IPaddr2'><meta_attributes id='m'><nvpair id='n1' name='target-role' value='Stopped'/>" +
  "<nvpair id='n2' name='prio' value='10'/></meta_attributes></primitive><primitive id='srv' class='ocf' type='nginx'/></group>" +
  "<primitive id='off' class='lsb' type='x'>some <!-- note -->text</primitive></resources></configuration>" +
  "<status><node_state uname='lb1'><lrm id='1'/><transient_attributes id='1'/></node_state><node_state uname='lb2'><lrm id='2'/></node_state></status></cib>";
const document = parseXml(text);

const selecting = [
  '/',
  '/cib',
  '//node',
  '//node[2]',
  '//primitive[1]',
  '(//primitive)[1]',
  '(//primitive)[last()]',
  '//primitive[last()]',
  "//node_state[@uname='lb1']/lrm",
  "//node_state[@uname='lb2']/lrm|//node[@id='1']",
  '//*[@id]',
  "//*[@id='m']/..",
  "//nvpair[@name='target-role']/ancestor::primitive",
  '//nvpair/ancestor::*[1]',
  '//nvpair/ancestor-or-self::*[2]',
  '//group/*',
  "//primitive[starts-with(@id,'v')]",
  "//primitive[contains(@type,'gin')]",
  '//primitive[not(*)]',
  '//primitive[meta_attributes]',
  "//*[local-name()='lrm']",
  '//node[position()=1]',
  '//node[position() mod 2 = 0]',
  '//nvpair[@value > 5]',
  "//nvpair[@value='10' and @name='prio']",
  '//nvpair/preceding-sibling::*',
  '//nvpair/following-sibling::nvpair',
  '//group/following::*',
  '//off',
  "//primitive[@id='off']/preceding::primitive",
  '/cib/*/*',
  '//node_state/*[1]',
  './/lrm',
  'cib/status',
  "//primitive[@class='ocf'][2]",
  "//primitive[2][@class='ocf']",
  '//meta_attributes/parent::primitive',
  '/cib/configuration/resources/descendant::primitive',
  '/descendant-or-self::node()/lrm',
  '//node[@uname=//node_state/@uname]',
  "//primitive[.='some text']",
  '//primitive[string-length(@id) = 3]',
  '//nvpair[last()]',
  '//nvpair[last() - 1]',
  "//*[@uname='lb1' or @uname='lb2'][2]",
  '//lrm/..//transient_attributes',
  'self::node()/cib',
] as const;
const valued = [
  'count(//primitive)',
  'count(//@id)',
  '1 + 2 * 3 - 4 div 2',
  '-(3)',
  '7 mod 3',
  "concat('a', 1, true())",
  "substring('12345', 2, 3)",
  "substring('12345', 1.5, 2.6)",
  "substring-before('a=b', '=')",
  "substring-after('a=b', '=')",
  "translate('abc', 'ac', 'X')",
  "normalize-space('  a  b ')",
  'string(//node/@uname)',
  'name(//node[1])',
  'sum(//@num)',
  'floor(-1.5)',
  'ceiling(1.2)',
  'round(2.5)',
  'round(-2.5)',
  "boolean('')",
  'not(1 = 2)',
  "'a' = 'b'",
  '//node/@id = 2',
  '//node/@id != 2',
  "string-length('é😀')",
  'number("x")',
  '1 div 0',
  "contains('abc', '')",
  'string(1.50)',
  '2 > 1',
  "//nope = ''",
  '0 = false()',
  'true() and (1 or 0)',
] as const;

const haveXmllint = spawnSync('xmllint', ['--version']).status === 0;
if (!haveXmllint) console.warn('not run: comparison with libxml2 (xmllint is not installed: package libxml2-utils)');
const folder = mkdtempSync(join(tmpdir(), 'xpath-'));
const file = join(folder, 'doc.xml');
writeFileSync(file, text);
afterAll(() => rmSync(folder, { recursive: true }));

function xmllint(expression: string): string | undefined {
  const run = spawnSync('xmllint', ['--xpath', expression, file], { encoding: 'utf8' });
  return run.status === 0 ? run.stdout.replace(/\n$/, '') : undefined;
}

describe.skipIf(!haveXmllint)('our XPath and that of libxml2', () => {
  it.each(selecting)('select the same: %s', (expression) => {
    const theirs =
      xmllint(expression)
        ?.replaceAll('\n', '')
        .replace(/^<\?xml.*?\?>/, '') ?? '';
    expect(selectElements(document, expression).map(printWithText).join('')).toBe(theirs);
  });

  it.each(valued)('give the same value: %s', (expression) => {
    const value = evaluateXPath(document, expression);
    expect(String(value)).toBe(xmllint(expression));
  });
});

describe('XPath', () => {
  it('tells where an element is', () => {
    expect(locateElements(document, "//primitive[@id='srv']")[0]?.indexes).toEqual([0, 1, 0, 1]);
  });

  it('takes attributes and texts as the elements they are in, once each', () => {
    expect(selectElements(document, "//node[@id='1']/@*").map((node) => node.name)).toEqual(['node']);
  });

  it.each([
    '',
    '/cib[',
    '//node[@id=]',
    'cib/',
    "'open",
    '$x',
    'nope()',
    'count()',
    'foo::bar',
    '1 +',
    ')',
    'a b',
    '//',
    '@',
  ])('refuses %s', (expression) => {
    expect(() => selectElements(document, expression)).toThrow(XPathError);
  });

  it('refuses a value where elements are wanted', () => {
    expect(() => selectElements(document, '1 + 1')).toThrow(XPathError);
  });

  it('refuses nesting without end', () => {
    expect(() => selectElements(document, '('.repeat(5000))).toThrow(XPathError);
  });
});
