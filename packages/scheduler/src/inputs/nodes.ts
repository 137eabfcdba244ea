import { attr, childElements, descend, type Element, element } from '@sanode/xml';
import { type ClusterNode, makeNode } from '../model/node.ts';
import { configError, configWarning, type WorkingSet } from '../model/working-set.ts';
import { compareNames, sameText } from '../values/names.ts';
import { scoreOr } from '../values/scores.ts';
import { addNodeAttributes } from './node-attributes.ts';

/** Adds a node to the list, which is kept in natural order of names (scheduler-1 5.1). */
export function addNode(
  set: WorkingSet,
  id: string,
  name: string,
  variant: 'cluster' | 'remote',
  score: number,
): ClusterNode {
  const node = makeNode(id, name, variant, score);
  if (set.nodesByName.has(name.toLowerCase())) configWarning(set, `More than one node entry has name '${name}'`);
  node.attributes.set('#kind', variant);
  if (variant === 'remote') set.haveRemoteNodes = true;
  let at = 0;
  while (at < set.nodes.length && compareNames(name, (set.nodes[at] as ClusterNode).name) > 0) at += 1;
  set.nodes.splice(at, 0, node);
  set.nodesById.set(id.toLowerCase(), node);
  set.nodesByName.set(name.toLowerCase(), node);
  return node;
}

export function findNode(set: WorkingSet, name: string | undefined): ClusterNode | undefined {
  return name === undefined ? undefined : set.nodesByName.get(name.toLowerCase());
}

/** By id, else by name, both ignoring case. */
export function findNodeByIdOrName(
  set: WorkingSet,
  id: string | undefined,
  name: string | undefined,
): ClusterNode | undefined {
  return (id === undefined ? undefined : set.nodesById.get(id.toLowerCase())) ?? findNode(set, name);
}

/** Reads the nodes section. */
export function unpackNodes(set: WorkingSet): void {
  const section = descend(set.cib, 'configuration', 'nodes');
  for (const xml of section === undefined ? [] : childElements(section, 'node')) {
    const id = attr(xml, 'id');
    if (id === undefined) {
      configError(set, 'Ignoring a node without id in the configuration');
      continue;
    }
    const type = attr(xml, 'type')?.toLowerCase() ?? 'member';
    if (type !== 'member' && type !== 'remote') {
      configError(set, `Ignoring node '${id}' and those after it: '${type}' is no type of node`);
      break;
    }
    const variant = type === 'remote' ? 'remote' : 'cluster';
    const node = addNode(set, id, attr(xml, 'uname') ?? id, variant, scoreOr(attr(xml, 'score'), 0));
    applyStartupFencing(set, node);
    addNodeAttributes(set, node, xml, false);
  }
}

/** Until it is seen, a node is unclean where start-up fencing says so. */
export function applyStartupFencing(set: WorkingSet, node: ClusterNode): void {
  if (node.variant === 'remote' && node.connection === undefined) return;
  node.unclean = set.options.startupFencing;
}

/** Whether a primitive's definition is a connection to a remote node. */
export function isRemoteConnectionXml(xml: Element): boolean {
  return (
    xml.name === 'primitive' &&
    sameText(attr(xml, 'class'), 'ocf') &&
    sameText(attr(xml, 'provider'), 'pacemaker') &&
    sameText(attr(xml, 'type'), 'remote')
  );
}

/** What a generated connection primitive is made from (scheduler-1 5.2.1). */
export interface ConnectionSettings {
  readonly name: string;
  readonly container: string | undefined;
  readonly allowMigrate?: string | undefined;
  readonly isManaged?: string | undefined;
  readonly startTimeout?: string | undefined;
  readonly server?: string | undefined;
  readonly port?: string | undefined;
}

/** Makes the definition of a connection to a guest or bundle node. */
export function connectionXml(settings: ConnectionSettings): Element {
  const { name } = settings;
  const metaId = `${name}-meta_attributes`;
  const attributesId = `${name}-instance_attributes`;
  const pairs = (setId: string, values: readonly (readonly [string, string | undefined])[]) =>
    values
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => element('nvpair', { id: `${setId}-${key}`, name: key, value }));
  const meta = pairs(metaId, [
    ['internal_rsc', 'true'],
    ['container', settings.container],
    ['allow-migrate', settings.allowMigrate],
    ['is-managed', settings.isManaged],
  ]);
  const attributes = pairs(attributesId, [
    ['addr', settings.server],
    ['port', settings.port],
  ]);
  const monitor = { id: `${name}-monitor-30s`, name: 'monitor', interval: '30s', timeout: '30s' };
  const start = { id: `${name}-start-0`, name: 'start', interval: '0', timeout: settings.startTimeout };
  return element('primitive', { id: name, class: 'ocf', provider: 'pacemaker', type: 'remote' }, [
    element('meta_attributes', { id: metaId }, meta),
    attributes.length > 0 ? element('instance_attributes', { id: attributesId }, attributes) : undefined,
    element('operations', {}, [
      element('op', monitor),
      settings.startTimeout === undefined ? undefined : element('op', start),
    ]),
  ]);
}

/**
 * Makes the nodes behind connection primitives, and the connections that guests' definitions imply. Returns the
 * definitions of all resources, the implied ones last (scheduler-1 5.2).
 */
export function unpackRemoteNodes(set: WorkingSet, definitions: readonly Element[]): Element[] {
  const all = [...definitions];
  const known = new Set<string>();
  for (let at = 0; at < all.length; at += 1) {
    const definition = all[at] as Element;
    const primitives = definition.name === 'group' ? childElements(definition, 'primitive') : [definition];
    for (const primitive of primitives) {
      if (primitive.name !== 'primitive') continue;
      const implied = unpackRemoteNode(set, primitive, known);
      if (implied !== undefined) all.push(implied);
    }
  }
  return all;
}

function unpackRemoteNode(set: WorkingSet, primitive: Element, known: Set<string>): Element | undefined {
  const id = attr(primitive, 'id');
  if (id === undefined) return undefined;
  if (isRemoteConnectionXml(primitive)) {
    if (findNode(set, id) === undefined) addNode(set, id, id, 'remote', 0);
    return undefined;
  }
  const meta = new Map<string, string>();
  for (const metaSet of childElements(primitive, 'meta_attributes')) {
    for (const pair of childElements(metaSet, 'nvpair')) {
      const name = attr(pair, 'name');
      const value = attr(pair, 'value');
      if (name !== undefined && value !== undefined) meta.set(name, value);
    }
  }
  const name = meta.get('remote-node');
  if (name === undefined || known.has(name)) return undefined;
  known.add(name);
  if (findNode(set, name) === undefined) addNode(set, name, name, 'remote', 0);
  return connectionXml({
    name,
    container: id,
    allowMigrate: meta.get('remote-allow-migrate'),
    isManaged: meta.get('is-managed'),
    startTimeout: meta.get('remote-connect-timeout') ?? '60s',
    server: meta.get('remote-addr'),
    port: meta.get('remote-port'),
  });
}
