import { evaluateSets } from '@sanode/rules';
import { attr, type Element } from '@sanode/xml';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { currentNode } from '../placement/current-node.ts';
import { sameText } from '../values/names.ts';
import { ruleInput } from './rule-input.ts';

/** Reads a node's permanent or transient attributes; transient ones win (scheduler-1 5.5). */
export function addNodeAttributes(
  set: WorkingSet,
  node: ClusterNode,
  source: Element | undefined,
  transient: boolean,
): void {
  insertBuiltIn(set, node);
  if (source !== undefined) readAttributes(set, node, source, transient);
  if (!node.attributes.has('#site-name')) {
    const site = node.attributes.get('site-name') ?? set.options.values.get('cluster-name');
    if (site !== undefined) node.attributes.set('#site-name', site);
  }
}

function readAttributes(set: WorkingSet, node: ClusterNode, source: Element, transient: boolean): void {
  const input = ruleInput(set);
  if (transient) {
    const table = new Map<string, string>();
    evaluateSets(source, 'instance_attributes', input, table);
    for (const [name, value] of table) node.attributes.set(name, value);
  } else {
    evaluateSets(source, 'instance_attributes', input, node.attributes);
  }
  evaluateSets(source, 'utilization', input, node.utilization);
}

function insertBuiltIn(set: WorkingSet, node: ClusterNode): void {
  node.attributes.set('#uname', node.name);
  node.attributes.set('#id', node.id);
  const dcId = attr(set.cib, 'dc-uuid');
  if (set.dcNode === undefined && dcId !== undefined && sameText(dcId, node.id)) {
    set.dcNode = node;
    node.isDc = true;
  }
  node.attributes.set('#is_dc', String(node.isDc));
  const clusterName = set.options.values.get('cluster-name');
  if (clusterName !== undefined) node.attributes.set('#cluster-name', clusterName);
}

/**
 * A node's attribute as a resource sees it: with `container-attribute-target=host`, of the host of its guest
 * (scheduler-1 5.5).
 * @param which the container's assigned host, or where it is now
 */
export function nodeAttribute(
  node: ClusterNode,
  name: string,
  resource: Resource | undefined,
  which: 'assigned' | 'current',
): string | undefined {
  const container = node.connection?.launcher;
  if (
    container === undefined ||
    resource === undefined ||
    !sameText(resource.meta.get('container-attribute-target'), 'host')
  ) {
    return node.attributes.get(name);
  }
  const host = which === 'assigned' ? container.assigned?.node : currentNode(container);
  return host?.attributes.get(name);
}
