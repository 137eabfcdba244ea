import { writeFileSync } from 'node:fs';
import { acceptableCib, CibFileError, cibOption, connectCib, type SchemaProblem, schemaProblems } from '@sanode/cib';
import { announcedRelease } from '@sanode/runtime';
import { schedule } from '@sanode/scheduler';
import { childElements, type Element, element, parseXml, printPretty, withChildren, XmlError } from '@sanode/xml';
import { exitCode, resultOfConnectionError } from '../../common/cib-exit.ts';
import { type GivenOption, hasOption, lastValue, type OptionSpec, parseOptions } from '../../common/options.ts';
import { versionText } from '../../common/version.ts';
import type { ToolIo } from '../../io.ts';
import { maxInputBytes, readXmlFile } from '../cibadmin/data.ts';

const optionSpecs: readonly OptionSpec[] = [
  { name: 'help', short: '?', aliases: ['help-all'], value: 'none' },
  { name: 'version', short: '$', value: 'none' },
  { name: 'verbose', short: 'V', value: 'none' },
  { name: 'quiet', short: 'q', value: 'none' },
  { name: 'live-check', short: 'L', value: 'none' },
  { name: 'xml-file', short: 'x', value: 'required' },
  { name: 'xml-pipe', short: 'p', value: 'none' },
  { name: 'xml-text', short: 'X', value: 'required' },
  { name: 'save-xml', short: 'S', value: 'required' },
];

const helpText = `crm_verify - check a Pacemaker configuration

Usage: crm_verify [OPTION...]

  -L, --live-check       Check the running cluster's configuration
  -x, --xml-file=FILE    Check a file
  -p, --xml-pipe         Check standard input
  -X, --xml-text=XML     Check this text
  -S, --save-xml=FILE    Save what was checked
  -V, --verbose          Say what is wrong
  -q, --quiet            Say nothing
`;

/** crm_verify: checks a configuration without acting on it (cli-crm.md 11). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const parsed = parseOptions(argv, optionSpecs);
  if (!parsed.ok) {
    io.stderr(
      `crm_verify: ${parsed.problem === 'missing' ? 'Missing argument for' : 'Unknown option'} ${parsed.word}\n`,
    );
    return exitCode.usage;
  }
  const { given } = parsed;
  if (hasOption(given, 'help')) {
    io.stdout(helpText);
    return 0;
  }
  if (hasOption(given, 'version')) {
    io.stdout(versionText());
    return 0;
  }
  const lines = new WeakMap<Element, number>();
  const source = await readSource(given, io, lines);
  if (typeof source === 'number') return source;
  if (source.name !== 'cib') {
    io.stderr('crm_verify: This tool can only check complete configurations (i.e. those starting with <cib>).\n');
    return exitCode.protocol;
  }
  const hasStatus = childElements(source, 'status').length > 0;
  const cib = hasStatus ? source : withChildren(source, [...source.children, element('status')]);
  const saved = lastValue(given, 'save-xml');
  if (saved !== undefined) writeFileSync(saved, printPretty(cib));
  const lineOf = (node: Element): number | undefined => lines.get(node === cib ? source : node);
  return check(cib, given, io, lineOf);
}

async function readSource(
  given: readonly GivenOption[],
  io: ToolIo,
  lines: WeakMap<Element, number>,
): Promise<Element | number> {
  if (hasOption(given, 'live-check')) return readLive(io);
  const file = lastValue(given, 'xml-file');
  if (file !== undefined) {
    const read = readXmlFile(file, lines);
    if (typeof read !== 'string') return read;
    io.stderr(`crm_verify: Couldn't parse input file: ${file}\n`);
    if (hasOption(given, 'verbose')) io.stderr(`${read}\n`);
    return exitCode.error;
  }
  const inline = lastValue(given, 'xml-text');
  if (inline === undefined && !hasOption(given, 'xml-pipe')) {
    io.stderr('crm_verify: No configuration source specified.  Use --help for usage information.\n');
    return exitCode.error;
  }
  try {
    return parseXml(inline ?? (await io.readStdin(maxInputBytes)), { lines });
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    const where = inline === undefined ? 'input from stdin' : 'input string';
    io.stderr(`crm_verify: Couldn't parse ${where}: line ${error.line}: ${error.message}\n`);
    return exitCode.error;
  }
}

async function readLive(io: ToolIo): Promise<Element | number> {
  try {
    const client = await connectCib({ clientName: 'crm_verify', writable: false, env: io.env });
    try {
      const reply = await client.call({ operation: 'cib_query', options: cibOption.syncCall });
      if (reply.data !== undefined) return reply.data;
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof CibFileError)) resultOfConnectionError(error);
  }
  io.stderr('crm_verify: CIB query failed: Input file not available\n');
  return exitCode.noInput;
}

/** One complaint, with the line of its element where the source has lines (cib-schema.md 8.1, 8.2). */
function complaintText(problem: SchemaProblem, file: string | undefined, line: number | undefined): string {
  const { node, text } = problem;
  if (announcedRelease().name === '3.0') return line === undefined ? `${text}\n\n` : `${text}, at line ${line}\n\n`;
  if (text.startsWith('IDREF attribute')) return `element ${node.name}: validity error : ${text}\n`;
  const where = file === undefined ? `Entity: line ${line ?? 0}:` : `${file}:${line ?? 0}:`;
  return `${where} element ${node.name}: Relax-NG validity error : ${text}\n`;
}

