import { type Element, element, text as textNode } from '@sanode/xml';

/** A data type of the schemas (cib-schema.md 3): what it accepts, and the RELAX NG pattern that says the same. */
export interface DataType {
  /** `ID` and `IDREF` also take part in the document's ids and references. */
  readonly name: string;
  readonly accepts: (value: string) => boolean;
  readonly pattern: Element;
}

const blanks = /^[ \t\r\n]+|[ \t\r\n]+$/g;

export function trim(value: string): string {
  return value.replace(blanks, '');
}

/** Blanks at both ends removed, inner runs collapsed to one. */
export function tokenOf(value: string): string {
  return trim(value).replace(/[ \t\r\n]+/g, ' ');
}

const nameStart =
  'A-Z_a-z\\xC0-\\xD6\\xD8-\\xF6\\xF8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF' +
  '\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}';
const ncName = new RegExp(`^[${nameStart}][${nameStart}\\-.0-9\\xB7\\u0300-\\u036F\\u203F\\u2040]*$`, 'u');

/** The names people use, found without the tables of Unicode. */
const plainName = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** An NCName of XML 1.0, fifth edition: a name without colon. */
export function isNcName(value: string): boolean {
  return plainName.test(value) || ncName.test(trim(value));
}

function data(type: string, ...children: Element[]): Element {
  return element('data', { type }, children);
}

function valuePattern(value: string, type?: string): Element {
  return element('value', { type }, [textNode(value)]);
}

function choiceOf(patterns: readonly Element[]): Element {
  return patterns.length === 1 ? (patterns[0] as Element) : element('choice', {}, patterns);
}

export const text: DataType = { name: 'text', accepts: () => true, pattern: element('text') };
export const ID: DataType = { name: 'ID', accepts: isNcName, pattern: data('ID') };
export const IDREF: DataType = { name: 'IDREF', accepts: isNcName, pattern: data('IDREF') };

/** Longest number accepted, digits; libxml2 before 2.11 took 24. */
const maxDigits = 1000;

function integer(value: string): { negative: boolean; digits: string } | undefined {
  const match = /^([+-]?)0*(\d*)$/.exec(trim(value));
  if (match === null || !/\d/.test(value) || (match[2] as string).length > maxDigits) return undefined;
  return { negative: match[1] === '-', digits: match[2] as string };
}

export const int: DataType = {
  name: 'integer',
  accepts: (value) => integer(value) !== undefined,
  pattern: data('integer'),
};
export const nonNegative: DataType = {
  name: 'nonNegativeInteger',
  accepts: (value) => {
    const number = integer(value);
    return number !== undefined && (!number.negative || number.digits === '');
  },
  pattern: data('nonNegativeInteger'),
};
export const positive: DataType = {
  name: 'positiveInteger',
  accepts: (value) => {
    const number = integer(value);
    return number !== undefined && !number.negative && number.digits !== '';
  },
  pattern: data('positiveInteger'),
};
export const oneToNine: DataType = {
  name: 'positiveInteger',
  accepts: (value) => positive.accepts(value) && integer(value)?.digits.length === 1,
  pattern: data('positiveInteger', element('param', { name: 'maxInclusive' }, [textNode('9')])),
};
export const bool: DataType = {
  name: 'boolean',
  accepts: (value) => ['true', 'false', '1', '0'].includes(trim(value)),
  pattern: data('boolean'),
};

const infinities = ['INFINITY', '+INFINITY', '-INFINITY'];

export const score: DataType = {
  name: 'score',
  accepts: (value) => int.accepts(value) || infinities.includes(tokenOf(value)),
  pattern: choiceOf([data('integer'), ...infinities.map((word) => valuePattern(word))]),
};

function matching(source: string): DataType {
  const whole = new RegExp(`^${source}$`);
  return {
    name: 'string',
    accepts: (value) => whole.test(value),
    pattern: data('string', element('param', { name: 'pattern' }, [textNode(source)])),
  };
}

export const devices = matching('[a-zA-Z0-9_.\\-]+(,[a-zA-Z0-9_.\\-]+)*');
export const range = matching('[0-9\\-]+');

/** One of these words, as tokens. */
export function oneOf(...words: readonly string[]): DataType {
  return {
    name: words.join(' or '),
    accepts: (value) => words.includes(tokenOf(value)),
    pattern: choiceOf(words.map((word) => valuePattern(word))),
  };
}

/** This string and no other, blanks counted. */
export function exactly(word: string): DataType {
  return { name: word, accepts: (value) => value === word, pattern: valuePattern(word, 'string') };
}

/** Any string but these: `tokens` however they are padded, `strings` as they stand. */
export function anyBut(tokens: readonly string[], strings: readonly string[] = []): DataType {
  return {
    name: 'another name',
    accepts: (value) => !tokens.includes(tokenOf(value)) && !strings.includes(value),
    pattern: data(
      'string',
      element('except', {}, [
        choiceOf([
          ...tokens.map((word) => valuePattern(word, 'token')),
          ...strings.map((word) => valuePattern(word, 'string')),
        ]),
      ]),
    ),
  };
}
