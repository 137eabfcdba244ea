import { attr, childElements, descend, type Element, firstChild, type Node } from '@sanode/xml';
import { parseRole, Role } from '../model/role.ts';
import { configError, type WorkingSet } from '../model/working-set.ts';

/** A primitive's definition with its template filled in; `undefined` (and an error) if that fails (scheduler-1 6.8). */
export function expandTemplate(set: WorkingSet, xml: Element): Element | undefined {
  const templateId = attr(xml, 'template');
  if (templateId === undefined) return xml;
  const id = attr(xml, 'id') ?? '';
  const resources = descend(set.cib, 'configuration', 'resources');
  const template =
    resources === undefined
      ? undefined
      : childElements(resources, 'template').find((candidate) => attr(candidate, 'id') === templateId);
  if (templateId === id || template === undefined) {
    configError(set, `Ignoring resource '${id}': no template '${templateId}'`);
    return undefined;
  }
  const attributes = new Map(template.attributes);
  attributes.set('id', id);
  const instance = attr(xml, 'clone');
  if (instance !== undefined) attributes.set('clone', instance);
  return { type: 'element', name: xml.name, attributes, children: mergeChildren(template, xml) };
}

function mergeChildren(template: Element, xml: Element): Node[] {
  const own = firstChild(xml, 'operations');
  const inherited = firstChild(template, 'operations');
  if (own === undefined || inherited === undefined) return [...template.children, ...xml.children];
  const keys = new Set(childElements(own, 'op').map(operationKey));
  const extra = childElements(inherited, 'op').filter((op) => !keys.has(operationKey(op)));
  const merged: Element = { ...own, children: [...own.children, ...extra] };
  return [
    ...template.children.filter((child) => child !== inherited),
    ...xml.children.map((child) => (child === own ? merged : child)),
  ];
}

/** Operations of one name and role count as the same, whatever their interval. */
function operationKey(op: Element): string {
  const role = parseRole(attr(op, 'role'));
  const plain = role === undefined || role === Role.started || role === Role.unpromoted || role === Role.unknown;
  return `${attr(op, 'name') ?? ''}-${plain ? 'Unknown' : attr(op, 'role')}`;
}
