import { Scanner } from './scanner.ts';
import type { Element } from './tree.ts';
import { XmlError } from './xml-error.ts';

export { XmlError };

/** Limits of {@link parseXml}. */
export interface ParseOptions {
  /** Deepest nesting of elements accepted. Default 256, as libxml2's. */
  maxDepth?: number;
  /** Longest document accepted, UTF-16 code units. Default 256 Mi. */
  maxLength?: number;
  /** Is told the line, from 1, that each element's start tag ends on. */
  lines?: WeakMap<Element, number>;
}

/**
 * Parses one XML 1.0 document, exactly as libxml2 does (compared in parse-libxml2.test.ts): repeated or unquoted
 * attributes, stray `<` or `&`, undeclared entities are refused, white space in attributes becomes blanks, character
 * references are resolved. White-space-only text between elements is dropped, processing instructions too. Entities of
 * an internal DTD may stand for text only and are bounded; nothing external is ever read.
 * @throws {XmlError} with the line, when it is not well formed or over a limit
 */
export function parseXml(source: string, options: ParseOptions = {}): Element {
  const maxLength = options.maxLength ?? 256 * 1024 * 1024;
  if (source.length > maxLength) throw new XmlError(`the document is longer than ${maxLength} characters`, 0);
  return new Scanner(source, options.maxDepth ?? 256, options.lines).document();
}
