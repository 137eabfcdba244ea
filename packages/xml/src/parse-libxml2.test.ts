import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Element, parseXml, XmlError } from './index.ts';

const haveXmllint = spawnSync('xmllint', ['--version']).status === 0;
if (!haveXmllint) console.warn('not run: comparison with libxml2 (xmllint is not installed: package libxml2-utils)');

/** One text for what both parsers say of a document; the comparison is of canonical XML with comments. */
function ours(source: string): string {
  try {
    return canonical(parseXml(source));
  } catch (error) {
    if (error instanceof XmlError) return 'refused';
    throw error;
  }
}

/** Canonical XML (C14N 1.0) of our tree. */
function canonical(node: Element): string {
  const names = [...node.attributes.keys()].sort();
  let result = `<${node.name}`;
  for (const name of names) result += ` ${name}="${escapeValue(node.attributes.get(name) as string)}"`;
  result += '>';
  for (const child of node.children) {
    if (child.type === 'element') result += canonical(child);
    else if (child.type === 'comment') result += `<!--${child.text}-->`;
    else result += escapeBody(child.text);
  }
  return `${result}</${node.name}>`;
}

function escapeValue(value: string): string {
  return value.replace(/[&<"\t\n\r]/g, (c) =>
    c === '&'
      ? '&amp;'
      : c === '<'
        ? '&lt;'
        : c === '"'
          ? '&quot;'
          : `&#x${c.charCodeAt(0).toString(16).toUpperCase()};`,
  );
}

function escapeBody(value: string): string {
  return value.replace(/[&<>\r]/g, (c) => (c === '&' ? '&amp;' : c === '<' ? '&lt;' : c === '>' ? '&gt;' : '&#xD;'));
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'xml-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What libxml2 says of each document, 200 at a time. */
function theirs(sources: readonly string[]): string[] {
  return sources.map((source, index) => {
    const file = join(folder, `${index % 8}.xml`);
    writeFileSync(file, source);
    const run = spawnSync('xmllint', ['--nonet', '--noblanks', '--c14n', file], { encoding: 'utf8' });
    if (run.status !== 0) return 'refused';
    // C14N keeps comments and instructions outside of the root; ours has the root alone.
    return run.stdout;
  });
}

const name = fc.constantFrom('a', 'b', 'node_state', 'x-y', '_u', 'é', '__proto__', 'constructor');
const piece = fc.constantFrom(
  'plain',
  ' ',
  '\t',
  '\n',
  '\r\n',
  '\r',
  '&amp;',
  '&lt;',
  '&gt;',
  '&quot;',
  '&apos;',
  '&#65;',
  '&#x9;',
  '&#10;',
  '&#xD;',
  'é',
  '😀',
  "it's",
  '>',
  ']',
  '=',
  '/',
  '--',
  '&#x10FFFF;',
);
const broken = fc.constantFrom(
  '&',
  '<',
  '&x;',
  '&#0;',
  '&#xD800;',
  '&#;',
  '&#x;',
  ']]>',
  '"',
  '\u0001',
  '\uFFFE',
  '<a',
  '</b>',
  '<!-',
  '<?xml?>',
);
const value = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join(''));
const comment = fc.constantFrom('<!---->', '<!-- c -->', '<!-- <a> & -->');
const cdata = fc.constantFrom('<![CDATA[]]>', '<![CDATA[<x>&amp;]]>', '<![CDATA[ ]] ]]>');
const instruction = fc.constantFrom('<?p?>', '<?p data ?>', '<?p  <>&?>');

const { document: tree } = fc.letrec<{ document: string }>((tie) => ({
  document: fc
    .tuple(
      name,
      fc.array(fc.tuple(name, value, fc.constantFrom('"', "'"), fc.constantFrom(' ', '\n', '  ')), { maxLength: 3 }),
      fc.array(
        fc.oneof({ depthSize: 'small', withCrossShrink: true }, value, comment, cdata, instruction, tie('document')),
        { maxLength: 4 },
      ),
    )
    .map(([tag, attributes, content]) => {
      const list = attributes.map(
        ([key, text, quote, gap]) => `${gap}${key}=${quote}${text.replaceAll(quote, '')}${quote}`,
      );
      return `<${tag}${list.join('')}>${content.join('')}</${tag}>`;
    }),
}));

const source = fc
  .tuple(
    fc.constantFrom('', '<?xml version="1.0"?>', "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n"),
    tree,
  )
  .map(([head, body]) => head + body);
const damaged = fc
  .tuple(source, fc.nat(), fc.oneof(broken, fc.constant('')), fc.nat(3))
  .map(([text, at, junk, cut]) => text.slice(0, at % text.length) + junk + text.slice((at % text.length) + cut));

describe.skipIf(!haveXmllint)('our parser and libxml2', () => {
  it.each([
    ['whole documents', source],
    ['damaged documents', damaged],
  ] as const)(
    'agree on %s',
    (_, arbitrary) => {
      const sources = fc.sample(arbitrary, { numRuns: 400, seed: 20_261_124 }).filter((text) => text.isWellFormed());
      const expected = theirs(sources);
      let refused = 0;
      for (const [index, text] of sources.entries()) {
        const theirWord = expected[index] as string;
        if (theirWord === 'refused') refused += 1;
        const mine = ours(text);
        if (theirWord === 'refused' || mine === 'refused') {
          expect({ text, verdict: mine === 'refused' }).toEqual({ text, verdict: theirWord === 'refused' });
        } else expect({ text, result: withoutBlanks(mine) }).toEqual({ text, result: withoutBlanks(theirWord) });
      }
      console.log(`${sources.length} compared, ${refused} refused by both`);
    },
    60_000,
  );
});

/** libxml2 keeps blank text where an element has other text too; ours never does: neither counts. */
function withoutBlanks(text: string): string {
  return text
    .replace(/<\?[\s\S]*?\?>/g, '')
    .replace(/>[ \t\n]+</g, '><')
    .replace(/^\n+|\n+$/g, '');
}
