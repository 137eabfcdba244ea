export { type CompareOptions, sameAttributes, sameElement } from './compare.ts';
export {
  canonicalText,
  DigestCache,
  type DigestEscaping,
  digestV1,
  digestV2,
  sortAttributes,
} from './digest.ts';
export { type ParseOptions, parseXml, XmlError } from './parse.ts';
export {
  escapeAttribute,
  escapeAttributeNewer,
  escapeText,
  type PrettyOptions,
  printCompact,
  printPretty,
  printWithText,
} from './print.ts';
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
export {
  evaluateXPath,
  type LocatedElement,
  locateElements,
  selectElements,
  XPathError,
} from './xpath/index.ts';
