import { type EntityTable, expandReferences, readDoctype } from './entities.ts';
import { isNameCode, isNameStartCode } from './names.ts';
import type { Element, Node } from './tree.ts';
import { XmlError } from './xml-error.ts';

const quoteCode = 0x22;
const apostropheCode = 0x27;
const slashCode = 0x2f;
const lessCode = 0x3c;
const equalsCode = 0x3d;
const greaterCode = 0x3e;

const noAttributes: ReadonlyMap<string, string> = new Map();
const maxExpectedNames = 64;
const noChildren: readonly Node[] = [];
const forbiddenCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const attributeNeedsWork = /[&<\t\n]/;
const notBlank = /[^ \t\n]/;

interface OpenElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  children: Node[];
  readonly startOffset: number;
  readonly line: number;
}

/** Reads one document from front to back; every method leaves `#at` behind what it has read. */
export class Scanner {
  readonly #source: string;
  readonly #maxDepth: number;
  readonly #lines: WeakMap<Element, number> | undefined;
  /** Line breaks counted so far, and up to where. */
  #line = 1;
  #lineAt = 0;
  readonly #entities: EntityTable = { declared: new Map(), expandedLength: 0 };
  /** Names of the attributes of the last element of each name. */
  readonly #attributeNames = new Map<string, string[]>();
  #at = 0;

  constructor(source: string, maxDepth: number, lines?: WeakMap<Element, number>) {
    this.#lines = lines;
    let text = source.charCodeAt(0) === 0xfeff ? source.slice(1) : source;
    if (text.includes('\r')) text = text.replace(/\r\n?/g, '\n');
    this.#source = text;
    this.#maxDepth = maxDepth;
  }

