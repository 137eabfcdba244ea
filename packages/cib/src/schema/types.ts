/** Data types of the schemas (cib-schema.md 3). */
export type DataType = (value: string) => boolean;

/** Types that also take part in the document's ids and references. */
export type AttributeType = DataType | 'ID' | 'IDREF';

const blanks = /^[ \t\r\n]+|[ \t\r\n]+$/g;

export function trim(value: string): string {
  return value.replace(blanks, '');
}

/** Blanks at both ends removed, inner runs collapsed to one. */
export function tokenOf(value: string): string {
  return trim(value).replace(/[ \t\r\n]+/g, ' ');
}

export const text: DataType = () => true;

/** An NCName: a name without colon. */
export function isNcName(value: string): boolean {
  return /^[\p{L}_][\p{L}\p{N}\p{M}._·-]*$/u.test(trim(value));
}

/** Longest number accepted, digits; libxml2 before 2.11 took 24. */
const maxDigits = 1000;

function integer(value: string): { negative: boolean; digits: string } | undefined {
  const match = /^([+-]?)0*(\d*)$/.exec(trim(value));
  if (match === null || !/\d/.test(value) || (match[2] as string).length > maxDigits) return undefined;
  return { negative: match[1] === '-', digits: match[2] as string };
}

export const int: DataType = (value) => integer(value) !== undefined;
export const nonNegative: DataType = (value) => {
  const number = integer(value);
  return number !== undefined && (!number.negative || number.digits === '');
};
export const positive: DataType = (value) => {
  const number = integer(value);
  return number !== undefined && !number.negative && number.digits !== '';
};
export const oneToNine: DataType = (value) => positive(value) && integer(value)?.digits.length === 1;
export const bool: DataType = (value) => ['true', 'false', '1', '0'].includes(trim(value));
export const score: DataType = (value) => int(value) || ['INFINITY', '+INFINITY', '-INFINITY'].includes(tokenOf(value));
export const devices: DataType = (value) => /^[a-zA-Z0-9_.-]+(,[a-zA-Z0-9_.-]+)*$/.test(value);
export const range: DataType = (value) => /^[0-9-]+$/.test(value);

export function oneOf(...words: readonly string[]): DataType {
  return (value) => words.includes(tokenOf(value));
}
