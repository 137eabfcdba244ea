import type { ClusterNode } from '@sanode/scheduler';
import { attr, type Element, element, type Node, text } from '@sanode/xml';
import { shownAttributes } from '../attributes.ts';
import { hasNodeStates, nodeHistories } from '../history.ts';
import { featureSetOf, isMixedVersion, nodeHealth, nodeTitle } from '../node-facts.ts';
import type { Report } from '../report.ts';
import { printNodeResources, shownOn } from '../text/nodes.ts';
import { printResources } from '../text/resources.ts';
import { historyTitle, operationLine, printBans, printFailures } from '../text/rest.ts';
import { optionLines } from '../text/summary.ts';
import { launcherText, localTime } from '../texts.ts';
import { ticketOrder } from '../tickets.ts';
import { HtmlList, span } from './list.ts';
import { printHtml } from './print.ts';

/** What goes around an HTML report. */
export interface HtmlFrame {
  readonly title: string;
  /** Address of a style sheet. */
  readonly stylesheet: string | undefined;
  /** Seconds after which a browser loads the page again. */
  readonly refreshSeconds: number | undefined;
  /** Lines before the report, as list items. */
  readonly lead: readonly string[];
}

const style = `.bold { font-weight: bold }
.online { color: green }
.offline { color: red }
.maint { color: blue }
.standby { color: blue }
.health_red { color: red }
.health_yellow { color: GoldenRod }
.rsc-failed { color: red }
.rsc-failure-ignored { color: DarkGreen }
.rsc-managed { color: blue }
.rsc-multiple { color: orange }
.rsc-ok { color: green }
.warning { color: red; font-weight: bold }`;

/** The whole report as an HTML document (cli-crm.md 3.3, 4.6). */
export function htmlReport(report: Report, frame: HtmlFrame): string {
  const out = new HtmlList();
  printSummary(out, report);
  if (report.shows('options')) printOptions(out, report);
  if (report.shows('nodes')) printNodes(out, report);
  if (report.shows('resources')) printResources(out, report);
  if (report.shows('attributes')) printAttributes(out, report);
  if (report.shows('operations') || report.shows('failcounts')) printHistory(out, report);
  if (report.shows('failures')) printFailures(out, report);
  if (report.shows('tickets')) printTickets(out, report);
  if (report.shows('bans')) printBans(out, report);
  return htmlDocument(frame, out.body);
}

/** A document around a body. */
export function htmlDocument(frame: HtmlFrame, body: readonly Node[]): string {
  const lead =
    frame.lead.length === 0
      ? []
      : [
          element(
            'ul',
            {},
            frame.lead.map((line) => element('li', {}, [text(line)])),
          ),
        ];
  const refresh = frame.refreshSeconds;
  const head = element('head', {}, [
    element('title', {}, [text(frame.title)]),
    element('meta', { charset: 'utf-8' }),
    refresh === undefined ? undefined : element('meta', { 'http-equiv': 'refresh', content: refresh }),
    element('style', {}, [text(style)]),
    frame.stylesheet === undefined ? undefined : element('link', { rel: 'stylesheet', href: frame.stylesheet }),
  ]);
  const root = element('html', { lang: 'en' }, [head, element('body', {}, [...lead, ...body])]);
  return `<!DOCTYPE html>\n${printHtml(root)}\n`;
}

function printSummary(out: HtmlList, report: Report): void {
  const items = summaryItems(report);
  if (items.length === 0) return;
  out.begin('Cluster Summary');
  for (const parts of items) out.spans(parts);
  out.end();
}

function summaryItems(report: Report): (readonly Node[])[] {
  const { set, options } = report;
  const items: (readonly Node[])[] = [];
  const is30 = options.release === '3.0';
  if (report.shows('stack')) {
    const state = is30 && options.launcherState !== undefined ? ` (${launcherText(options.launcherState)})` : '';
    items.push([span('Stack: ', 'bold'), span(`${report.property('cluster-infrastructure') ?? 'unknown'}${state}`)]);
  }
  if (report.shows('dc') || set.dcNode === undefined) items.push(dcItem(report));
  if (report.shows('times')) {
    const where = is30 && options.localNode !== undefined ? ` on ${options.localNode}` : '';
    items.push([span('Last updated: ', 'bold'), span(`${localTime(Math.floor(set.nowMs / 1000))}${where}`)]);
    items.push([span('Last change: ', 'bold'), span(changeText(report))]);
  }
  if (report.shows('counts')) items.push(...countItems(report));
  return items;
}

function changeText(report: Report): string {
  const { cib } = report.set;
  const part = (name: string, word: string): string => {
    const value = attr(cib, name);
    return value === undefined ? '' : ` ${word} ${value}`;
  };
  const written = attr(cib, 'cib-last-written') ?? '';
  return `${written}${part('update-user', 'by')}${part('update-client', 'via')}${part('update-origin', 'on')}`;
}

function dcItem(report: Report): Node[] {
  const { dcNode, quorate, nodes } = report.set;
  if (dcNode === undefined) return [span('Current DC: ', 'bold'), span('NONE', 'warning')];
  const name = nodeTitle(dcNode, report.options.detail);
  return [
    span('Current DC: ', 'bold'),
    span(`${name} (version ${report.property('dc-version') ?? 'unknown'}) -`),
    ...(isMixedVersion(nodes) ? [span(' MIXED-VERSION', 'warning')] : []),
    span(' partition'),
    quorate ? span(' with') : span(' WITHOUT', 'warning'),
    span(' quorum'),
  ];
}

