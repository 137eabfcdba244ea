import { attr, childElements, type Element, element, type Node, withAttributes, withChildren } from '@sanode/xml';
import { hasChild, rewrite } from './tree.ts';

const suffix = 'for upgrade-1.3.xsl purposes';

/** pacemaker-1.3 to 2.0: access lists in their newer form (cib-schema.md 9.1). @param tell gets messages */
export function toTwo(cib: Element, tell: (message: string) => void): Element {
  const [changed] = rewrite(cib, (node): readonly Node[] => {
    switch (node.name) {
      case 'role_ref':
        return [{ ...node, name: 'role' }];
      case 'read':
      case 'write':
      case 'deny':
        return [permission(node, tell)];
      case 'acl_user':
        return user(node);
      default:
        return [node];
    }
  });
  return withAttributes(changed as Element, { 'validate-with': 'pacemaker-2.0' });
}

function permission(node: Element, tell: (message: string) => void): Element {
  const base = { id: attr(node, 'id'), kind: node.name };
  const { ref, tag, xpath, attribute } = Object.fromEntries(node.attributes);
  if (ref !== undefined) {
    if (attribute !== undefined) tell(`ACLs: @attribute cannot accompany @ref ${suffix}, ignoring`);
    return element('acl_permission', { ...base, reference: ref });
  }
  if (tag !== undefined) {
    if (attribute !== undefined) tell(`ACLs: @attribute (with @tag) handling generalized a bit ${suffix}`);
    return element('acl_permission', { ...base, 'object-type': tag, attribute });
  }
  if (attribute === undefined) return element('acl_permission', { ...base, xpath });
  tell(`ACLs: @attribute (with @xpath) handling generalized a bit ${suffix}`);
  return element('acl_permission', { ...base, xpath: `${xpath}[@${attribute}]` });
}

function user(node: Element): readonly Node[] {
  const target: Element = { ...node, name: 'acl_target' };
  if (hasChild(node, 'role') || childElements(node).length === 0) return [target];
  const id = `auto-${attr(node, 'id')}`;
  return [withChildren(target, [element('role', { id })]), element('acl_role', { id }, node.children)];
}
