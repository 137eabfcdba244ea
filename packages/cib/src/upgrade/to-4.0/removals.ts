import { attr, childElements, type Element, firstChild, type Node, walk, withChildren } from '@sanode/xml';
import { hasChild, mapChildren, mapNamed } from '../tree.ts';
import type { Changes } from './index.ts';

const goneClasses = ['nagios', 'upstart'];
const resourceMetaOwners = ['template', 'primitive', 'group', 'clone', 'bundle', 'rsc_defaults'];

/** Resources and settings that are supported no longer (cib-schema.md 9.3, step 4). */
export function removeUnsupported(configuration: Element, changes: Changes): Element {
  const dropped = new Set<string>();
  const templates = new Map<string, string>();
  const classOf = (node: Element): string | undefined =>
    attr(node, 'class') ?? templates.get(attr(node, 'template') ?? '');
  const resources = firstChild(configuration, 'resources');
  for (const template of resources === undefined ? [] : childElements(resources, 'template')) {
    templates.set(attr(template, 'id') ?? '', attr(template, 'class') ?? '');
  }
  const isGone = (node: Element): boolean => {
    if (node.name === 'bundle') return hasChild(node, 'rkt');
    if (node.name === 'primitive' || node.name === 'template') {
      return goneClasses.includes((classOf(node) ?? '').toLowerCase());
    }
    if (node.name !== 'group' && node.name !== 'clone') return false;
    const members = childElements(node).filter(({ name }) => name === 'primitive' || name === 'group');
    return members.length > 0 && members.every(isGone);
  };
  for (const node of resources === undefined ? [] : walk(resources)) {
    const isResource = ['primitive', 'group', 'clone', 'bundle'].includes(node.name);
    if (isResource && isGone(node)) dropped.add(attr(node, 'id') ?? '');
  }
  const keep = (node: Element): readonly Node[] => {
    if (isResourceKind(node) && isGone(node)) {
      changes.tell(dropMessage(node, classOf(node)));
      return [];
    }
    const made = node.name === 'resource_set' ? node : mapChildren(node, keep);
    return [withoutMeta(made, changes)];
  };
  const made = mapChildren(configuration, (section) => (section.name === 'constraints' ? [section] : keep(section)));
  return mapNamed(made, ['constraints'], (constraints) => [
    mapChildren(constraints, (constraint) => keepConstraint(constraint, dropped)),
  ]);
}

function isResourceKind(node: Element): boolean {
  return ['primitive', 'template', 'group', 'clone', 'bundle'].includes(node.name);
}

function dropMessage(node: Element, resourceClass: string | undefined): string {
  const id = attr(node, 'id');
  switch (node.name) {
    case 'template':
      return `WARNING: Dropping template ${id} because ${resourceClass} resources are no longer supported`;
    case 'primitive':
      return `WARNING: Dropping resource ${id} because ${resourceClass} resources are no longer supported`;
    case 'bundle':
      return `WARNING: Dropping bundle resource ${id} because rkt containers are no longer supported`;
    default:
      return `INFO: Dropping ${node.name} ${id} because it would become empty`;
  }
}

/** Meta-attributes that are gone. */
function withoutMeta(owner: Element, changes: Changes): Element {
  const isOperation = owner.name === 'op' || owner.name === 'op_defaults';
  if (!isOperation && !resourceMetaOwners.includes(owner.name)) return owner;
  const gone = isOperation ? ['can_fail', 'role_after_failure'] : ['restart-type'];
  const advice = isOperation
    ? 'Consider setting the "on-fail" operation attribute instead'
    : 'Consider setting the "kind" attribute for relevant constraints';
  return mapNamed(owner, ['meta_attributes'], (set) => [
    mapNamed(set, ['nvpair'], (pair) => {
      const name = attr(pair, 'name') ?? '';
      if (!gone.includes(name)) return [pair];
      changes.tell(
        `WARNING: Dropping ${name} meta-attribute from ${attr(set, 'id')} because it is no longer supported. ${advice}`,
      );
      return [];
    }),
  ]);
}

function keepConstraint(constraint: Element, dropped: ReadonlySet<string>): readonly Node[] {
  for (const name of ['rsc', 'with-rsc', 'first', 'then']) {
    const resource = attr(constraint, name);
    if (resource !== undefined && dropped.has(resource)) return [];
  }
  if (!hasChild(constraint, 'resource_set')) return [constraint];
  const made = withChildren(
    constraint,
    mapNamed(constraint, ['resource_set'], (set) => {
      const kept = mapNamed(set, ['resource_ref'], (each) => (dropped.has(attr(each, 'id') ?? '') ? [] : [each]));
      return hasChild(kept, 'resource_ref') || set.attributes.has('id-ref') ? [kept] : [];
    }).children,
  );
  return hasChild(made, 'resource_set') ? [made] : [];
}
