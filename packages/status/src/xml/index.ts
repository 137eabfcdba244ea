import { type ClusterNode, isGuestNode } from '@sanode/scheduler';
import { attr, type Element, element } from '@sanode/xml';
import { shownAttributes } from '../attributes.ts';
import { type FailedAction, failedActions } from '../failures.ts';
import { hasNodeStates, intervalOf, nodeHistories, type ResourceHistory } from '../history.ts';
import { featureSetOf, isMixedVersion, nodeHealth } from '../node-facts.ts';
import type { ReportOptions } from '../options.ts';
import type { Report } from '../report.ts';
import { shownBans } from '../text/rest.ts';
import { isoTime, localTime, ocfText } from '../texts.ts';
import { ticketOrder } from '../tickets.ts';
import { primitiveElement, resourcesElement } from './resources.ts';

/** The report as elements, in the order of the result document (cli-crm.md 4.5). */
export function xmlReport(report: Report): Element[] {
  const elements: (Element | undefined)[] = [
    summaryElement(report),
    report.shows('nodes') ? nodesElement(report) : undefined,
    report.shows('resources') ? resourcesElement(report) : undefined,
    report.shows('attributes') ? attributesElement(report) : undefined,
    report.shows('operations') || report.shows('failcounts') ? historyElement(report) : undefined,
    report.shows('failures') ? failuresElement(report) : undefined,
    report.shows('tickets') ? ticketsElement(report) : undefined,
    report.shows('bans') ? bansElement(report) : undefined,
  ];
  return elements.filter((each) => each !== undefined);
}

function summaryElement(report: Report): Element | undefined {
  const children: Element[] = [];
  const { set, options } = report;
  const is30 = options.release === '3.0';
  if (report.shows('stack')) {
    const type = report.property('cluster-infrastructure') ?? 'unknown';
    children.push(element('stack', { type, 'pacemakerd-state': is30 ? options.launcherState : undefined }));
  }
  if (report.shows('dc') || set.dcNode === undefined) children.push(dcElement(report));
  if (report.shows('times')) {
    const time = localTime(Math.floor(set.nowMs / 1000));
    children.push(element('last_update', { time, origin: is30 ? options.localNode : undefined }));
    children.push(
      element('last_change', {
        time: attr(set.cib, 'cib-last-written') ?? '',
        user: attr(set.cib, 'update-user') ?? '',
        client: attr(set.cib, 'update-client') ?? '',
        origin: attr(set.cib, 'update-origin') ?? '',
      }),
    );
  }
  if (report.shows('counts')) {
    const { total, disabled, blocked } = set.counts;
    children.push(element('nodes_configured', { number: set.nodes.length }));
    children.push(element('resources_configured', { number: total, disabled, blocked }));
  }
  if (report.shows('options')) children.push(optionsElement(report));
  return children.length === 0 ? undefined : element('summary', {}, children);
}

function dcElement(report: Report): Element {
  const { dcNode, quorate, nodes } = report.set;
  if (dcNode === undefined) return element('current_dc', { present: false });
  return element('current_dc', {
    present: true,
    version: report.property('dc-version') ?? '',
    name: dcNode.name,
    id: dcNode.id,
    with_quorum: quorate,
    mixed_version: isMixedVersion(nodes),
  });
}

