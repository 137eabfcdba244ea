import { readFileSync, statSync } from 'node:fs';
import { CibFileError, cibOption, connectCib } from '@sanode/cib';
import { Bzip2Error, bzip2DecompressUpTo } from '@sanode/messages';
import { type Element, element, firstChild, parseXml, withChildren, XmlError } from '@sanode/xml';
import { exitCode, resultOfConnectionError } from '../../common/cib-exit.ts';
import { type GivenOption, hasOption, lastValue } from '../../common/options.ts';
import type { ToolIo } from '../../io.ts';

/** Largest input, bytes of XML. */
const maxInputBytes = 256 * 1024 * 1024;

export type Input = { readonly cib: Element; readonly live: boolean } | { readonly exit: number };

/** Reads the CIB from where the options say; adds an empty status where there is none. */
export async function readInput(given: readonly GivenOption[], io: ToolIo): Promise<Input> {
  const file = lastValue(given, 'xml-file');
  const piped = hasOption(given, 'xml-pipe');
  if (file === undefined && !piped) return readLive(io);
  try {
    const cib = parseXml(piped ? await io.readStdin(maxInputBytes) : readFile(file ?? ''));
    if (cib.name !== 'cib') {
      io.stderr(`crm_simulate: Could not read input XML: the root is <${cib.name}>, not <cib>\n`);
      return { exit: exitCode.dataError };
    }
    return { cib: withStatus(cib), live: false };
  } catch (error) {
    if (!(error instanceof XmlError || error instanceof Bzip2Error || isFileError(error))) throw error;
    io.stderr(`crm_simulate: Could not read input XML: ${(error as Error).message}\n`);
    return { exit: isFileError(error) ? exitCode.noInput : exitCode.dataError };
  }
}

function isFileError(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

function readFile(file: string): string {
  if (statSync(file).size > maxInputBytes) throw new XmlError(`${file} is over ${maxInputBytes} bytes`, 0);
  const content = readFileSync(file);
  return (file.endsWith('.bz2') ? bzip2DecompressUpTo(content, maxInputBytes) : content).toString('utf8');
}

function withStatus(cib: Element): Element {
  return firstChild(cib, 'status') !== undefined ? cib : withChildren(cib, [...cib.children, element('status')]);
}

async function readLive(io: ToolIo): Promise<Input> {
  try {
    const client = await connectCib({ clientName: 'crm_simulate', writable: false, env: io.env });
    try {
      const reply = await client.call({ operation: 'cib_query', options: cibOption.syncCall });
      if (reply.data !== undefined) return { cib: withStatus(reply.data), live: true };
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof CibFileError)) resultOfConnectionError(error);
  }
  io.stderr('crm_simulate: CIB query failed: Input file not available\n');
  return { exit: exitCode.noInput };
}
