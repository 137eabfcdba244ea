import { type ClusterNode, Role } from '@sanode/scheduler';
import { attr, type Element } from '@sanode/xml';
import { shownAttributes } from '../attributes.ts';
import { failedActions, failureLine, technicalFailureLine } from '../failures.ts';
import { hasNodeStates, intervalOf, nodeHistories, type ResourceHistory } from '../history.ts';
import { nodeTitle } from '../node-facts.ts';
import type { Report } from '../report.ts';
import { localTime, ocfText } from '../texts.ts';
import { ticketOrder } from '../tickets.ts';
import type { ListOutput, TextList } from './list.ts';

/** Node Attributes (cli-crm.md 4.4.5). */
export function printAttributes(out: TextList, report: Report): void {
  const nodes = report.set.nodes.filter((node) => node.online && report.wantsNode(node));
  const shown = nodes.map((node) => ({ node, attributes: shownAttributes(report, node) }));
  if (shown.every(({ attributes }) => attributes.length === 0)) return;
  out.spacer();
  out.begin('Node Attributes');
  for (const { node, attributes } of shown) {
    if (attributes.length === 0) continue;
    out.begin(`Node: ${nodeTitle(node, report.options.detail)}`);
    for (const { name, value, expected } of attributes) {
      const number = Number.parseInt(value, 10) || 0;
      let note = '';
      if (expected !== undefined && number <= 0) note = '\t: Connectivity is lost';
      else if (expected !== undefined && number < expected)
        note = `\t: Connectivity is degraded (Expected=${expected})`;
      out.item(`${name.padEnd(32)}\t: ${value.padEnd(10)}${note}`);
    }
    out.end();
  }
  out.end();
}

/** Operations, or Migration Summary (cli-crm.md 4.4.6). */
export function printHistory(out: TextList, report: Report): void {
  const operations = report.shows('operations');
  if (!hasNodeStates(report)) return;
  out.spacer();
  out.begin(operations ? 'Operations' : 'Migration Summary');
  for (const { node, resources } of nodeHistories(report)) {
    const shown = resources.filter((each) => (operations ? each.operations.length > 0 : each.failCount > 0));
    if (shown.length === 0) continue;
    out.begin(`Node: ${nodeTitle(node, report.options.detail)}`);
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

export function historyTitle(history: ResourceHistory): string {
  if (history.resource === undefined) return `${history.id}: orphan`;
  const failures = history.failCount > 0 ? ` fail-count=${history.failCount}` : '';
  const last = history.lastFailure > 0 ? ` last-failure='${localTime(history.lastFailure)}'` : '';
  return `${history.id}: migration-threshold=${history.migrationThreshold}${failures}${last}`;
}

export function operationLine(report: Report, operation: Element): string {
  const interval = intervalOf(operation);
  const task = attr(operation, 'operation') ?? '';
  const name = task === 'monitor' && interval === 0 ? 'probe' : task;
  const every = interval > 0 ? ` interval="${interval}ms"` : '';
  const head = `(${attr(operation, 'call-id') ?? '-1'}) ${name}`;
  if (!report.options.timing) return every === '' ? head : `${head}:${every}`;
  const code = Number.parseInt(attr(operation, 'rc-code') ?? '', 10);
  const changed = Number.parseInt(attr(operation, 'last-rc-change') ?? '', 10);
  const when = changed > 0 ? ` last-rc-change="${localTime(changed)}"` : '';
  const spans = (['exec-time', 'queue-time'] as const).map((key) => {
    const value = attr(operation, key);
    return value === undefined ? '' : ` ${key}="${value}ms"`;
  });
  return `${head}:${every}${when}${spans.join('')} rc=${code} (${ocfText(code, report.options.release)})`;
}

/** Failed Resource Actions (cli-crm.md 4.4.7). */
export function printFailures(out: ListOutput, report: Report): void {
  const failed = failedActions(report);
  if (failed.length === 0) return;
  out.spacer();
  out.begin('Failed Resource Actions');
  for (const action of failed)
    out.item(report.options.detail ? technicalFailureLine(action) : failureLine(action, report.options.release));
  out.end();
}

/** Tickets (cli-crm.md 4.4.9). */
export function printTickets(out: TextList, report: Report): void {
  const { tickets } = report.set;
  if (tickets.size === 0) return;
  out.spacer();
  out.begin('Tickets');
  for (const id of ticketOrder([...tickets.keys()])) {
    const ticket = tickets.get(id);
    if (ticket === undefined) continue;
    const last = ticket.lastGranted > -1 ? ` last-granted="${localTime(ticket.lastGranted)}"` : '';
    const mark = report.options.release === '3.0' ? '\t' : ': ';
    out.item(`${id}${mark}${ticket.granted ? 'granted' : 'revoked'}${ticket.standby ? ' [standby]' : ''}${last}`);
  }
  out.end();
}

/** Negative Location Constraints (cli-crm.md 4.4.10). */
export function printBans(out: ListOutput, report: Report): void {
  const bans = shownBans(report);
  if (bans.length === 0) return;
  out.spacer();
  out.begin('Negative Location Constraints');
  for (const ban of bans) {
    const role = ban.promotedOnly ? 'in Promoted role ' : '';
    out.item(
      `${ban.id}\tprevents ${ban.resource} from running ${role}on ${nodeTitle(ban.node, report.options.detail)}`,
    );
  }
  out.end();
}

/** A node that a location constraint keeps a resource off; the node filter does not hide it. */
export interface ShownBan {
  readonly id: string;
  readonly resource: string;
  readonly node: ClusterNode;
  readonly weight: number;
  readonly promotedOnly: boolean;
}

export function shownBans(report: Report): ShownBan[] {
  return report.set.locations.flatMap((location) => {
    if (!location.id.startsWith(report.options.bansPrefix) || !report.wantsResource(location.resource)) return [];
    return location.nodes.flatMap(({ node, score }) =>
      score < 0
        ? [
            {
              id: location.id,
              resource: location.resource.id,
              node,
              weight: score,
              promotedOnly: location.role === Role.promoted,
            },
          ]
        : [],
    );
  });
}
