export { parseXml, XmlError } from './parse.ts';
export { escapeAttribute, escapeText, printCompact, printWithText } from './print.ts';
export {
  type AttributeInput,
  attr,
  type CData,
  type Comment,
  childElements,
  descend,
  type Element,
  element,
  firstChild,
  type Node,
  type Text,
  text,
  textContent,
  walk,
  withAttributes,
  withChildren,
} from './tree.ts';