function optionsElement(report: Report): Element {
  const { options } = report.set;
  const timeoutMs = spanMs(options.values.get('stonith-timeout') ?? options.values.get('fencing-timeout') ?? '60s');
  const is30 = report.options.release === '3.0';
  const suicide = is30 ? 'fence' : 'suicide';
  const policy = { 'no-quorum-policy': options.noQuorumPolicy === 'fence' ? suicide : options.noQuorumPolicy };
  const enabled = options.fencingEnabled;
  const modes = { 'maintenance-mode': options.maintenanceMode, 'stop-all-resources': options.stopAllResources };
  const delay = { 'priority-fencing-delay-ms': options.priorityFencingDelayMs };
  const symmetric = { 'symmetric-cluster': options.symmetric };
  const older = { 'stonith-enabled': enabled, 'stonith-timeout-ms': timeoutMs };
  if (is30) {
    const newer = { 'fencing-enabled': enabled, 'fencing-timeout-ms': timeoutMs };
    return element('cluster_options', { ...newer, ...symmetric, ...policy, ...modes, ...delay, ...older });
  }
  const timeout = { 'stonith-timeout-ms': timeoutMs };
  return element('cluster_options', {
    'stonith-enabled': enabled,
    ...symmetric,
    ...policy,
    ...modes,
    ...timeout,
    ...delay,
  });
}

function spanMs(text: string): number {
  const match = /^(\d+)\s*(ms|s|sec|m|min|h|hr)?$/.exec(text.trim());
  if (match === null) return 0;
  const unit =
    { ms: 1, s: 1000, sec: 1000, m: 60_000, min: 60_000, h: 3_600_000, hr: 3_600_000 }[match[2] ?? 's'] ?? 1000;
  return Number(match[1]) * unit;
}

function nodesElement(report: Report): Element | undefined {
  const nodes = report.set.nodes.filter((node) => report.wantsNode(node));
  return nodes.length === 0 && report.options.nodes !== undefined
    ? undefined
    : element(
        'nodes',
        {},
        nodes.map((node) => nodeElement(report, node)),
      );
}

function nodeElement(report: Report, node: ClusterNode): Element {
  const attributes = {
    name: node.name,
    id: node.id,
    online: node.online,
    standby: node.standby,
    standby_onfail: node.failStandby,
    maintenance: node.maintenance,
    pending: node.pending,
    unclean: node.unclean,
    health: nodeHealth(report, node),
    feature_set: featureSetOf(node),
    shutdown: node.shutdown,
    expected_up: node.expectedUp,
    is_dc: node.isDc,
    resources_running: node.running.length,
    type: node.variant === 'remote' ? 'remote' : 'member',
    id_as_resource: isGuestNode(node) ? node.connection?.launcher?.id : undefined,
  };
  const resources = report.options.groupByNode ? report.runningOn(node) : [];
  return element(
    'node',
    attributes,
    resources.map((resource) => primitiveElement(report, resource)),
  );
}

function attributesElement(report: Report): Element | undefined {
  const nodes = report.set.nodes
    .filter((node) => node.online && report.wantsNode(node))
    .map((node) => ({ node, attributes: shownAttributes(report, node) }))
    .filter(({ attributes }) => attributes.length > 0);
  if (nodes.length === 0) return undefined;
  const children = nodes.map(({ node, attributes }) =>
    element(
      'node',
      { name: node.name },
      attributes.map(({ name, value, expected }) => element('attribute', { name, value, expected })),
    ),
  );
  return element('node_attributes', {}, children);
}

function historyElement(report: Report): Element | undefined {
  if (!hasNodeStates(report)) return undefined;
  const operations = report.shows('operations');
  const nodes = nodeHistories(report).flatMap(({ node, resources }) => {
    const shown = resources.filter((each) => (operations ? each.operations.length > 0 : each.failCount > 0));
    if (shown.length === 0) return [];
    return element(
      'node',
      { name: node.name },
      shown.map((each) => resourceHistoryElement(each, operations, report.options.release)),
    );
  });
  return element('node_history', {}, nodes);
}

function resourceHistoryElement(
  history: ResourceHistory,
  operations: boolean,
  release: ReportOptions['release'],
): Element {
  const known = history.resource !== undefined;
  const attributes = {
    id: history.id,
    orphan: !known,
    ...(release === '3.0' ? { removed: !known } : {}),
    'migration-threshold': known ? history.migrationThreshold : undefined,
    'fail-count': known && history.failCount > 0 ? history.failCount : undefined,
    'last-failure': known && history.lastFailure > 0 ? localTime(history.lastFailure) : undefined,
  };
  return element(
    'resource_history',
    attributes,
    operations ? history.operations.map((each) => operationElement(each, release)) : [],
  );
}

