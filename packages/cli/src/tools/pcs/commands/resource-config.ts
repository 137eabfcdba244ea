import { attr, childElements, type Element, firstChild } from '@sanode/xml';
import { seconds } from '../arguments.ts';
import type { PcsContext } from '../context.ts';
import { compareText, fail } from '../errors.ts';
import { nvpairs } from '../nvpairs.ts';
import { findResource, innerResource, isClone, isResource } from '../resources.ts';
import { indented, pairText } from '../text.ts';

const order = ['primitive', 'group', 'clone', 'master', 'bundle'];

/** `resource config [R…]` (cli-pcs.md 10.1). */
export async function resourceConfig(context: PcsContext, ids: readonly string[]): Promise<void> {
  if ((context.option('output-format') ?? 'text') !== 'text') fail("only the output format 'text' is available yet");
  const editor = await context.cib();
  const section = editor.section('resources');
  if (ids.length === 0) {
    for (const line of resourcesText(section)) context.print(line);
    return;
  }
  const found: Element[] = [];
  for (const id of ids) {
    const resource = findResource(editor, id);
    if (resource === undefined) context.warn(`Unable to find resource '${id}'`);
    else found.push(resource);
  }
  if (found.length === 0) fail('No resource found');
  for (const line of found.flatMap(resourceText)) context.print(line);
}

/** All resources of a section, or its fence devices. */
export function resourcesText(section: Element, stonith = false): string[] {
  const isFencing = (resource: Element): boolean =>
    resource.name === 'primitive' && attr(resource, 'class') === 'stonith';
  return childElements(section)
    .filter((child) => isResource(child) && isFencing(child) === stonith)
    .sort((left, right) => order.indexOf(left.name) - order.indexOf(right.name))
    .flatMap(resourceText);
}

function resourceText(resource: Element): string[] {
  const id = attr(resource, 'id');
  if (resource.name === 'primitive') return primitiveText(resource);
  if (resource.name === 'bundle') return bundleText(resource);
  const kind = isClone(resource) ? 'Clone' : 'Group';
  const sets = [
    setText(resource, 'instance_attributes', 'Attributes'),
    setText(resource, 'meta_attributes', 'Meta Attributes'),
  ];
  const members = childElements(resource).filter(isResource).flatMap(resourceText);
  return [`${kind}: ${id}`, ...indented([...sets.flat(), ...members], 2)];
}

function primitiveText(primitive: Element): string[] {
  const names = ['class', 'provider', 'type'].filter((name) => attr(primitive, name) !== undefined);
  const head = `Resource: ${attr(primitive, 'id')} (${names.map((name) => `${name}=${attr(primitive, name)}`).join(' ')})`;
  const description = attr(primitive, 'description');
  return [
    head,
    ...(description === undefined ? [] : [`  Description: ${description}`]),
    ...indented(
      [
        ...setText(primitive, 'instance_attributes', 'Attributes'),
        ...setText(primitive, 'meta_attributes', 'Meta Attributes'),
        ...setText(primitive, 'utilization', 'Utilization'),
        ...operationsText(primitive),
      ],
      2,
    ),
  ];
}

function setText(owner: Element, tag: string, heading: string): string[] {
  return childElements(owner, tag).flatMap((set) => {
    const pairs = [...nvpairs(set)].sort(([left], [right]) => compareText(left, right));
    if (pairs.length === 0) return [];
    return [`${heading}: ${attr(set, 'id')}`, ...pairs.map(([name, value]) => `  ${pairText(name, value)}`)];
  });
}

function operationsText(primitive: Element): string[] {
  const holder = firstChild(primitive, 'operations');
  if (holder === undefined) return [];
  const intervalOf = (op: Element): number => seconds(attr(op, 'interval') ?? '') ?? 0;
  const sorted = childElements(holder, 'op').sort(
    (left, right) =>
      compareText(attr(left, 'name') ?? '', attr(right, 'name') ?? '') || intervalOf(left) - intervalOf(right),
  );
  if (sorted.length === 0) return [];
  const lines = sorted.flatMap((op) => {
    const options = [...op.attributes].filter(([name]) => name !== 'id' && name !== 'name');
    for (const [name, value] of nvpairs(firstChild(op, 'instance_attributes'))) options.push([name, value]);
    const rank = (name: string): string => (name === 'role' ? '~' : name.toLowerCase());
    const texts = options.sort(([left], [right]) => compareText(rank(left), rank(right)));
    return [`${attr(op, 'name')}: ${attr(op, 'id')}`, ...texts.map(([name, value]) => `  ${pairText(name, value)}`)];
  });
  return ['Operations:', ...indented(lines, 2)];
}

function bundleText(bundle: Element): string[] {
  const options = (node: Element): string =>
    [...node.attributes]
      .filter(([name]) => name !== 'id')
      .map(([name, value]) => pairText(name, value))
      .join(' ');
  const lines: string[] = [];
  for (const [tag, name] of [
    ['docker', 'Docker'],
    ['podman', 'Podman'],
    ['rkt', 'Rkt'],
  ] as const) {
    const container = firstChild(bundle, tag);
    if (container !== undefined) lines.push(`${name}: ${options(container)}`);
  }
  const network = firstChild(bundle, 'network');
  if (network !== undefined && options(network) !== '') lines.push(`Network: ${options(network)}`);
  const mapped = (heading: string, nodes: readonly Element[]): string[] =>
    nodes.length === 0 ? [] : [heading, ...nodes.map((node) => `  ${options(node)} (${attr(node, 'id')})`)];
  if (network !== undefined) lines.push(...mapped('Port Mapping:', childElements(network, 'port-mapping')));
  const storage = firstChild(bundle, 'storage');
  if (storage !== undefined) lines.push(...mapped('Storage Mapping:', childElements(storage, 'storage-mapping')));
  lines.push(...setText(bundle, 'meta_attributes', 'Meta Attributes'));
  const inner = innerResource(bundle);
  return [
    `Bundle: ${attr(bundle, 'id')}`,
    ...indented([...lines, ...(inner === undefined ? [] : resourceText(inner))], 2),
  ];
}

/** Old form: `resource show [--full | --groups | R]`. */
export async function showOld(context: PcsContext, ids: readonly string[], status: () => Promise<void>): Promise<void> {
  if (context.has('full') || ids.length > 0) return resourceConfig(context, ids);
  return status();
}
