import { attr, childElements, type Element, firstChild, walk } from '@sanode/xml';

/** A node of the configuration. */
export interface ConfiguredNode {
  readonly type: 'cluster' | 'guest' | 'remote';
  readonly name: string;
  readonly id: string;
}

/** Nodes that the configuration names: cluster nodes, then guest nodes, then remote nodes (cli-crm.md 16). */
export function configuredNodes(cib: Element): ConfiguredNode[] {
  const configuration = firstChild(cib, 'configuration');
  const nodes = configuration === undefined ? undefined : firstChild(configuration, 'nodes');
  const resources = configuration === undefined ? undefined : firstChild(configuration, 'resources');
  const found: ConfiguredNode[] = [];
  for (const node of nodes === undefined ? [] : childElements(nodes)) {
    const type = attr(node, 'type');
    if (node.name !== 'node' || (type !== undefined && type !== 'member' && type !== 'normal')) continue;
    const id = attr(node, 'id') ?? '';
    found.push({ type: 'cluster', name: attr(node, 'uname') ?? id, id });
  }
  if (resources === undefined) return found;
  const primitives = [...walk(resources)].filter((each) => each.name === 'primitive');
  for (const primitive of primitives) {
    const name = guestName(primitive);
    if (name !== undefined) found.push({ type: 'guest', name, id: name });
  }
  for (const primitive of primitives) {
    const id = attr(primitive, 'id') ?? '';
    const agent = ['class', 'provider', 'type'].map((part) => attr(primitive, part)).join(':');
    if (agent === 'ocf:pacemaker:remote') found.push({ type: 'remote', name: id, id });
  }
  return found;
}

function guestName(primitive: Element): string | undefined {
  return childElements(primitive)
    .filter((set) => set.name === 'meta_attributes')
    .flatMap((set) => childElements(set))
    .filter((pair) => attr(pair, 'name') === 'remote-node')
    .map((pair) => attr(pair, 'value'))
    .find((value) => value !== undefined && value !== '');
}
