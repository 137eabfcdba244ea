import { type Element, escapeText, type Node } from '@sanode/xml';

const inline = new Set(['span']);
const voidElements = new Set(['meta', 'link', 'br']);

/** Prints an HTML element as libxml2's writer does: line ends around blocks, void elements unclosed. */
export function printHtml(root: Element): string {
  const parts: string[] = [];
  append(parts, root, undefined);
  return parts.join('');
}

function append(parts: string[], node: Element, next: Node | undefined): void {
  parts.push('<', node.name);
  for (const [name, value] of node.attributes)
    parts.push(' ', name, '="', escapeText(value).replace(/"/g, '&quot;'), '"');
  parts.push('>');
  const isInline = inline.has(node.name);
  if (!voidElements.has(node.name)) {
    const { children } = node;
    const breaks = !isInline && children.length > 1;
    if (breaks && children[0]?.type === 'element') parts.push('\n');
    for (const [index, child] of children.entries()) {
      if (child.type === 'element') append(parts, child, children[index + 1]);
      else if (node.name === 'style' && child.type === 'text') parts.push(child.text);
      else if (child.type === 'text') parts.push(escapeText(child.text));
    }
    if (breaks && children.at(-1)?.type === 'element') parts.push('\n');
    parts.push('</', node.name, '>');
  }
  if (!isInline && next?.type === 'element') parts.push('\n');
}
