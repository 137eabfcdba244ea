/** An expression that is no XPath 1.0, or that asks for what this engine does not have. */
export class XPathError extends Error {
  readonly code = 'XPATH_INVALID';
}

export interface Token {
  readonly kind: 'operator' | 'punctuation' | 'name' | 'literal' | 'number' | 'end';
  readonly text: string;
}

/** Longest expression accepted, characters. */
const maxLength = 64 * 1024;

const pattern =
  /[ \t\r\n]*(?:(\.\.|::|\/\/|!=|<=|>=|[()[\]@,/|+=<>*$-]|\.(?!\d))|("[^"]*"|'[^']*')|(\d+(?:\.\d*)?|\.\d+)|([\p{L}_][\p{L}\p{N}_.·-]*(?::(?!:)(?:\*|[\p{L}_][\p{L}\p{N}_.·-]*))?))/uy;

const operatorNames = new Set(['and', 'or', 'mod', 'div']);
const operators = new Set(['/', '//', '|', '+', '-', '=', '!=', '<', '<=', '>', '>=']);

/** Cuts an expression into tokens, telling names from operators as XPath 1.0 section 3.7 says. */
export function tokenize(expression: string): Token[] {
  if (expression.length > maxLength) throw new XPathError(`the XPath is longer than ${maxLength} characters`);
  const tokens: Token[] = [];
  let at = 0;
  while (expression.slice(at).trim() !== '') {
    pattern.lastIndex = at;
    const match = pattern.exec(expression);
    if (match === null) throw new XPathError(`XPath '${expression}' is malformed at character ${at + 1}`);
    at = pattern.lastIndex;
    tokens.push(classify(match, tokens.at(-1)));
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}

function classify(match: RegExpExecArray, before: Token | undefined): Token {
  const [, symbol, literal, number, name] = match;
  if (literal !== undefined) return { kind: 'literal', text: literal.slice(1, -1) };
  if (number !== undefined) return { kind: 'number', text: number };
  const afterOperand =
    before !== undefined && before.kind !== 'operator' && !['@', '::', '(', '[', ','].includes(before.text);
  if (symbol === '*') return { kind: afterOperand ? 'operator' : 'name', text: '*' };
  if (symbol !== undefined) return { kind: operators.has(symbol) ? 'operator' : 'punctuation', text: symbol };
  const text = name as string;
  if (afterOperand && operatorNames.has(text)) return { kind: 'operator', text };
  return { kind: 'name', text };
}
