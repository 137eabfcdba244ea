import { cibOption } from '@sanode/cib';
import { definitionId, primitivesOf, type Resource, topOf, withDescendants } from '@sanode/scheduler';
import { unpackConstraints } from '@sanode/scheduler/constraints/unpack';
import { parametersOf } from '@sanode/scheduler/inputs/parameters';
import { attr, childElements, descend, type Element, element, text, walk } from '@sanode/xml';
import { exitCode } from '../../common/cib-exit.ts';
import { hasOption, lastValue } from '../../common/options.ts';
import { speaksAs3, ToolRefusal } from '../../common/tool-frame.ts';
import type { Cluster } from './cluster.ts';
import { fails, inform, type Request } from './request.ts';

type SetName = 'instance_attributes' | 'meta_attributes' | 'utilization';

function setNameOf(request: Request): SetName {
  if (hasOption(request.given, 'utilization')) return 'utilization';
  return hasOption(request.given, 'meta') ? 'meta_attributes' : 'instance_attributes';
}

/** `-g`: a parameter's value as it is in effect (cli-crm.md 5). */
export function getParameter(cluster: Cluster, id: string, name: string, request: Request): number {
  const resource = cluster.resource(id, true);
  const set = setNameOf(request);
  const nodes = new Set([...primitivesOf(resource)].flatMap((each) => each.activeNodes));
  if (nodes.size > 1) {
    request.result.error(`${resource.id} is active on more than one node, returning the default value for ${name}`);
  }
  const values =
    set === 'instance_attributes'
      ? parametersOf(cluster.set, resource, undefined)
      : set === 'meta_attributes'
        ? resource.meta
        : resource.utilization;
  const value = values.get(name);
  if (value === undefined) {
    request.result.error(`Attribute '${name}' not found for '${resource.id}'`);
    return speaksAs3() ? exitCode.noSuchObject : exitCode.ok;
  }
  const item = element('item', { name }, [text(value)]);
  request.result.add(value, element('list', { name: 'attributes', count: 1 }, [item]));
  return exitCode.ok;
}

interface Place {
  /** Element of the configuration that gets or has the attribute. */
  readonly xml: Element;
  readonly id: string;
}

interface Pair {
  readonly pair: Element;
  readonly set: Element;
}

/** `-p`: sets a parameter where it is, or where it belongs (cli-crm.md 5.3). */
export async function setParameter(cluster: Cluster, id: string, name: string, request: Request): Promise<number> {
  const value = lastValue(request.given, 'parameter-value') ?? '';
  const set = setNameOf(request);
  const resource = cluster.resource(id, true);
  if (set === 'instance_attributes' && !request.force) refuseMetaOfThatName(cluster, resource, name);
  const places = [placeOf(cluster, resource, set, name, 'update', request)];
  if (hasOption(request.given, 'recursive')) places.push(...dependents(cluster, resource));
  for (const place of places) await setAt(cluster, place, { set, name, value }, request);
  return exitCode.ok;
}

function refuseMetaOfThatName(cluster: Cluster, resource: Resource, name: string): void {
  const found = pairsOf(configured(cluster, definitionId(resource)), 'meta_attributes', name)[0];
  if (found === undefined) return;
  const pairId = attr(found.pair, 'id');
  throw new ToolRefusal(
    `WARNING: There is already a meta attribute for '${definitionId(resource)}' called '${name}' (id=${pairId})\n` +
      `         Delete '${pairId}' first or use the force option to override\n` +
      fails(exitCode.multiple).message,
    exitCode.multiple,
  );
}

interface Attribute {
  readonly set: SetName;
  readonly name: string;
  readonly value: string;
}

async function setAt(cluster: Cluster, place: Place, attribute: Attribute, request: Request): Promise<void> {
  const { set, name, value } = attribute;
  const found = onlyPair(place, set, name, request);
  const wantedSet = lastValue(request.given, 'set-name');
  const setId = found === undefined ? (wantedSet ?? `${place.id}-${set}`) : (attr(found.set, 'id') ?? '');
  const pairId =
    (found === undefined ? lastValue(request.given, 'nvpair') : attr(found.pair, 'id')) ??
    sanitizeId(`${setId}-${name}`);
  const data = element(place.xml.name, { id: place.id }, [
    element(set, { id: setId }, [element('nvpair', { id: pairId, name, value })]),
  ]);
  const options = cibOption.canCreate;
  await cluster.change({ operation: 'cib_modify', section: 'resources', data, options }, request.force);
  const where = found === undefined ? ` set=${setId}` : '';
  inform(request, `Set '${place.id}' option: id=${pairId}${where} name=${name} value=${value}`);
}

