import { type ClusterNode, parseRole, printableId, type Resource, Role, roleText, topOf } from '@sanode/scheduler';
import { isActive } from '@sanode/scheduler/status/active';
import { attr } from '@sanode/xml';
import type { Report } from './report.ts';
import { ocfText } from './texts.ts';

export { isActive };

/** `ocf:heartbeat:IPaddr2`, `systemd:nginx`. */
export function agentOf(resource: Resource): string {
  const provider = attr(resource.xml, 'provider');
  const middle = provider === undefined || attr(resource.xml, 'class') !== 'ocf' ? '' : `:${provider}`;
  return `${attr(resource.xml, 'class') ?? ''}${middle}:${attr(resource.xml, 'type') ?? ''}`;
}

const pendingTexts: Readonly<Record<string, string>> = {
  start: 'Starting',
  stop: 'Stopping',
  migrate_to: 'Migrating',
  migrate_from: 'Migrating',
  promote: 'Promoting',
  demote: 'Demoting',
};

/** What is being done with a resource; undefined when nothing (that is shown as a state). */
export function pendingText(resource: Resource): string | undefined {
  return resource.pendingAction === undefined ? undefined : pendingTexts[resource.pendingAction];
}

/** The role as it is shown: a started instance of a promotable clone is unpromoted. */
export function shownRole(resource: Resource): string {
  if (resource.origRole === Role.started && topOf(resource).promotable) return roleText(Role.unpromoted);
  return roleText(resource.origRole);
}

/** The configured target-role where it keeps the resource down, as it is shown among the flags. */
export function targetRoleFlag(resource: Resource): string | undefined {
  const target = resource.meta.get('target-role');
  const role = parseRole(target);
  if (role === Role.stopped) return 'disabled';
  if (role === Role.unpromoted && topOf(resource).promotable) return `target-role:${target}`;
  return undefined;
}

/** Whether target-role keeps it stopped (headers of groups and clones). */
export function isDisabledCollective(resource: Resource): boolean {
  return parseRole(resource.meta.get('target-role')) === Role.stopped;
}

/** Text of the result of a probe that failed for a stopped resource, on that node or anywhere. */
export function failedProbe(report: Report, resource: Resource, node: ClusterNode | undefined): string | undefined {
  if (resource.origRole !== Role.stopped) return undefined;
  const name = resource.historyId ?? printableId(resource);
  for (const operation of report.set.failedOperations) {
    if (attr(operation, 'rsc-id') !== name && attr(operation, 'rsc-id') !== printableId(resource)) continue;
    if (attr(operation, 'operation') !== 'monitor' || Number(attr(operation, 'interval') ?? '0') !== 0) continue;
    if (node !== undefined && attr(operation, 'uname')?.toLowerCase() !== node.name.toLowerCase()) continue;
    return ocfText(Number.parseInt(attr(operation, 'rc-code') ?? '', 10), report.options.release);
  }
  return undefined;
}

/** How a primitive's line is to be written. */
export interface LineStyle {
  /** Node that the line is about. */
  readonly node: ClusterNode | undefined;
  /** Without the node's name (below a node). */
  readonly groupByNode: boolean;
  /** `crm_resource -L`: with the description. */
  readonly resourceOnly?: boolean;
  /** Other name for it (bundle replicas). */
  readonly name?: string;
}

/** A primitive's line (cli-crm.md 4.4.4). */
export function primitiveLine(report: Report, resource: Resource, style: LineStyle): string {
  const count = resource.activeNodes.length;
  const resourceOnly = style.resourceOnly ?? report.options.resourceOnly ?? false;
  let { node } = style;
  if (count === 0 && node === undefined) node = pendingNode(resource) ?? resource.lockNode;
  let line = `${style.name ?? printableId(resource)}\t(${agentOf(resource)}):\t${resource.removed ? ' ORPHANED' : ''}`;
  line += ` ${stateText(resource)}`;
  const withNode = node !== undefined && !style.groupByNode && !resourceOnly && count <= 1;
  if (withNode) line += ` ${node?.name}`;
  const probe = failedProbe(report, resource, node);
  if (probe !== undefined) line += ` (${probe}) `;
  const flags = lineFlags(report, resource, style.groupByNode ? undefined : node);
  if (flags.length > 0) line += ` (${flags.join(', ')})`;
  const description = attr(resource.xml, 'description');
  const describes = report.options.release === '2.1' && (resourceOnly || style.groupByNode || count > 1);
  if (describes && description !== undefined) line += ` ${description}`;
  if (count > 1 && !style.groupByNode) line += ` [ ${resource.activeNodes.map((each) => each.name).join(' ')} ]`;
  return line;
}

function pendingNode(resource: Resource): ClusterNode | undefined {
  return resource.pendingAction === undefined || resource.pendingAction === 'monitor'
    ? undefined
    : resource.pendingNode;
}

/** State of a primitive in words: failed, what is being done, or its role. */
export function stateText(resource: Resource): string {
  if (resource.failed) return resource.origRole > Role.unpromoted ? `FAILED ${roleText(resource.origRole)}` : 'FAILED';
  return pendingText(resource) ?? shownRole(resource);
}

function lineFlags(report: Report, resource: Resource, node: ClusterNode | undefined): string[] {
  const flags: string[] = [];
  if (node !== undefined && !node.online && node.unclean) flags.push('UNCLEAN');
  if (node !== undefined && resource.lockNode === node) flags.push('LOCKED');
  if (resource.pendingAction === 'monitor') flags.push('Monitoring');
  const target = targetRoleFlag(resource);
  if (target !== undefined) flags.push(target);
  if (resource.blocked) flags.push('blocked');
  else if (!resource.managed) flags.push(unmanagedWord(report, resource));
  if (resource.ignoreFailure) flags.push('failure ignored');
  return flags;
}

/** 3.0 tells maintenance mode from a resource that is not managed. */
export function unmanagedWord(report: Report, resource: Resource): string {
  return report.options.release === '3.0' && resource.maintenance ? 'maintenance' : 'unmanaged';
}
