import {
  type CibClient,
  type CibOperation,
  type CibReply,
  cibOption,
  cibResultText,
  connectCib,
  emptyCib,
} from '@sanode/cib';
import { announcedRelease } from '@sanode/runtime';
import { attr, childElements, digestV1, digestV2, type Element, printPretty, withAttributes } from '@sanode/xml';
import { exitCode, exitCodeOf, resultOfConnectionError } from '../../common/cib-exit.ts';
import { type GivenOption, hasOption, lastValue, type ParsedOptions, parseOptions } from '../../common/options.ts';
import { versionText } from '../../common/version.ts';
import type { ToolIo } from '../../io.ts';
import { readData } from './data.ts';
import { type Command, commands, helpText, optionSpecs } from './options.ts';

const operations: Readonly<Partial<Record<Command, CibOperation>>> = {
  upgrade: 'cib_upgrade',
  query: 'cib_query',
  erase: 'cib_erase',
  bump: 'cib_bump',
  create: 'cib_create',
  modify: 'cib_modify',
  patch: 'cib_apply_diff',
  replace: 'cib_replace',
  delete: 'cib_delete',
  'delete-all': 'cib_delete',
};

const dangerText =
  'The supplied command is considered dangerous.  To prevent accidental destruction of the cluster, the --force flag is required in order to proceed.\n';
const defaultTimeoutSeconds = 30;

