import type { Element, Node } from './tree.ts';

/** Prints an element in one line as it goes over the wire: no added white space, text nodes left out. */
export function printCompact(node: Element): string {
  const parts: string[] = [];
  appendElement(parts, node, false);
  return parts.join('');
}

/** Prints an element in one line, text nodes included (metadata, documents for people). */
export function printWithText(node: Element): string {
  const parts: string[] = [];
  appendElement(parts, node, true);
  return parts.join('');
}

function appendElement(parts: string[], node: Element, withText: boolean): void {
  parts.push('<', node.name);
  for (const [name, value] of node.attributes) parts.push(' ', name, '="', escapeAttribute(value), '"');
  const children = withText ? node.children : node.children.filter((child) => child.type !== 'text');
  if (children.length === 0) {
    parts.push('/>');
    return;
  }
  parts.push('>');
  for (const child of children) appendNode(parts, child, withText);
  parts.push('</', node.name, '>');
}

function appendNode(parts: string[], node: Node, withText: boolean): void {
  switch (node.type) {
    case 'element':
      appendElement(parts, node, withText);
      break;
    case 'comment':
      parts.push('<!--', node.text, '-->');
      break;
    case 'cdata':
      parts.push('<![CDATA[', node.text, ']]>');
      break;
    case 'text':
      parts.push(escapeText(node.text));
      break;
  }
}

/** Escapes an attribute's value for double quotes. */
export function escapeAttribute(value: string): string {
  return value.replace(/[&<>"'\u0000-\u001f\u007f]/g, (char) => {
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
  });
}

/** Escapes character data. */
export function escapeText(value: string): string {
  return value.replace(/[&<>]/g, (char) => (char === '&' ? '&amp;' : char === '<' ? '&lt;' : '&gt;'));
}