  document(): Element {
    const bad = forbiddenCharacter.exec(this.#source);
    if (bad !== null) {
      throw this.#error(`character U+${hexCode(bad[0])} may not occur in XML`, bad.index);
    }
    if (!this.#source.isWellFormed()) throw this.#error('the text is not valid Unicode', 0);
    this.#declaration();
    this.#misc(true);
    if (this.#source.charCodeAt(this.#at) !== lessCode) {
      throw this.#error(this.#at >= this.#source.length ? 'there is no root element' : 'text before the root element');
    }
    const root = this.#rootElement();
    this.#misc(false);
    if (this.#at < this.#source.length) throw this.#error('there is something after the end of the root element');
    return root;
  }

  #error(message: string, offset = this.#at): XmlError {
    let line = 1;
    for (let at = this.#source.indexOf('\n'); at !== -1 && at < offset; at = this.#source.indexOf('\n', at + 1)) {
      line += 1;
    }
    return new XmlError(message, line);
  }

  #declaration(): void {
    if (!/^<\?xml[ \t\n]/.test(this.#source.slice(0, 6))) return;
    const end = this.#source.indexOf('?>');
    const text = end === -1 ? '' : this.#source.slice(5, end);
    const pattern =
      /^[ \t\n]+version[ \t\n]*=[ \t\n]*("1\.\d+"|'1\.\d+')([ \t\n]+encoding[ \t\n]*=[ \t\n]*("[A-Za-z][\w.-]*"|'[A-Za-z][\w.-]*'))?([ \t\n]+standalone[ \t\n]*=[ \t\n]*("(yes|no)"|'(yes|no)'))?[ \t\n]*$/;
    const match = pattern.exec(text);
    if (match === null) throw this.#error('the XML declaration is malformed');
    const encoding = match[3]?.slice(1, -1);
    if (encoding !== undefined && !/^(utf-?8|(us-)?ascii)$/i.test(encoding)) {
      throw this.#error(`encoding ${encoding} is not supported; documents are read as UTF-8`);
    }
    this.#at = end + 2;
  }

  /** White space, comments, processing instructions, and before the root a document type. */
  #misc(mayDeclareType: boolean): void {
    let typeAllowed = mayDeclareType;
    for (;;) {
      this.#skipSpace();
      if (this.#source.startsWith('<!--', this.#at)) this.#comment();
      else if (this.#source.startsWith('<?', this.#at)) this.#instruction();
      else if (typeAllowed && this.#source.startsWith('<!DOCTYPE', this.#at)) {
        typeAllowed = false;
        this.#at = readDoctype(this.#source, this.#at, this.#entities, (message, at) => this.#error(message, at));
      } else return;
    }
  }

  #skipSpace(): void {
    const source = this.#source;
    let at = this.#at;
    for (;;) {
      const code = source.charCodeAt(at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x09) break;
      at += 1;
    }
    this.#at = at;
  }

  #rootElement(): Element {
    const source = this.#source;
    const open: OpenElement[] = [];
    let text = '';
    for (;;) {
      const next = source.indexOf('<', this.#at);
      if (next === -1) {
        const last = open.at(-1);
        throw this.#error(`element ${last?.name ?? ''} is not closed`, last?.startOffset ?? source.length);
      }
      if (next > this.#at) text += this.#characterData(next);
      const code = source.charCodeAt(next + 1);
      const parent = open.at(-1);
      if (code === 0x21 && source.startsWith('<![CDATA[', next) && parent !== undefined) {
        text = flushText(parent, text);
        this.#cdata(parent);
      } else if (code === 0x21) {
        const comment = this.#comment();
        if (parent !== undefined) {
          text = flushText(parent, text);
          parent.children.push({ type: 'comment', text: comment });
        }
      } else if (code === 0x3f) this.#instruction();
      else if (code === slashCode && parent !== undefined) {
        text = flushText(parent, text);
        const closed = this.#endTag(parent);
        open.pop();
        const above = open.at(-1);
        if (above === undefined) return closed;
        above.children.push(closed);
      } else {
        if (parent !== undefined) text = flushText(parent, text);
        const begun = this.#startTag(open.length);
        if ('startOffset' in begun) open.push(begun);
        else if (parent === undefined) return begun;
        else parent.children.push(begun);
      }
    }
  }

  #characterData(end: number): string {
    const raw = this.#source.slice(this.#at, end);
    if (!notBlank.test(raw)) {
      this.#at = end;
      return raw;
    }
    const wrong = raw.indexOf(']]>');
    if (wrong !== -1) throw this.#error("']]>' may not occur in text", this.#at + wrong);
    const value = raw.includes('&')
      ? expandReferences(raw, this.#entities, 'content', (message) => this.#error(message))
      : raw;
    this.#at = end;
    return value;
  }

  #name(): string {
    const source = this.#source;
    const start = this.#at;
    let at = start;
    let code = source.codePointAt(at) ?? 0;
    if (!isNameStartCode(code)) throw this.#error('a name is expected here');
    do {
      at += code > 0xffff ? 2 : 1;
      code = source.charCodeAt(at);
      if (code >= 0xd800 && code < 0xe000) code = source.codePointAt(at) ?? 0;
    } while (isNameCode(code));
    this.#at = at;
    return source.slice(start, at);
  }

  #startTag(depth: number): OpenElement | Element {
    const source = this.#source;
    const startOffset = this.#at;
    if (depth >= this.#maxDepth) throw this.#error(`elements are nested deeper than ${this.#maxDepth}`);
    this.#at += 1;
    const name = this.#name();
    let attributes: Map<string, string> | undefined;
    let expected = this.#attributeNames.get(name);
    if (expected === undefined) {
      expected = [];
      this.#attributeNames.set(name, expected);
    }
    for (;;) {
      const before = this.#at;
      this.#skipSpace();
      const code = source.charCodeAt(this.#at);
      if (code === greaterCode) {
        this.#at += 1;
        return { name, attributes: attributes ?? noAttributes, children: [], startOffset, line: this.#lineHere() };
      }
      if (code === slashCode && source.charCodeAt(this.#at + 1) === greaterCode) {
        this.#at += 2;
        return this.#placed(
          { type: 'element', name, attributes: attributes ?? noAttributes, children: noChildren },
          this.#lineHere(),
        );
      }
      if (Number.isNaN(code)) throw this.#error(`the tag of element ${name} is not complete`, startOffset);
      if (before === this.#at) throw this.#error(`white space is missing in the tag of element ${name}`);
      attributes ??= new Map();
      this.#attribute(attributes, name, expected);
    }
  }

  #attribute(attributes: Map<string, string>, elementName: string, expected: string[]): void {
    const source = this.#source;
    const index = attributes.size;
    const name = this.#attributeName(expected, index);
    this.#skipSpace();
    if (source.charCodeAt(this.#at) !== equalsCode) throw this.#error(`attribute ${name} has no value`);
    this.#at += 1;
    this.#skipSpace();
    const quote = source.charCodeAt(this.#at);
    if (quote !== quoteCode && quote !== apostropheCode) throw this.#error(`the value of ${name} is not in quotes`);
    const end = source.indexOf(quote === quoteCode ? '"' : "'", this.#at + 1);
    if (end === -1) throw this.#error(`the value of ${name} does not end`);
    let value = source.slice(this.#at + 1, end);
    if (attributeNeedsWork.test(value)) {
      if (value.includes('<')) throw this.#error(`'<' may not occur in the value of ${name}`);
      if (value.includes('&')) {
        value = expandReferences(value, this.#entities, 'attribute', (message) => this.#error(message));
      } else value = value.replace(/[\t\n]/g, ' ');
    }
    attributes.set(name, value);
    if (attributes.size === index) throw this.#error(`attribute ${name} of element ${elementName} is there twice`);
    this.#at = end + 1;
  }

  /** A name that is where it was in the last element of that name is the same string, with its hash known. */
  #attributeName(expected: string[], index: number): string {
    const source = this.#source;
    const guess = expected[index];
    if (guess !== undefined && source.startsWith(guess, this.#at)) {
      const end = this.#at + guess.length;
      if (source.charCodeAt(end) === equalsCode) {
        this.#at = end;
        return guess;
      }
    }
    const name = this.#name();
    if (index < maxExpectedNames) expected[index] = name;
    return name;
  }

  #endTag(open: OpenElement): Element {
    const start = this.#at;
    this.#at += 2;
    const name = this.#name();
    this.#skipSpace();
    if (name !== open.name) throw this.#error(`element ${open.name} is closed as ${name}`, start);
    if (this.#source.charCodeAt(this.#at) !== greaterCode) throw this.#error(`the end tag of ${name} is malformed`);
    this.#at += 1;
    const children = open.children.length === 0 ? noChildren : open.children;
    return this.#placed({ type: 'element', name, attributes: open.attributes, children }, open.line);
  }

  #placed(node: Element, line: number): Element {
    this.#lines?.set(node, line);
    return node;
  }

  /** The line that is being read; counted only if somebody wants to know. */
  #lineHere(): number {
    if (this.#lines === undefined) return 0;
    for (;;) {
      const next = this.#source.indexOf('\n', this.#lineAt);
      if (next === -1 || next >= this.#at) return this.#line;
      this.#line += 1;
      this.#lineAt = next + 1;
    }
  }

  #comment(): string {
    const start = this.#at;
    if (!this.#source.startsWith('<!--', start)) throw this.#error("after '<' a name, '/', '!--' or '?' is expected");
    const end = this.#source.indexOf('--', start + 4);
    if (end === -1) throw this.#error('the comment does not end');
    if (this.#source.charCodeAt(end + 2) !== greaterCode) throw this.#error("'--' may not occur in a comment", end);
    this.#at = end + 3;
    return this.#source.slice(start + 4, end);
  }

  #cdata(parent: OpenElement): void {
    const start = this.#at;
    const end = this.#source.indexOf(']]>', start + 9);
    if (end === -1) throw this.#error('the CDATA section does not end');
    this.#at = end + 3;
    parent.children.push({ type: 'cdata', text: this.#source.slice(start + 9, end) });
  }

  #instruction(): void {
    const start = this.#at;
    this.#at += 2;
    const target = this.#name();
    if (target === 'xml') throw this.#error('an XML declaration may stand only at the very beginning', start);
    const end = this.#source.indexOf('?>', this.#at);
    if (end === -1) throw this.#error('the processing instruction does not end', start);
    if (end !== this.#at && !/[ \t\n]/.test(this.#source.charAt(this.#at))) {
      throw this.#error('a blank is missing after the name of the processing instruction', start);
    }
    this.#at = end + 2;
  }
}

function flushText(parent: OpenElement, text: string): '' {
  if (text !== '' && notBlank.test(text)) parent.children.push({ type: 'text', text });
  return '';
}

function hexCode(character: string): string {
  return character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
}
