import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { Element, Node } from './tree.ts';

/** Text that is not a well-formed XML document, or that is over a limit. */
export class XmlError extends Error {
  readonly code = 'XML_MALFORMED';
  /** Line of the problem, from 1; 0 if unknown. */
  readonly line: number;

  constructor(message: string, line: number) {
    super(message);
    this.line = line;
  }
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  commentPropName: '#comment',
  cdataPropName: '#cdata',
  ignoreDeclaration: true,
  ignorePiTags: true,
});

/**
 * Parses one document. White-space-only text between elements is dropped.
 * @throws {XmlError} when it is not well formed
 */
export function parseXml(source: string): Element {
  const verdict = XMLValidator.validate(source);
  if (verdict !== true) throw new XmlError(verdict.err.msg, verdict.err.line);
  const nodes = convert(parser.parse(source) as ParsedNode[]);
  const root = nodes.find((node) => node.type === 'element');
  if (root === undefined) throw new XmlError('there is no root element', 1);
  return root;
}

type ParsedNode = Record<string, unknown>;

function convert(parsed: readonly ParsedNode[]): Node[] {
  const nodes: Node[] = [];
  for (const entry of parsed) {
    const name = Object.keys(entry).find((key) => key !== ':@');
    if (name === undefined) continue;
    const content = entry[name];
    if (name === '#text') {
      const value = String(content);
      if (value.trim() !== '') nodes.push({ type: 'text', text: value });
    } else if (name === '#comment' || name === '#cdata') {
      const value = (content as ParsedNode[]).map((part) => String(part['#text'] ?? '')).join('');
      nodes.push({ type: name === '#comment' ? 'comment' : 'cdata', text: value });
    } else {
      const attributes = new Map<string, string>();
      for (const [key, value] of Object.entries((entry[':@'] ?? {}) as object)) attributes.set(key, String(value));
      nodes.push({ type: 'element', name, attributes, children: convert(content as ParsedNode[]) });
    }
  }
  return nodes;
}
