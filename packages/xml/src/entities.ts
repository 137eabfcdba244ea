import { isNameCode, isNameStartCode } from './names.ts';
import type { XmlError } from './xml-error.ts';

/** Longest text that all entity references of one document may expand to, code units: no billion laughs. */
const maxExpandedLength = 1024 * 1024;
const maxEntityDepth = 16;

/** General entities of the internal DTD, and how much they have been expanded so far. */
export interface EntityTable {
  /** Text of each entity; undefined for an external one. */
  readonly declared: Map<string, string | undefined>;
  expandedLength: number;
}

type MakeError = (message: string, offset?: number) => XmlError;

const predefined: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/**
 * Resolves `&...;` in text or in an attribute's value; in the latter literal tabs and line ends become blanks too.
 * @throws what `fail` makes, on an undeclared, external, recursive or malformed reference and when over the bound
 */
export function expandReferences(
  raw: string,
  entities: EntityTable,
  place: 'content' | 'attribute',
  fail: MakeError,
  depth = 0,
): string {
  if (depth > maxEntityDepth) throw fail(`entities refer to each other deeper than ${maxEntityDepth}`);
  const parts: string[] = [];
  let at = 0;
  for (let next = raw.indexOf('&'); next !== -1; next = raw.indexOf('&', at)) {
    parts.push(plain(raw.slice(at, next), place));
    const end = raw.indexOf(';', next);
    if (end === -1) throw fail("'&' does not begin a reference; write '&amp;'");
    parts.push(resolve(raw.slice(next + 1, end), entities, place, fail, depth));
    at = end + 1;
  }
  parts.push(plain(raw.slice(at), place));
  return parts.join('');
}

function plain(value: string, place: 'content' | 'attribute'): string {
  return place === 'attribute' ? value.replace(/[\t\n]/g, ' ') : value;
}

function resolve(
  name: string,
  entities: EntityTable,
  place: 'content' | 'attribute',
  fail: MakeError,
  depth: number,
): string {
  if (name.startsWith('#')) return characterReference(name, fail);
  if (Object.hasOwn(predefined, name)) return predefined[name] as string;
  if (!isName(name)) throw fail("'&' does not begin a reference; write '&amp;'");
  if (!entities.declared.has(name)) throw fail(`entity ${name} is not declared`);
  const value = entities.declared.get(name);
  if (value === undefined) throw fail(`entity ${name} is external; external entities are not read`);
  if (value.includes('<')) throw fail(`entity ${name} contains markup, which is not supported`);
  entities.expandedLength += value.length;
  if (entities.expandedLength > maxExpandedLength)
    throw fail(`entities expand to over ${maxExpandedLength} characters`);
  return expandReferences(value, entities, place, fail, depth + 1);
}

function characterReference(name: string, fail: MakeError): string {
  const match = /^#(?:x([0-9a-fA-F]+)|([0-9]+))$/.exec(name);
  if (match === null) throw fail(`character reference &${name}; is malformed`);
  const digits = match[1] ?? (match[2] as string);
  const code = digits.length > 32 ? Number.NaN : Number.parseInt(digits, match[1] === undefined ? 10 : 16);
  const allowed =
    code === 0x9 ||
    code === 0xa ||
    code === 0xd ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff);
  if (!allowed) throw fail(`character reference &${name}; is no character of XML`);
  return String.fromCodePoint(code);
}

function isName(name: string): boolean {
  let first = true;
  for (const character of name) {
    const code = character.codePointAt(0) as number;
    if (first ? !isNameStartCode(code) : !isNameCode(code)) return false;
    first = false;
  }
  return !first;
}

/**
 * Reads a document type declaration, and keeps the general entities of its internal subset.
 * @param start offset of `<!DOCTYPE`
 * @returns the offset behind its `>`
 */
export function readDoctype(source: string, start: number, entities: EntityTable, fail: MakeError): number {
  const head =
    /<!DOCTYPE[ \t\n]+[^\s<>[\]"'/=!?&;]+([ \t\n]+(SYSTEM[ \t\n]+("[^"]*"|'[^']*')|PUBLIC[ \t\n]+("[^"]*"|'[^']*')[ \t\n]+("[^"]*"|'[^']*')))?[ \t\n]*/y;
  head.lastIndex = start;
  if (head.exec(source) === null) throw fail('the document type declaration is malformed', start);
  let at = head.lastIndex;
  if (source.charAt(at) === '[') at = readInternalSubset(source, at + 1, entities, fail);
  while (/[ \t\n]/.test(source.charAt(at))) at += 1;
  if (source.charAt(at) !== '>') throw fail('the document type declaration is malformed', at);
  return at + 1;
}

/** One declaration of an internal subset: space, comment, instruction, or markup with its quoted strings. */
const declaration =
  /[ \t\n]+|<!--(?:[^-]|-[^-])*-->|<\?[\s\S]*?\?>|<!(ENTITY|ELEMENT|ATTLIST|NOTATION)([ \t\n](?:[^"'<>]|"[^"]*"|'[^']*')*)>/y;
const entityDeclaration =
  /^[ \t\n]+([^\s"'<>&%;]+)[ \t\n]+(?:("[^"]*"|'[^']*')|(?:SYSTEM|PUBLIC)[ \t\n][\s\S]*)[ \t\n]*$/;

function readInternalSubset(source: string, start: number, entities: EntityTable, fail: MakeError): number {
  let at = start;
  while (source.charAt(at) !== ']') {
    declaration.lastIndex = at;
    const match = declaration.exec(source);
    if (match === null) throw fail('the internal document type is malformed, or uses parameter entities', at);
    if (match[1] === 'ENTITY') declareEntity(match[2] as string, entities, at, fail);
    at = declaration.lastIndex;
  }
  return at + 1;
}

function declareEntity(body: string, entities: EntityTable, at: number, fail: MakeError): void {
  const match = entityDeclaration.exec(body);
  const name = match?.[1];
  if (match === null || name === undefined || !isName(name)) {
    throw fail('the entity declaration is malformed, or one of a parameter entity (not supported)', at);
  }
  if (entities.declared.has(name)) return;
  const quoted = match[2];
  if (quoted?.includes('%') === true) throw fail(`entity ${name} uses parameter entities (not supported)`, at);
  const literal = quoted?.slice(1, -1).replace(/&#[^;]*;/g, (reference) => {
    const character = characterReference(reference.slice(1, -1), fail);
    // A reference to '&' made here would be read again as markup when the entity is used: keep it escaped.
    return character;
  });
  entities.declared.set(name, literal);
}
