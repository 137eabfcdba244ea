import { readFileSync, statSync } from 'node:fs';
import { type Element, parseXml, XmlError } from '@sanode/xml';
import { type GivenOption, hasOption, lastValue } from '../../common/options.ts';
import type { ToolIo } from '../../io.ts';

/** Most that is read from a file or a pipe, bytes. */
export const maxInputBytes = 256 * 1024 * 1024;

/**
 * The object that a command line gives with --xml-text, --xml-file or --xml-pipe.
 * @returns undefined when none was given; a sentence when it can't be read
 */
export async function readData(given: readonly GivenOption[], io: ToolIo): Promise<Element | undefined | string> {
  const file = lastValue(given, 'xml-file');
  const inlineText = lastValue(given, 'xml-text');
  if (file !== undefined) return readXmlFile(file);
  if (inlineText !== undefined) {
    return parse(inlineText, (problem) => `Couldn't parse input string: ${inlineText}${problem}`);
  }
  if (!hasOption(given, 'xml-pipe')) return undefined;
  try {
    const piped = await io.readStdin(maxInputBytes);
    return parse(piped, (problem) => `Couldn't parse input from STDIN.${problem}`);
  } catch (error) {
    return `Couldn't parse input from STDIN: ${(error as Error).message}`;
  }
}

/** A document from a file; a sentence when it can't be read. */
export function readXmlFile(file: string, lines?: WeakMap<Element, number>): Element | string {
  let text: string;
  try {
    if (statSync(file).size > maxInputBytes) return `Couldn't parse input from ${file}: it is too large.`;
    text = readFileSync(file, 'utf8');
  } catch {
    return `Couldn't parse input from ${file}.`;
  }
  return parse(text, (problem) => `Couldn't parse input from ${file}.${problem}`, lines);
}

function parse(text: string, say: (problem: string) => string, lines?: WeakMap<Element, number>): Element | string {
  try {
    return parseXml(text, lines === undefined ? {} : { lines });
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    return say(` (line ${error.line}: ${error.message})`);
  }
}