/** `-d`: deletes a parameter; nothing happens when it is not there. */
export async function deleteParameter(cluster: Cluster, id: string, name: string, request: Request): Promise<number> {
  const set = setNameOf(request);
  const place = placeOf(cluster, cluster.resource(id, true), set, name, 'delete', request);
  const found = onlyPair(place, set, name, request);
  if (found === undefined) return exitCode.ok;
  const pairId = attr(found.pair, 'id') ?? '';
  const data = element('nvpair', { id: pairId, name: attr(found.pair, 'name') });
  await cluster.change({ operation: 'cib_delete', section: 'resources', data }, request.force);
  inform(request, `Deleted '${place.id}' option: id=${pairId} name=${name}`);
  return exitCode.ok;
}

/** Meta-attributes of what is cloned belong to the clone; what a child has already is changed there. */
function placeOf(
  cluster: Cluster,
  resource: Resource,
  set: SetName,
  name: string,
  verb: 'update' | 'delete',
  request: Request,
): Place {
  const own = { xml: configured(cluster, definitionId(resource)), id: definitionId(resource) };
  if (set === 'instance_attributes' || request.force) return own;
  for (const child of resource.children.flatMap((each) => [...withDescendants(each)])) {
    const id = definitionId(child);
    const xml = configured(cluster, id);
    if (pairsOf(xml, set, name).length === 0) continue;
    inform(
      request,
      `A value for '${name}' already exists in child '${id}', performing ${verb} on that instead of '${own.id}'`,
    );
    return { xml, id };
  }
  const { parent } = resource;
  if (parent?.variant !== 'clone' || pairsOf(own.xml, set, name).length > 0) return own;
  inform(request, `Performing ${verb} of '${name}' on '${parent.id}', the parent of '${own.id}'`);
  return { xml: configured(cluster, definitionId(parent)), id: definitionId(parent) };
}

/** Resources that must be with this one, directly or through others. */
function dependents(cluster: Cluster, resource: Resource): Place[] {
  unpackConstraints(cluster.set);
  const seen = new Set<Resource>([topOf(resource)]);
  for (const each of seen) {
    for (const { dependent, explicit, score } of each.withThis) if (explicit && score > 0) seen.add(dependent);
  }
  return [...seen].slice(1).map((each) => ({ xml: configured(cluster, definitionId(each)), id: definitionId(each) }));
}

function configured(cluster: Cluster, id: string): Element {
  const resources = descend(cluster.cib, 'configuration', 'resources');
  for (const each of resources === undefined ? [] : walk(resources)) {
    if (attr(each, 'id') === id && ['primitive', 'group', 'clone', 'master', 'bundle'].includes(each.name)) return each;
  }
  throw fails(exitCode.noSuchObject);
}

function pairsOf(xml: Element, set: SetName, name: string): Pair[] {
  return childElements(xml, set).flatMap((each) =>
    childElements(each, 'nvpair')
      .filter((pair) => attr(pair, 'name') === name)
      .map((pair) => ({ pair, set: each })),
  );
}

function onlyPair(place: Place, set: SetName, name: string, request: Request): Pair | undefined {
  const wantedSet = lastValue(request.given, 'set-name');
  const wantedPair = lastValue(request.given, 'nvpair');
  const found = pairsOf(place.xml, set, name).filter(
    (each) =>
      (wantedSet === undefined || attr(each.set, 'id') === wantedSet) &&
      (wantedPair === undefined || attr(each.pair, 'id') === wantedPair),
  );
  if (found.length <= 1) return found[0];
  const values = found.map(({ pair }) => `  Value: ${attr(pair, 'value') ?? ''} \t(id=${attr(pair, 'id')})`);
  const list = `Multiple attributes match name=${name}\n${values.join('\n')}\n`;
  throw new ToolRefusal(`${fails(exitCode.multiple).message}\n${list.trimEnd()}`, exitCode.multiple);
}

/** Characters that an XML id may not have become dots; it may not begin with a digit either. */
function sanitizeId(id: string): string {
  return id.replace(/[^A-Za-z0-9_.-]/g, '.');
}