function countItems(report: Report): Node[][] {
  const { counts, nodes } = report.set;
  const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
  const total = `${plural(counts.total, 'resource instance')} configured`;
  const parts: Node[] = [];
  if (counts.disabled === 0 && counts.blocked === 0) parts.push(span(total));
  else if (counts.disabled > 0) {
    parts.push(span(`${total} (${counts.disabled} `), span('DISABLED', 'bold'));
    if (counts.blocked > 0) parts.push(span(`, ${counts.blocked} `), ...blockedParts());
    else parts.push(span(')'));
  } else parts.push(span(`${total} (${counts.blocked} `), ...blockedParts());
  return [[span(`${plural(nodes.length, 'node')} configured`)], parts];
}

function blockedParts(): Node[] {
  return [span('BLOCKED', 'bold'), span(' from further action due to failure)')];
}

function printOptions(out: HtmlList, report: Report): void {
  const { options } = report.set;
  out.begin('Config Options');
  for (const line of optionLines(report)) out.item(line);
  const held = options.maintenanceMode
    ? ['DISABLED', ' (the cluster will not attempt to start, stop, or recover services)']
    : options.stopAllResources
      ? ['STOPPED', ' (the cluster will keep all resources stopped)']
      : undefined;
  if (held === undefined) out.item('Resource management: enabled');
  else out.spans([span('Resource management: '), span(held[0] as string, 'bold'), span(held[1] as string)]);
  out.end();
}

function printNodes(out: HtmlList, report: Report): void {
  const nodes = report.set.nodes.filter((node) => report.wantsNode(node));
  if (nodes.length === 0) return;
  const { groupByNode, detail } = report.options;
  out.begin('Node List');
  for (const node of nodes) {
    const title = `${nodeTitle(node, detail)}:`;
    if (!groupByNode) out.spans([span(title, 'bold'), ...statusParts(report, node)]);
    else {
      out.begin(title);
      let resources: Node | undefined;
      if (shownOn(report, node).length > 0) {
        printNodeResources(out, report, node);
        resources = out.takeLast();
      }
      out.spans([span('Status:'), ...statusParts(report, node), ...(resources === undefined ? [] : [resources])]);
      out.end();
    }
  }
  out.end();
}

function statusParts(report: Report, node: ClusterNode): Element[] {
  const parts = [span(node.online ? ' online' : ' OFFLINE', node.online ? 'online' : 'offline')];
  const busy = report.runningOn(node).length > 0;
  if (node.failStandby && node.online) {
    parts.push(span(` (in standby due to on-fail${busy ? ', with active resources' : ''})`, 'standby'));
  } else if (node.standby)
    parts.push(span(` (in standby${busy && node.online ? ', with active resources' : ''})`, 'standby'));
  if (node.maintenance) parts.push(span(' (in maintenance mode)', 'maint'));
  const health = nodeHealth(report, node);
  if (health !== 'green') parts.push(span(` (health is ${health.toUpperCase()})`, `health_${health}`));
  const featureSet = featureSetOf(node);
  if (report.options.detail && featureSet !== undefined) parts.push(span(`, feature set ${featureSet}`));
  return parts;
}

function printAttributes(out: HtmlList, report: Report): void {
  const nodes = report.set.nodes.filter((node) => node.online && report.wantsNode(node));
  const shown = nodes.map((node) => ({ node, attributes: shownAttributes(report, node) }));
  if (shown.every(({ attributes }) => attributes.length === 0)) return;
  out.begin('Node Attributes');
  for (const { node, attributes } of shown) {
    if (attributes.length === 0) continue;
    out.begin(`${nodeTitle(node, report.options.detail)}:`);
    for (const { name, value, expected } of attributes) {
      const number = Number.parseInt(value, 10) || 0;
      if (expected !== undefined && number <= 0)
        out.spans([span(`${name}: ${value}`), span('(connectivity is lost)', 'bold')]);
      else if (expected !== undefined && number < expected) {
        out.spans([span(`${name}: ${value}`), span(`(connectivity is degraded -- expected ${expected}`, 'bold')]);
      } else out.item(`${name}: ${value}`);
    }
    out.end();
  }
  out.end();
}

function printHistory(out: HtmlList, report: Report): void {
  if (!hasNodeStates(report)) return;
  const operations = report.shows('operations');
  out.begin(operations ? 'Operations' : 'Migration Summary');
  for (const { node, resources } of nodeHistories(report)) {
    const shown = resources.filter((each) => (operations ? each.operations.length > 0 : each.failCount > 0));
    if (shown.length === 0) continue;
    out.begin(`${nodeTitle(node, report.options.detail)}:`);
    for (const history of shown) {
      if (!operations) {
        out.item(historyTitle(history));
        continue;
      }
      out.begin(historyTitle(history));
      for (const operation of history.operations) out.item(operationLine(report, operation));
      out.end();
    }
    out.end();
  }
  out.end();
}

function printTickets(out: HtmlList, report: Report): void {
  const { tickets } = report.set;
  if (tickets.size === 0) return;
  out.begin('Tickets');
  for (const id of ticketOrder([...tickets.keys()])) {
    const ticket = tickets.get(id);
    if (ticket === undefined) continue;
    const last = ticket.lastGranted > -1 ? ` last-granted="${localTime(ticket.lastGranted)}"` : '';
    out.item(`${id}:\t${ticket.granted ? 'granted' : 'revoked'}${ticket.standby ? ' [standby]' : ''}${last}`);
  }
  out.end();
}
