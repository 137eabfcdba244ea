import { attr } from '@sanode/xml';
import { isMixedVersion, nodeTitle } from '../node-facts.ts';
import type { Report } from '../report.ts';
import { counted, launcherText, localTime } from '../texts.ts';
import type { TextList } from './list.ts';

/** Cluster Summary (cli-crm.md 4.4.1). @returns whether anything was printed */
export function printSummary(out: TextList, report: Report): void {
  const lines = summaryLines(report);
  if (lines.length === 0) return;
  out.begin('Cluster Summary');
  for (const line of lines) out.item(line);
  out.end();
}

function summaryLines(report: Report): string[] {
  const lines: string[] = [];
  if (report.shows('stack')) lines.push(stackLine(report));
  if (report.shows('dc') || report.set.dcNode === undefined) lines.push(dcLine(report));
  if (report.shows('times')) lines.push(...timeLines(report));
  if (report.shows('counts')) lines.push(...countLines(report));
  if (report.shows('options')) lines.push(...optionLines(report));
  return lines;
}

function stackLine(report: Report): string {
  const { release, launcherState } = report.options;
  const state = release === '3.0' && launcherState !== undefined ? ` (${launcherText(launcherState)})` : '';
  return `Stack: ${report.property('cluster-infrastructure') ?? 'unknown'}${state}`;
}

function dcLine(report: Report): string {
  const { dcNode, quorate, nodes } = report.set;
  if (dcNode === undefined) return 'Current DC: NONE';
  const title = nodeTitle(dcNode, report.options.detail);
  const mixed = isMixedVersion(nodes) ? 'MIXED-VERSION ' : '';
  const version = report.property('dc-version') ?? 'unknown';
  return `Current DC: ${title} (version ${version}) - ${mixed}partition ${quorate ? 'with' : 'WITHOUT'} quorum`;
}

function timeLines(report: Report): string[] {
  const { cib, nowMs } = report.set;
  const { release, localNode } = report.options;
  const where = release === '3.0' && localNode !== undefined ? ` on ${localNode}` : '';
  const user = attr(cib, 'update-user');
  const client = attr(cib, 'update-client');
  const origin = attr(cib, 'update-origin');
  const change = [
    attr(cib, 'cib-last-written') ?? '',
    user === undefined ? '' : ` by ${user}`,
    client === undefined ? '' : ` via ${client}`,
    origin === undefined ? '' : ` on ${origin}`,
  ].join('');
  return [`Last updated: ${localTime(Math.floor(nowMs / 1000))}${where}`, `Last change:  ${change}`];
}

function countLines(report: Report): string[] {
  const { counts, nodes } = report.set;
  const notes: string[] = [];
  if (counts.disabled > 0) notes.push(`${counts.disabled} DISABLED`);
  if (counts.blocked > 0) notes.push(`${counts.blocked} BLOCKED from further action due to failure`);
  const suffix = notes.length === 0 ? '' : ` (${notes.join(', ')})`;
  return [
    `${counted(nodes.length, 'node', 'nodes')} configured`,
    `${counted(counts.total, 'resource instance', 'resource instances')} configured${suffix}`,
  ];
}

/** Lines about the cluster's options. */
export function optionLines(report: Report): string[] {
  const { options } = report.set;
  const is30 = report.options.release === '3.0';
  const policies = {
    freeze: 'Freeze resources',
    stop: 'Stop ALL resources',
    demote: 'Demote promotable resources and stop all other resources',
    ignore: 'Ignore',
    fence: is30 ? 'Fence nodes in partition' : 'Suicide',
  } as const;
  return [
    `${is30 ? 'Fencing' : 'STONITH'} of failed nodes ${options.fencingEnabled ? 'enabled' : 'disabled'}`,
    `Cluster is ${options.symmetric ? 'symmetric' : 'asymmetric'}`,
    `No quorum policy: ${policies[options.noQuorumPolicy]}`,
  ];
}

/** The banner of maintenance mode and of all resources being stopped (cli-crm.md 4.4.2). */
export function printBanner(out: TextList, report: Report): boolean {
  const { options } = report.set;
  if (!options.maintenanceMode && !options.stopAllResources) return false;
  out.plain('');
  if (options.maintenanceMode) {
    out.plain('              *** Resource management is DISABLED ***');
    out.plain('  The cluster will not attempt to start, stop or recover services');
  } else {
    out.plain('    *** Resource management is DISABLED ***');
    out.plain('  The cluster will keep all resources stopped');
  }
  return true;
}
