import { parseBoolean } from '@sanode/rules';
import { type ClusterNode, parseRole, primitivesOf, type Resource, Role, topOf } from '@sanode/scheduler';
import { type Element, element } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import type { Cluster } from './cluster.ts';
import type { Request } from './request.ts';

/** What in the configuration keeps a resource from running or changing (cli-crm.md 5.5). */
export interface Check {
  readonly lines: readonly string[];
  readonly xml: Element;
}

/** Checks a resource's outermost parent. */
export function checkResource(resource: Resource): Check {
  const top = topOf(resource);
  const { id } = top;
  const role = parseRole(top.meta.get('target-role'));
  const stopped = role === Role.stopped;
  // What maintenance mode keeps is not a setting of the resource.
  const unmanaged = parseBoolean(top.meta.get('is-managed') ?? 'true') === false;
  const unpromoted = role === Role.unpromoted && top.promotable;
  const lines: string[] = [];
  if (stopped) lines.push(`Configuration specifies '${id}' should remain stopped`);
  if (unpromoted) lines.push(`Configuration specifies '${id}' should not be promoted`);
  if (unmanaged) lines.push(`Configuration prevents cluster from stopping or starting unmanaged '${id}'`);
  if (top.lockNode !== undefined) lines.push(`'${id}' is locked to node ${top.lockNode.name} due to shutdown`);
  const xml = element('check', {
    id,
    remain_stopped: stopped ? 'true' : undefined,
    promotable: unpromoted ? 'false' : undefined,
    unmanaged: unmanaged ? 'true' : undefined,
    'locked-to': top.lockNode?.name,
  });
  return { lines, xml };
}

/** `-Y`: why resources run, or do not. */
export function why(cluster: Cluster, request: Request): number {
  const { result } = request;
  const node = request.node === undefined ? undefined : cluster.node(request.node);
  if (request.resource !== undefined) {
    const resource = cluster.resource(request.resource);
    const isRunning = runs(resource, node);
    const check = checkResource(resource);
    const where = node === undefined ? '' : ` on host ${node.name}`;
    const line = `Resource ${resource.id} is ${isRunning ? 'running' : 'not running'}${where}`;
    const attributes = node === undefined ? { running: String(isRunning) } : {};
    result.add([line, ...check.lines].join('\n'), element('reason', attributes, [check.xml]));
    return exitCode.ok;
  }
  const parts = node === undefined ? everywhere(cluster) : onNode(node);
  const xml = element('reason', {}, [
    element(
      'resources',
      {},
      parts.map((part) => part.xml),
    ),
  ]);
  const lines = parts.flatMap((part) => part.lines);
  if (lines.length > 0 || result.isXml) result.add(lines.join('\n'), xml);
  return exitCode.ok;
}

function runs(resource: Resource, node: ClusterNode | undefined): boolean {
  const nodes = [...primitivesOf(resource)].flatMap((each) => each.activeNodes);
  return node === undefined ? nodes.length > 0 : nodes.includes(node);
}

function everywhere(cluster: Cluster): Check[] {
  return cluster.report(false).resources.map((resource) => {
    const isRunning = runs(resource, undefined);
    const check = checkResource(resource);
    return {
      lines: [`Resource ${resource.id} is ${isRunning ? 'running' : 'not running'}`, ...check.lines],
      xml: element('resource', { id: resource.id, running: String(isRunning) }, [check.xml]),
    };
  });
}

function onNode(node: ClusterNode): Check[] {
  const part = (resource: Resource, isRunning: boolean): Check => {
    const check = checkResource(resource);
    const line = isRunning
      ? `Resource ${resource.id} is running on host ${node.name}`
      : `Resource ${resource.id} is assigned to host ${node.name} but not running`;
    const attributes = { id: resource.id, running: String(isRunning), host: node.name };
    return { lines: [line, ...check.lines], xml: element('resource', attributes, [check.xml]) };
  };
  const assigned = node.assignedResources.filter((each) => !node.running.includes(each));
  return [...node.running.map((each) => part(each, true)), ...assigned.map((each) => part(each, false))];
}
