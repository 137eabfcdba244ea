import type { ClusterNode } from '@sanode/scheduler';
import { sortEntries, startStopIndex } from '@sanode/scheduler/status/entry';
import { executionText, localTime } from '@sanode/status';
import { agentOf, primitiveLine } from '@sanode/status/resource-facts';
import { attr, childElements, descend, type Element, element } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import type { Cluster } from './cluster.ts';
import type { Request } from './request.ts';

/** `-O` and `-o`: recorded operations, in effect or all (cli-crm.md 5.2). */
export function listOperations(cluster: Cluster, all: boolean, request: Request): number {
  const lines: string[] = [];
  const elements: Element[] = [];
  const status = descend(cluster.cib, 'status');
  const wantedNode = request.node === undefined ? undefined : cluster.node(request.node);
  for (const state of status === undefined ? [] : childElements(status, 'node_state')) {
    const node = cluster.set.nodesById.get((attr(state, 'id') ?? '').toLowerCase());
    if (node === undefined || (wantedNode !== undefined && node !== wantedNode)) continue;
    if (!node.online && !all) continue;
    const resources = descend(state, 'lrm', 'lrm_resources');
    for (const history of resources === undefined ? [] : childElements(resources, 'lrm_resource')) {
      if (request.resource !== undefined && attr(history, 'id') !== request.resource) continue;
      for (const operation of inEffect(history, all)) {
        lines.push(operationLine(cluster, node, history, operation));
        elements.push(operationElement(cluster, node, history, operation));
      }
    }
  }
  if (request.result.isXml) {
    if (elements.length > 0) request.result.add('', element('operations', {}, elements));
  } else if (lines.length > 0) request.result.add(lines.join('\n'), undefined);
  return exitCode.ok;
}

function inEffect(history: Element, all: boolean): Element[] {
  const sorted = sortEntries(childElements(history, 'lrm_rsc_op'));
  if (all) return sorted;
  const { start, stop } = startStopIndex(sorted);
  return start < stop ? [] : sorted.filter((_, at) => at >= start);
}

function operationLine(cluster: Cluster, node: ClusterNode, history: Element, operation: Element): string {
  const id = attr(history, 'id') ?? '';
  const resource = cluster.findResource(id);
  const line =
    resource === undefined
      ? `Unknown resource ${id}`
      : primitiveLine(cluster.report(true), resource, { node: undefined, groupByNode: false, resourceOnly: true });
  const parts = [
    `node=${node.name}`,
    `call=${attr(operation, 'call-id') ?? '-1'}`,
    `rc=${attr(operation, 'rc-code') ?? ''}`,
  ];
  const changed = attr(operation, 'last-rc-change');
  if (changed !== undefined) {
    parts.push(`last-rc-change='${localTime(Number(changed))}'`, `exec=${attr(operation, 'exec-time') ?? '0'}ms`);
  }
  return `${line}: ${keyOf(operation)} (${parts.join(', ')}): ${statusOf(operation)}`;
}

function operationElement(cluster: Cluster, node: ClusterNode, history: Element, operation: Element): Element {
  const id = attr(history, 'id') ?? '';
  const resource = cluster.findResource(id);
  const changed = attr(operation, 'last-rc-change');
  return element('operation', {
    op: keyOf(operation),
    node: node.name,
    call: attr(operation, 'call-id'),
    rc: attr(operation, 'rc-code'),
    status: statusOf(operation),
    rsc: id,
    agent: resource === undefined ? undefined : agentOf(resource),
    'last-rc-change': changed === undefined ? undefined : localTime(Number(changed)),
    'exec-time': changed === undefined ? undefined : (attr(operation, 'exec-time') ?? '0'),
  });
}

function keyOf(operation: Element): string {
  return attr(operation, 'operation_key') ?? attr(operation, 'id') ?? '';
}

function statusOf(operation: Element): string {
  return executionText(Number.parseInt(attr(operation, 'op-status') ?? '99', 10));
}
