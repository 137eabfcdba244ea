import type { Element, Node } from './tree.ts';

/** How values are escaped: losslessly with `&apos;` (`wire`), as 3.x prints (apostrophe raw), or as 2.1 digests. */
export type Escaping = 'wire' | '3.0' | '2.1';

/** Prints an element in one line as it goes over the wire: no added white space, text nodes left out. */
export function printCompact(node: Element): string {
  return inline(node, false, escapeAttribute);
}

/** Prints an element in one line, text nodes included (metadata, documents for people). */
export function printWithText(node: Element): string {
  return inline(node, true, escapeAttribute);
}

/** Settings of {@link printPretty}. */
export interface PrettyOptions {
  /** Default `wire`. */
  escaping?: Exclude<Escaping, '2.1'>;
  /** Level of the element itself, each level two blanks. Default 0. */
  level?: number;
}

/**
 * Prints a document as the reference's tools and files do: two blanks a level, every element, comment and CDATA
 * section on a line of its own, a line end after the last. An element with text is printed in one line.
 */
export function printPretty(node: Element, options: PrettyOptions = {}): string {
  const escaped = options.escaping === '3.0' ? escapeAttributeNewer : escapeAttribute;
  const parts: string[] = [];
  appendPretty(parts, node, '  '.repeat(options.level ?? 0), escaped);
  return parts.join('');
}

function appendPretty(parts: string[], node: Element, indent: string, escaped: (value: string) => string): void {
  if (node.children.some((child) => child.type === 'text' || child.type === 'cdata')) {
    parts.push(indent, inline(node, true, escaped), '\n');
    return;
  }
  parts.push(indent, startOfTag(node, escaped));
  if (node.children.length === 0) {
    parts.push('/>\n');
    return;
  }
  parts.push('>\n');
  const inner = `${indent}  `;
  for (const child of node.children) {
    if (child.type === 'element') appendPretty(parts, child, inner, escaped);
    else parts.push(inner, printOther(child), '\n');
  }
  parts.push(indent, '</', node.name, '>\n');
}

function startOfTag(node: Element, escaped: (value: string) => string): string {
  let tag = `<${node.name}`;
  for (const [name, value] of node.attributes) tag += ` ${name}="${escaped(value)}"`;
  return tag;
}

/** One line; `escaped` is used for attributes. */
export function inline(node: Element, withText: boolean, escaped: (value: string) => string): string {
  let result = startOfTag(node, escaped);
  let open = false;
  for (const child of node.children) {
    if (child.type === 'text' && !withText) continue;
    if (!open) {
      result += '>';
      open = true;
    }
    result += child.type === 'element' ? inline(child, withText, escaped) : printOther(child);
  }
  return open ? `${result}</${node.name}>` : `${result}/>`;
}

function printOther(node: Exclude<Node, Element>): string {
  switch (node.type) {
    case 'comment':
      return `<!--${node.text}-->`;
    case 'cdata':
      return `<![CDATA[${node.text}]]>`;
    case 'text':
      return escapeText(node.text);
  }
}

const wireSpecial = /[&<>"'\u0000-\u001f\u007f]/;
const newerSpecial = /[&<>"\u0000-\u001f\u007f]/;

/** Escapes an attribute's value for double quotes; the apostrophe too. Loses nothing. */
export function escapeAttribute(value: string): string {
  return wireSpecial.test(value) ? value.replace(/[&<>"'\u0000-\u001f\u007f]/g, escapeOne) : value;
}

/** Escapes an attribute's value as 3.x does: the apostrophe stays. */
export function escapeAttributeNewer(value: string): string {
  return newerSpecial.test(value) ? value.replace(/[&<>"\u0000-\u001f\u007f]/g, escapeOne) : value;
}

function escapeOne(char: string): string {
  switch (char) {
    case '&':
      return '&amp;';
    case '<':
      return '&lt;';
    case '>':
      return '&gt;';
    case '"':
      return '&quot;';
    case "'":
      return '&apos;';
    default:
      return `&#x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')};`;
  }
}

/** Escapes character data. */
export function escapeText(value: string): string {
  return value.replace(/[&<>\r]/g, (char) =>
    char === '&' ? '&amp;' : char === '<' ? '&lt;' : char === '>' ? '&gt;' : '&#x0D;',
  );
}
