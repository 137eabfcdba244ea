import { attr, childElements, type Element, element, selectElements } from '@sanode/xml';

/** Where attributes are kept. */
export type Scope = 'crm_config' | 'rsc_defaults' | 'op_defaults' | 'nodes' | 'status';

export interface Target {
  readonly scope: Scope;
  /** Of node attributes: the node. */
  readonly node: { readonly id: string; readonly name: string; readonly remote: boolean } | undefined;
  readonly utilization: boolean;
}

/** One nvpair, and the set it is in. */
export interface Entry {
  readonly pair: Element;
  readonly set: Element;
}

export interface Selection {
  readonly name: string | undefined;
  readonly pattern: RegExp | undefined;
  readonly id: string | undefined;
  readonly set: string | undefined;
}

/** A node by name, from the node list or as a remote node's resource; undefined when nobody has that name. */
export function findNode(cib: Element, name: string): Target['node'] {
  const wanted = name.toLowerCase();
  for (const node of selectElements(cib, '/cib/configuration/nodes/node')) {
    if (attr(node, 'uname')?.toLowerCase() !== wanted) continue;
    return { id: attr(node, 'id') ?? '', name: attr(node, 'uname') ?? name, remote: attr(node, 'type') === 'remote' };
  }
  const isRemote =
    selectElements(cib, "/cib/configuration/resources//primitive[@provider='pacemaker' and @type='remote']").some(
      (primitive) => attr(primitive, 'id') === name,
    ) ||
    selectElements(cib, "/cib/configuration/resources//nvpair[@name='remote-node']").some(
      (pair) => attr(pair, 'value') === name,
    );
  return isRemote ? { id: name, name, remote: true } : undefined;
}

function setsOf(cib: Element, target: Target): Element[] {
  const { scope, node } = target;
  const setName = target.utilization ? 'utilization' : 'instance_attributes';
  if (scope === 'crm_config') return selectElements(cib, '/cib/configuration/crm_config/cluster_property_set');
  if (scope === 'rsc_defaults' || scope === 'op_defaults') {
    return selectElements(cib, `/cib/configuration/${scope}/meta_attributes`);
  }
  const owners =
    scope === 'nodes'
      ? selectElements(cib, '/cib/configuration/nodes/node')
      : selectElements(cib, '/cib/status/node_state');
  return owners
    .filter((owner) => attr(owner, 'id') === node?.id)
    .flatMap((owner) => (scope === 'nodes' ? [owner] : childElements(owner, 'transient_attributes')))
    .flatMap((owner) => childElements(owner, setName));
}

/** The entries that a selection means. */
export function findEntries(cib: Element, target: Target, selection: Selection): Entry[] {
  return setsOf(cib, target)
    .filter((set) => selection.set === undefined || attr(set, 'id') === selection.set)
    .flatMap((set) => childElements(set, 'nvpair').map((pair) => ({ pair, set })))
    .filter(({ pair }) => {
      const name = attr(pair, 'name') ?? '';
      if (selection.id !== undefined && attr(pair, 'id') !== selection.id) return false;
      if (selection.pattern !== undefined) return selection.pattern.test(name);
      return selection.name === undefined || name === selection.name;
    });
}

const setIds: Readonly<Record<Scope, string>> = {
  crm_config: 'cib-bootstrap-options',
  rsc_defaults: 'rsc_defaults-options',
  op_defaults: 'op_defaults-options',
  nodes: 'nodes',
  status: 'status',
};

/** A text with what may not be in an id made dots. */
export function idText(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]/g, '.');
}

/** The change that sets a value: in the entry that is there, else in a new one (cli-crm.md 7). */
export function updateData(
  target: Target,
  existing: Entry | undefined,
  selection: Selection,
  name: string,
  value: string,
): Element {
  const { scope, node } = target;
  const suffix = node === undefined ? '' : `-${node.id}${target.utilization ? '-utilization' : ''}`;
  const setId = existing === undefined ? (selection.set ?? setIds[scope] + suffix) : attr(existing.set, 'id');
  const pairId = existing === undefined ? (selection.id ?? idText(`${setId}-${name}`)) : attr(existing.pair, 'id');
  const setName =
    scope === 'crm_config'
      ? 'cluster_property_set'
      : node === undefined
        ? 'meta_attributes'
        : target.utilization
          ? 'utilization'
          : 'instance_attributes';
  const set = element(setName, { id: setId }, [element('nvpair', { id: pairId, name, value })]);
  if (node === undefined) return element(scope, {}, [set]);
  if (scope === 'nodes') {
    const remote = node.remote ? { type: 'remote', uname: node.name } : {};
    return element('nodes', {}, [element('node', { id: node.id, ...remote }, [set])]);
  }
  return element('status', {}, [
    element('node_state', { id: node.id }, [element('transient_attributes', { id: node.id }, [set])]),
  ]);
}
