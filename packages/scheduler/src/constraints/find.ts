import { isTrue, parseBoolean } from '@sanode/rules';
import { attr, childElements, type Element, element, withAttributes } from '@sanode/xml';
import { resolved } from '../inputs/cib-index.ts';
import { type Resource, topOf } from '../model/resource.ts';
import { configError, type WorkingSet } from '../model/working-set.ts';
import { findByHistoryId } from '../status/find-resource.ts';

/** The resource that a constraint names: by id, or by the name its history has (scheduler-2 7.6). */
export function findConstrained(set: WorkingSet, id: string | undefined): Resource | undefined {
  if (id === undefined) return undefined;
  const found = findByHistoryId(set, id);
  if (found === undefined) return undefined;
  return found.id === id ? found : topOf(found);
}

/** The ids that a template or tag stands for; a template that nobody uses is as good as unknown. */
export function membersOf(set: WorkingSet, id: string): readonly string[] | undefined {
  const members = set.templates.get(id) ?? set.tags.get(id);
  return members?.length === 0 ? undefined : members;
}

/** A constraint's resource sets, references followed. */
export function resourceSets(set: WorkingSet, constraint: Element): Element[] {
  const sets: Element[] = [];
  for (const child of childElements(constraint, 'resource_set')) {
    const found = resolved(set.index, child);
    if (found !== undefined) sets.push(found);
  }
  return sets;
}

/** The resources of a set; `undefined` (and an error) if one is unknown. */
export function resourcesOfSet(set: WorkingSet, resourceSet: Element): Resource[] | undefined {
  const resources: Resource[] = [];
  for (const reference of childElements(resourceSet, 'resource_ref')) {
    const resource = findConstrained(set, attr(reference, 'id'));
    if (resource === undefined) {
      configError(set, `There is no resource '${attr(reference, 'id')}' for set ${attr(resourceSet, 'id')}`);
      return undefined;
    }
    resources.push(resource);
  }
  return resources;
}

/**
 * Replaces templates and tags in a constraint's sets by their members; without sets, `undefined`. The constraint stays
 * as it is when a name, or a member of what a name stands for, is no resource.
 */
export function expandSets(set: WorkingSet, constraint: Element): Element | undefined {
  if (childElements(constraint, 'resource_set').length === 0) return undefined;
  let broken = false;
  const children = constraint.children.map((child) => {
    if (child.type !== 'element' || child.name !== 'resource_set') return child;
    const references = childElements(child, 'resource_ref').flatMap((reference) => {
      const id = attr(reference, 'id') ?? '';
      if (findConstrained(set, id) !== undefined) return [reference];
      const members = membersOf(set, id);
      const isKnown = members?.every((member) => findConstrained(set, member) !== undefined) === true;
      if (!isKnown) broken = attr(child, 'id-ref') === undefined || broken;
      return (members ?? []).map((member) => element('resource_ref', { id: member }));
    });
    return attr(child, 'id-ref') === undefined ? { ...child, children: references } : child;
  });
  return broken ? constraint : { ...constraint, children };
}

/** A set that stands for a template, a tag or a resource named in an attribute. */
export function setFor(set: WorkingSet, id: string, attributes: Readonly<Record<string, string | undefined>>): Element {
  const members = findConstrained(set, id) === undefined ? membersOf(set, id) : undefined;
  const ids = members ?? [id];
  return element(
    'resource_set',
    { id, ...attributes, sequential: members === undefined ? undefined : 'false' },
    ids.map((member) => element('resource_ref', { id: member })),
  );
}

/** A constraint whose single `rsc` is a template or tag, as one with a set (locations, tickets). */
export function expandSingle(set: WorkingSet, constraint: Element, roleAttribute: string): Element | undefined {
  const id = attr(constraint, 'rsc');
  if (id === undefined || findConstrained(set, id) !== undefined) return constraint;
  if (membersOf(set, id) === undefined) return undefined;
  const role = attr(constraint, roleAttribute);
  const copy = withAttributes(constraint, { rsc: undefined, [roleAttribute]: undefined });
  return { ...copy, children: [...copy.children, setFor(set, id, { role })] };
}

/** Whether a set's `sequential` says (or leaves) that its order counts. */
export function isSequential(resourceSet: Element): boolean {
  return parseBoolean(attr(resourceSet, 'sequential')) !== false;
}

/** Whether a set's `sequential` explicitly says so. */
export function isExplicitlySequential(resourceSet: Element): boolean {
  return isTrue(attr(resourceSet, 'sequential'));
}