function operationElement(operation: Element, release: ReportOptions['release']): Element {
  const interval = intervalOf(operation);
  const task = attr(operation, 'operation') ?? '';
  const code = Number.parseInt(attr(operation, 'rc-code') ?? '', 10);
  const changed = Number.parseInt(attr(operation, 'last-rc-change') ?? '', 10);
  const exec = attr(operation, 'exec-time');
  const queued = attr(operation, 'queue-time');
  return element('operation_history', {
    call: attr(operation, 'call-id'),
    task: task === 'monitor' && interval === 0 ? 'probe' : task,
    rc: code,
    rc_text: ocfText(code, release),
    interval: interval > 0 ? `${interval}ms` : undefined,
    'last-rc-change': changed > 0 ? localTime(changed) : undefined,
    'exec-time': exec === undefined ? undefined : `${exec}ms`,
    'queue-time': queued === undefined ? undefined : `${queued}ms`,
  });
}

function failuresElement(report: Report): Element | undefined {
  const failed = failedActions(report);
  return failed.length === 0 ? undefined : element('failures', {}, failed.map(failureElement));
}

function failureElement(action: FailedAction): Element {
  const reason = attr(action.element, 'exit-reason') ?? 'none';
  const hasTimes = action.lastChange > 0;
  const key = attr(action.element, 'operation_key');
  return element('failure', {
    ...(key === undefined ? { id: action.key } : { op_key: key }),
    node: action.node,
    exitstatus: action.resultText,
    exitreason: escapeOnce(reason),
    exitcode: action.code,
    call: action.callId,
    status: action.statusText,
    'last-rc-change': hasTimes ? isoTime(action.lastChange) : undefined,
    queued: hasTimes ? attr(action.element, 'queue-time') : undefined,
    exec: hasTimes ? attr(action.element, 'exec-time') : undefined,
    interval: hasTimes ? action.intervalMs : undefined,
    task: hasTimes ? action.task : undefined,
  });
}

/** The reference escapes this one value by itself, and the printer once more. */
function escapeOnce(value: string): string {
  const names: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot', "'": 'apos' };
  return value.replace(/[&<>"']/g, (char) => `&${names[char]};`);
}

function ticketsElement(report: Report): Element | undefined {
  const { tickets } = report.set;
  if (tickets.size === 0) return undefined;
  const children = ticketOrder([...tickets.keys()]).flatMap((id) => {
    const ticket = tickets.get(id);
    if (ticket === undefined) return [];
    return element('ticket', {
      id,
      status: ticket.granted ? 'granted' : 'revoked',
      standby: ticket.standby,
      'last-granted': ticket.lastGranted > -1 ? localTime(ticket.lastGranted) : undefined,
      ...(report.options.release === '3.0' ? otherState(ticket.state) : {}),
    });
  });
  return element('tickets', {}, children);
}

/** What else is known of a ticket, in its hash table's order. */
function otherState(state: ReadonlyMap<string, string>): Record<string, string> {
  const names = ticketOrder([...state.keys()]).filter((name) => name !== 'standby' && name !== 'last-granted');
  return Object.fromEntries(names.map((name) => [name, state.get(name) ?? '']));
}

function bansElement(report: Report): Element | undefined {
  const bans = shownBans(report);
  if (bans.length === 0) return undefined;
  const children = bans.map((ban) =>
    element('ban', {
      id: ban.id,
      resource: ban.resource,
      node: ban.node.name,
      weight: ban.weight,
      'promoted-only': ban.promotedOnly,
      master_only: ban.promotedOnly,
    }),
  );
  return element('bans', {}, children);
}
