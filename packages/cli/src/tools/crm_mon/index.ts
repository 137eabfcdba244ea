import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { announcedRelease } from '@sanode/runtime';
import { unpack, type WorkingSet } from '@sanode/scheduler';
import { unpackConstraints } from '@sanode/scheduler/constraints/unpack';
import {
  htmlReport,
  isoTime,
  launcherText,
  Report,
  type ReportOptions,
  simpleReport,
  textReport,
  xmlReport,
} from '@sanode/status';
import { type Element, element, printPretty } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import { type GivenOption, hasOption, lastValue, parseOptions } from '../../common/options.ts';
import { parseTimespecMs } from '../../common/timespec.ts';
import { versionText } from '../../common/version.ts';
import { envelope, versionElement } from '../../common/xml-result.ts';
import type { ToolIo } from '../../io.ts';
import { watchCluster } from './live.ts';
import { helpText, optionSpecs } from './options.ts';
import { SectionError, type Selection, selectSections } from './sections.ts';
import { type LauncherState, launcherState, openCib, queryCib, SourceError } from './source.ts';

/** How the output looks. `none` prints nothing. */
type Format = 'console' | 'text' | 'html' | 'xml' | 'xml-legacy' | 'simple' | 'none';

/** What the command line asks for. */
export interface Request {
  readonly argv: readonly string[];
  readonly given: readonly GivenOption[];
  readonly format: Format;
  readonly oneShot: boolean;
  readonly intervalMs: number;
  readonly live: boolean;
  readonly selection: Selection;
  readonly outputTo: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const defaultIntervalMs = 5000;

/** crm_mon: shows the state of the cluster (cli-crm.md 4). */
export async function run(argv: string[], io: ToolIo): Promise<number> {
  const parsed = parseOptions(argv, optionSpecs);
  if (!parsed.ok) {
    const text = parsed.problem === 'missing' ? `Missing argument for ${parsed.word}` : `Unknown option ${parsed.word}`;
    io.stderr(`crm_mon: ${text}\n`);
    return exitCode.usage;
  }
  const { given } = parsed;
  if (given.some((option) => option.name.startsWith('help'))) {
    io.stdout(helpText);
    return 0;
  }
  if (hasOption(given, 'version')) return printVersion(argv, given, io);
  let request: Request;
  try {
    request = readRequest(argv, given, io);
  } catch (error) {
    if (error instanceof SectionError) {
      if (lastValue(given, 'output-as') === undefined) io.stderr(`${helpText}\n`);
      io.stderr(`crm_mon: ${error.message}\n`);
      return exitCode.usage;
    }
    if (error instanceof UsageError) {
      io.stderr(`crm_mon: ${error.message}\n`);
      return exitCode.usage;
    }
    throw error;
  }
  if (!request.oneShot) return watchCluster(request, io, renderReport);
  return showOnce(request, io);
}

/** A command line that can't be carried out. */
class UsageError extends Error {}

function printVersion(argv: string[], given: readonly GivenOption[], io: ToolIo): number {
  if (lastValue(given, 'output-as') === 'xml') io.stdout(envelope('crm_mon', argv, [versionElement()], 0, []));
  else io.stdout(versionText());
  return 0;
}

function readRequest(argv: string[], given: readonly GivenOption[], io: ToolIo): Request {
  const file = lastValue(given, 'xml-file');
  const env = file === undefined ? io.env : { ...io.env, CIB_file: file, CIB_shadow: undefined };
  const live = env['CIB_file'] === undefined && env['CIB_shadow'] === undefined;
  const interval = lastValue(given, 'interval');
  const intervalMs = interval === undefined ? defaultIntervalMs : parseTimespecMs(interval);
  if (intervalMs === undefined) throw new UsageError(`Invalid value for -i: ${interval}`);
  const fence = fenceLevelOf(given);
  refuseUnsupported(given, live);
  const { format, oneShot } = readFormat(given, live);
  const isXml = format === 'xml' || format === 'xml-legacy';
  const selection = selectSections(given, isXml ? 'xml' : format === 'html' ? 'html' : 'text', fence, live);
  return { argv, given, format, oneShot, intervalMs, live, selection, outputTo: outputOf(given), env };
}

function fenceLevelOf(given: readonly GivenOption[]): number {
  const option = given.findLast((each) => each.name === 'fence-history');
  if (option === undefined) return 1;
  const value = option.value ?? '2';
  if (!/^[0-3]$/.test(value)) throw new UsageError('Fence history must be 0-3');
  return Number(value);
}

function refuseUnsupported(given: readonly GivenOption[], live: boolean): void {
  const isCgi = hasOption(given, 'web-cgi') || hasOption(given, 'html-cgi');
  if (isCgi && !live) throw new UsageError('CGI mode used with CIB file');
  if (isCgi && hasOption(given, 'daemonize')) throw new UsageError('CGI mode cannot be used with -d');
  if (hasOption(given, 'daemonize') && live) {
    if (!hasOption(given, 'output-to') && !hasOption(given, 'external-agent')) {
      throw new UsageError('--daemonize requires at least one of --output-to and --external-agent');
    }
    throw new UsageError('--daemonize is not supported yet; run it under systemd instead');
  }
  if (hasOption(given, 'external-agent')) {
    throw new UsageError('--external-agent is not supported yet; use alerts (pcs alert) instead');
  }
}

function readFormat(given: readonly GivenOption[], live: boolean): { format: Format; oneShot: boolean } {
  const once = hasOption(given, 'one-shot') || !live;
  const wanted = lastValue(given, 'output-as');
  if (hasOption(given, 'simple-status')) return { format: 'simple', oneShot: true };
  if (hasOption(given, 'as-xml')) return { format: 'xml-legacy', oneShot: true };
  if (wanted === 'xml') return { format: 'xml', oneShot: true };
  const isCgi = hasOption(given, 'web-cgi') || hasOption(given, 'html-cgi');
  if (wanted === 'html' || hasOption(given, 'as-html') || isCgi) {
    return { format: 'html', oneShot: once || isCgi };
  }
  if (wanted === 'none') return { format: 'none', oneShot: once };
  if (wanted === 'text' || hasOption(given, 'disable-ncurses')) return { format: 'text', oneShot: once };
  if (wanted !== undefined && wanted !== 'console') return { format: 'text', oneShot: true };
  if (once || hasOption(given, 'output-to')) return { format: 'text', oneShot: true };
  return { format: 'console', oneShot: false };
}

function outputOf(given: readonly GivenOption[]): string | undefined {
  return lastValue(given, 'output-to') ?? lastValue(given, 'as-html');
}

async function showOnce(request: Request, io: ToolIo): Promise<number> {
  let launcher: LauncherState | undefined;
  try {
    if (request.live) launcher = await launcherState();
    if (launcher !== undefined && !isUp(launcher.state)) return deliver(request, io, renderLauncher(request, launcher));
    const client = await openCib(request.env);
    try {
      const cib = await queryCib(client);
      return deliver(request, io, renderReport(request, cib, launcher, io));
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    return reportDown(request, error, io);
  }
}

function isUp(state: string): boolean {
  return state === 'running' || state === 'shutting_down';
}

/** Prints, or writes to the file. @returns the exit code */
function deliver(request: Request, io: ToolIo, text: string): number {
  if (request.outputTo === undefined || request.outputTo === '-') {
    io.stdout(text);
    return 0;
  }
  try {
    writeFileSync(request.outputTo, text);
    return 0;
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = missing ? 'No such file or directory' : 'Permission denied';
    io.stderr(`crm_mon: Error creating output format text: ${reason}\n`);
    return exitCode.error;
  }
}

function reportDown(request: Request, error: SourceError, io: ToolIo): number {
  const first = error.atLauncher ? `error: Could not connect to launcher: ${error.reason}` : undefined;
  const isSimple = request.format === 'simple';
  const second = `crm_mon: ${isSimple ? 'CLUSTER CRIT: ' : ''}Connection to cluster failed: ${error.reason}`;
  const errors = first === undefined ? [second] : [first, second];
  const code = isSimple ? 2 : exitCode.disconnect;
  if (request.format === 'xml') io.stdout(envelope('crm_mon', request.argv, [], code, errors));
  else io.stderr(errors.map((line) => `${line}\n`).join(''));
  return code;
}

function renderLauncher(request: Request, launcher: LauncherState): string {
  if (request.format === 'xml') return envelope('crm_mon', request.argv, [launcherElement(launcher)], 0, []);
  return launcherLine(launcher);
}

function launcherLine(launcher: LauncherState): string {
  const text = launcherText(launcher.state);
  return `Status of pacemakerd: '${text}' (last updated ${isoTime(launcher.sinceSeconds)})\n`;
}

function launcherElement(launcher: LauncherState): Element {
  return element('pacemakerd', {
    sys_from: 'pacemakerd',
    state: launcher.state,
    last_updated: isoTime(launcher.sinceSeconds),
  });
}

/** The whole output for one CIB. */
export function renderReport(request: Request, cib: Element, launcher: LauncherState | undefined, io: ToolIo): string {
  const release = announcedRelease().name;
  const nowMs = Date.now();
  const set = unpack(cib, { nowMs, utcOffsetSeconds: -new Date(nowMs).getTimezoneOffset() * 60 });
  const { sections } = request.selection;
  if (sections.has('bans') || sections.has('tickets')) unpackConstraints(set);
  const report = new Report(set, reportOptions(request, set, launcher, release));
  const withLine = launcher !== undefined && release === '2.1';
  switch (request.format) {
    case 'none':
      return '';
    case 'simple': {
      const simple = simpleReport(report);
      if (!simple.ok && release === '2.1') io.stderr('Error outputting status info from the fencer or CIB\n');
      return `${withLine ? launcherLine(launcher) : ''}${simple.line}\n`;
    }
    case 'xml':
    case 'xml-legacy': {
      const children = [...(withLine ? [launcherElement(launcher)] : []), ...xmlReport(report)];
      if (request.format === 'xml') return envelope('crm_mon', request.argv, children, 0, []);
      return printPretty(element('crm_mon', { version: announcedRelease().pacemakerVersion }, children));
    }
    case 'html':
      return renderHtml(request, report, withLine ? launcher : undefined);
    default:
      return `${withLine ? launcherLine(launcher) : ''}${textReport(report)}`;
  }
}

function renderHtml(request: Request, report: Report, launcher: LauncherState | undefined): string {
  const { given } = request;
  const isCgi = hasOption(given, 'web-cgi') || hasOption(given, 'html-cgi');
  const toFile = request.outputTo !== undefined && request.outputTo !== '-';
  const document = htmlReport(report, {
    title: lastValue(given, 'html-title') ?? 'Cluster Status',
    stylesheet: lastValue(given, 'html-stylesheet'),
    refreshSeconds: toFile ? Math.max(1, Math.floor(request.intervalMs / 1000)) : undefined,
    lead: launcher === undefined ? [] : [launcherLine(launcher).trimEnd()],
  });
  return isCgi ? `Content-Type: text/html\n\n${document}` : document;
}

function reportOptions(
  request: Request,
  set: WorkingSet,
  launcher: LauncherState | undefined,
  release: '2.1' | '3.0',
): ReportOptions {
  const { given, selection } = request;
  const isXml = request.format === 'xml' || request.format === 'xml-legacy';
  return {
    sections: selection.sections,
    bansPrefix: selection.bansPrefix,
    groupByNode: hasOption(given, 'group-by-node'),
    inactive: isXml || hasOption(given, 'inactive'),
    detail: hasOption(given, 'show-detail'),
    brief: hasOption(given, 'brief'),
    timing: isXml || hasOption(given, 'timing-details'),
    nodes: selectedNodes(set, lastValue(given, 'node')),
    resources: selectedResources(set, lastValue(given, 'resource')),
    release,
    localNode: request.live ? hostname() : undefined,
    launcherState: launcher?.state,
  };
}

function selectedNodes(set: WorkingSet, wanted: string | undefined): ReadonlySet<string> | undefined {
  if (wanted === undefined) return undefined;
  const node = set.nodesByName.get(wanted.toLowerCase());
  if (node !== undefined) return new Set([node.name]);
  return new Set((set.tags.get(wanted) ?? []).map((id) => set.nodesById.get(id.toLowerCase())?.name ?? id));
}

function selectedResources(set: WorkingSet, wanted: string | undefined): ReadonlySet<string> | undefined {
  if (wanted === undefined) return undefined;
  return new Set(set.tags.get(wanted) ?? [wanted]);
}