function check(
  cib: Element,
  given: readonly GivenOption[],
  io: ToolIo,
  lineOf: (node: Element) => number | undefined,
): number {
  const verbose = hasOption(given, 'verbose');
  const quiet = hasOption(given, 'quiet');
  const problems = schemaProblems(cib);
  const file = lastValue(given, 'xml-file');
  for (const problem of problems) if (!quiet) io.stderr(complaintText(problem, file, lineOf(problem.node)));
  if (problems.length > 0) {
    if (verbose && !quiet) io.stderr('error: CIB did not pass schema validation\n');
    return conclude('errors', verbose, quiet, io);
  }
  const { cib: usable, messages: changes, refusals, note } = acceptableCib(cib, announcedRelease());
  if (!quiet) for (const text of [...changes, ...refusals]) io.stderr(`${text}\n`);
  if (usable === undefined) {
    if (verbose && !quiet) io.stderr('error: CIB did not pass schema validation\n');
    return conclude('errors', verbose, quiet, io);
  }
  if (note?.level === 'warning' && verbose && !quiet) io.stderr(`warning: ${note.text}\n`);
  let messages: readonly { readonly level: string; readonly text: string; readonly config: boolean }[];
  try {
    messages = schedule(usable, { nowMs: Date.now() }).messages;
  } catch (error) {
    io.stderr(`crm_verify: the configuration could not be checked: ${(error as Error).message}\n`);
    return exitCode.softwareError;
  }
  const ofConfiguration = messages.filter(({ level, config }) => config && (level === 'error' || level === 'warning'));
  if (verbose && !quiet) for (const { level, text } of ofConfiguration) io.stderr(`${level}: ${text}\n`);
  if (ofConfiguration.some(({ level }) => level === 'error')) return conclude('errors', verbose, quiet, io);
  if (ofConfiguration.length > 0 || note?.level === 'warning') return conclude('warnings', verbose, quiet, io);
  return 0;
}

function conclude(what: 'errors' | 'warnings', verbose: boolean, quiet: boolean, io: ToolIo): number {
  if (!quiet) {
    io.stderr(
      what === 'errors'
        ? 'crm_verify: Errors found during check: config not valid\n'
        : 'crm_verify: Warnings found during check: config may not be valid\n',
    );
    if (!verbose) io.stderr('-V may provide more details\n');
  }
  return exitCode.config;
}
