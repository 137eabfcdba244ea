import { createHash } from 'node:crypto';
import { escapeAttributeNewer, inline } from './print.ts';
import type { Element, Node } from './tree.ts';

/** Which release's escaping a digest is made with (cib.md 5). */
export type DigestEscaping = '2.1' | '3.0';

/** Attributes that version 2 of the digest leaves out, on every element. */
const volatileAttributes: ReadonlySet<string> = new Set([
  'crm-debug-origin',
  'cib-last-written',
  'update-origin',
  'update-client',
  'update-user',
]);

const oneByteSpecial = /[<>"'&\u0000-\u001f\u007f]/;
const special = /[<>"'&\u0000-\u001f\u007f]|[^\u0000-\u007f]/;

/** Escapes a value as 2.1.5 does, which stops escaping at the first character outside ASCII. */
export function escapeAttributeOlder(value: string): string {
  if (!special.test(value)) return value;
  let result = '';
  for (let at = 0; at < value.length; at += 1) {
    const char = value.charAt(at);
    if (char > '\u007f') return result + value.slice(at);
    result += oneByteSpecial.test(char) ? escapeOlderOne(char) : char;
  }
  return result;
}

function escapeOlderOne(char: string): string {
  switch (char) {
    case '<':
      return '&lt;';
    case '>':
      return '&gt;';
    case '"':
      return '&quot;';
    case "'":
      return '&apos;';
    case '&':
      return '&amp;';
    case '\t':
      return '    ';
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    default:
      return `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`;
  }
}

function escapeFor(escaping: DigestEscaping): (value: string) => string {
  return escaping === '2.1' ? escapeAttributeOlder : escapeAttributeNewer;
}

/**
 * The text that version 2 of the digest is made from: one line, text nodes and volatile attributes left out
 * (cib.md 5).
 */
export function canonicalText(node: Element, escaping: DigestEscaping): string {
  return canonical(node, escapeFor(escaping), undefined);
}

/** Version 2 digest, used for CIBs everywhere: MD5 in 32 lower-case hex digits. */
export function digestV2(node: Element, escaping: DigestEscaping): string {
  return md5(canonicalText(node, escaping));
}

/**
 * Version 1 digest, used for the file's signature and for operation parameters: MD5 of a blank, the whole text and a
 * line end. Parameters must come with attributes sorted by name ({@link sortAttributes}).
 */
export function digestV1(node: Element, escaping: DigestEscaping): string {
  return md5(` ${inline(node, false, escapeFor(escaping))}\n`);
}

/** A copy whose attributes are in byte order of their names, children untouched. */
export function sortAttributes(node: Element): Element {
  const names = [...node.attributes.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return { ...node, attributes: new Map(names.map((name) => [name, node.attributes.get(name) as string])) };
}

/** Makes digests of documents that share most of their nodes: the text of a subtree is made once. */
export class DigestCache {
  readonly #escaping: DigestEscaping;
  readonly #texts = new WeakMap<Element, string>();

  constructor(escaping: DigestEscaping) {
    this.#escaping = escaping;
  }

  /** The same as {@link digestV2}. */
  digestV2(node: Element): string {
    return md5(canonical(node, escapeFor(this.#escaping), this.#texts));
  }
}

function canonical(
  node: Element,
  escaped: (value: string) => string,
  known: WeakMap<Element, string> | undefined,
): string {
  const before = known?.get(node);
  if (before !== undefined) return before;
  let result = `<${node.name}`;
  for (const [name, value] of node.attributes) {
    if (!volatileAttributes.has(name)) result += ` ${name}="${escaped(value)}"`;
  }
  let open = false;
  for (const child of node.children) {
    const childText = canonicalNode(child, escaped, known);
    if (childText === undefined) continue;
    result += open ? childText : `>${childText}`;
    open = true;
  }
  result += open ? `</${node.name}>` : '/>';
  known?.set(node, result);
  return result;
}

function canonicalNode(
  node: Node,
  escaped: (value: string) => string,
  known: WeakMap<Element, string> | undefined,
): string | undefined {
  switch (node.type) {
    case 'element':
      return canonical(node, escaped, known);
    case 'comment':
      return `<!--${node.text}-->`;
    case 'cdata':
      return `<![CDATA[${node.text}]]>`;
    case 'text':
      return undefined;
  }
}

function md5(text: string): string {
  return createHash('md5').update(text, 'utf8').digest('hex');
}
