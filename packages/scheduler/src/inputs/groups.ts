import { parseBoolean } from '@sanode/rules';
import { childElements, type Element, withAttributes } from '@sanode/xml';
import type { Resource } from '../model/resource.ts';
import { configWarning, type WorkingSet } from '../model/working-set.ts';

export type UnpackChild = (xml: Element, parent: Resource) => Resource | undefined;

/** Builds a group's members; a group without any is ignored (scheduler-1 6.10). */
export function unpackGroup(set: WorkingSet, group: Resource, unpackChild: UnpackChild): boolean {
  group.group = {
    ordered: parseBoolean(group.meta.get('ordered')) !== false,
    colocated: parseBoolean(group.meta.get('collocated')) !== false,
  };
  const instance = group.xml.attributes.get('clone');
  for (const xml of childElements(group.xml, 'primitive')) {
    const member = unpackChild(instance === undefined ? xml : withAttributes(xml, { clone: instance }), group);
    if (member !== undefined) group.children.push(member);
  }
  if (group.children.length > 0) return true;
  configWarning(set, `Ignoring group ${group.id}: it has no members`);
  return false;
}