/** cibadmin: queries and edits the CIB (cli-crm.md 10). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const parsed = parseOptions(argv, optionSpecs);
  if (!parsed.ok) return misused(parsed, io);
  const { given, rest } = parsed;
  if (hasOption(given, 'help')) {
    io.stdout(helpText);
    return 0;
  }
  if (hasOption(given, 'version')) {
    io.stdout(versionText());
    return 0;
  }
  const command = given.findLast((option) => (commands as readonly string[]).includes(option.name))?.name as
    | Command
    | undefined;
  if (command === undefined || rest.length > 0) {
    if (rest.length > 0) io.stderr(`non-option ARGV-elements: ${rest.join(' ')}\n`);
    io.stderr(helpText);
    return exitCode.usage;
  }
  if (['erase', 'delete-all', 'upgrade'].includes(command) && !hasOption(given, 'force')) {
    io.stderr(dangerText);
    return exitCode.unsafe;
  }
  const data = await readData(given, io);
  if (typeof data === 'string') {
    io.stderr(`${data}\n`);
    return exitCode.config;
  }
  return carryOut(command, given, data, io);
}

function misused(parsed: Extract<ParsedOptions, { ok: false }>, io: ToolIo): number {
  const isLong = parsed.word.startsWith('--');
  const texts = {
    unknown: isLong ? `unrecognized option '${parsed.word}'` : `invalid option -- '${parsed.word.slice(1)}'`,
    missing: isLong
      ? `option '${parsed.word}' requires an argument`
      : `option requires an argument -- '${parsed.word.slice(1)}'`,
    unwanted: `option '${parsed.word}' doesn't allow an argument`,
  };
  io.stderr(`cibadmin: ${texts[parsed.problem]}\n${helpText}`);
  return exitCode.usage;
}

async function carryOut(
  command: Command,
  given: readonly GivenOption[],
  data: Element | undefined,
  io: ToolIo,
): Promise<number> {
  if (command === 'empty') {
    io.stdout(pretty(withAttributes(emptyCib(announcedRelease()), { epoch: 1 })));
    return 0;
  }
  if (command === 'md5-sum' || command === 'md5-sum-versioned') return printDigest(command, data, io);
  if (hasOption(given, 'show-access')) {
    io.stderr('Showing access rights (--show-access) is not supported yet\n');
    return exitCode.unimplemented;
  }
  let client: CibClient;
  try {
    client = await connectCib({ clientName: 'cibadmin', writable: true, env: io.env });
  } catch (error) {
    return notConnected(error, io);
  }
  try {
    const reply = await callCib(client, command, given, data);
    return report(command, given, reply, io);
  } catch (error) {
    const rc = resultOfConnectionError(error);
    io.stderr(`Call ${operations[command]} failed: ${cibResultText(rc)}\n`);
    return exitCodeOf(rc);
  } finally {
    client.close();
  }
}

function notConnected(error: unknown, io: ToolIo): number {
  if (error instanceof Error && error.constructor.name === 'CibFileError') {
    io.stderr(`Could not connect to the CIB: ${error.message}\nInit failed, could not perform requested operations\n`);
    return exitCode.noSuchObject;
  }
  const rc = resultOfConnectionError(error);
  io.stderr(
    `Could not connect to the CIB: ${cibResultText(rc)}\nInit failed, could not perform requested operations\n`,
  );
  return exitCodeOf(rc);
}

function callCib(
  client: CibClient,
  command: Command,
  given: readonly GivenOption[],
  data: Element | undefined,
): Promise<CibReply> {
  const xpath = lastValue(given, 'xpath');
  const scope = lastValue(given, 'scope');
  let options: number = cibOption.syncCall;
  if (xpath !== undefined) options |= cibOption.xpath;
  if (hasOption(given, 'allow-create')) options |= cibOption.canCreate;
  if (hasOption(given, 'no-children')) options |= cibOption.noChildren;
  if (hasOption(given, 'node-path')) options |= cibOption.xpathAddress;
  if (hasOption(given, 'local')) options |= cibOption.scopeLocal;
  if (hasOption(given, 'score')) options |= cibOption.scoreUpdate;
  if (command === 'delete-all') options |= cibOption.multiple;
  const seconds = Number.parseInt(lastValue(given, 'timeout') ?? '', 10);
  const section = xpath ?? scope;
  const host = lastValue(given, 'node') ?? lastValue(given, 'host');
  const user = lastValue(given, 'user');
  return client.call({
    operation: operations[command] as CibOperation,
    ...(section === undefined ? {} : { section }),
    ...(data === undefined ? {} : { data }),
    ...(host === undefined ? {} : { host }),
    ...(user === undefined ? {} : { user }),
    options,
    timeoutMs: 1000 * (seconds > 0 ? seconds : defaultTimeoutSeconds),
  });
}

function report(command: Command, given: readonly GivenOption[], reply: CibReply, io: ToolIo): number {
  if (reply.rc === -211 && command === 'upgrade') {
    io.stdout(`Upgrade unnecessary: ${cibResultText(reply.rc)}\n`);
    return 0;
  }
  if (hasOption(given, 'verbose')) for (const text of reply.upgradeMessages ?? []) io.stderr(`${text}\n`);
  if (reply.rc !== 0) io.stderr(`Call ${operations[command]} failed: ${cibResultText(reply.rc)}\n`);
  if (reply.data !== undefined) {
    const paths = hasOption(given, 'node-path') && hasOption(given, 'xpath') && reply.data.name === 'xpath-query';
    if (paths) for (const path of childElements(reply.data)) io.stdout(`${attr(path, 'id')}\n`);
    else io.stdout(pretty(reply.data));
  }
  return exitCodeOf(reply.rc);
}

function printDigest(command: Command, data: Element | undefined, io: ToolIo): number {
  if (data === undefined) {
    io.stderr('Please supply XML to process with -X, -x or -p\n');
    return exitCode.usage;
  }
  const release = announcedRelease();
  if (command === 'md5-sum') {
    io.stderr('Digest: ');
    io.stdout(`${digestV1(data, release.name)}\n`);
    return 0;
  }
  io.stderr(`Versioned (${release.featureSet}) digest: `);
  io.stdout(`${digestV2(data, release.name)}\n`);
  return 0;
}

function pretty(node: Element): string {
  return printPretty(node, { escaping: announcedRelease().name === '3.0' ? '3.0' : 'wire' });
}
