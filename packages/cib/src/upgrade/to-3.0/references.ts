import { attr, type Element, type Node, sameElement, walk, withAttributes } from '@sanode/xml';
import { rewrite } from '../tree.ts';

const setNames = ['cluster_property_set', 'instance_attributes', 'meta_attributes'];
const copyPrefix = '_cibtr-2_';

/** A reference that names no set, or several. */
export class DanglingReference extends Error {}

/** Replaces references to sets by copies with ids of their own (cib-schema.md 9.2). @throws {DanglingReference} */
export function unfold(cib: Element): Element {
  const sets = new Map<string, Element[]>();
  for (const node of walk(cib)) {
    const id = attr(node, 'id');
    if (!setNames.includes(node.name) || id === undefined) continue;
    const key = `${node.name} ${id}`;
    sets.set(key, [...(sets.get(key) ?? []), node]);
  }
  return rewrite(cib, (node) => {
    const id = attr(node, 'id-ref');
    if (id === undefined || !setNames.includes(node.name)) return [node];
    const [found, another] = sets.get(`${node.name} ${id}`) ?? [];
    if (found === undefined || another !== undefined) {
      const problem = found === undefined ? 'dangling @id-ref' : '@id-ref';
      const detail = found === undefined ? 'no such @id found' : 'more than one @id found';
      throw new DanglingReference(
        `INTERNAL ERROR:${node.name}: ${problem} (${id}): ${detail} within the same element class`,
      );
    }
    return [copyOf(found, id)];
  })[0] as Element;
}

function copyOf(set: Element, id: string): Element {
  const [copy] = rewrite(set, (node) => {
    const own = attr(node, 'id');
    if (own === undefined || node.name === 'resource_ref') return [node];
    return [withAttributes(node, { id: `_${copyPrefix}${id}__${own}` })];
  });
  return withAttributes(copy as Element, { id: `${copyPrefix}${id}` });
}

/** Makes references again of copies that still are equal to what they were copied from. */
export function fold(cib: Element, tell: (message: string) => void): Element {
  const sets = new Map<string, Element>();
  for (const node of walk(cib)) {
    if (setNames.includes(node.name)) sets.set(`${node.name} ${attr(node, 'id')}`, node);
  }
  return rewrite(cib, (node) => {
    const id = attr(node, 'id');
    if (id === undefined || !id.startsWith(copyPrefix) || !setNames.includes(node.name)) return [node];
    const name = id.slice(copyPrefix.length);
    const original = sets.get(`${node.name} ${name}`);
    if (original === undefined) {
      tell(`DEBUG: ${node.name}: original element pointed to with @id-ref (${name}) disappeared during upgrade`);
      return [node];
    }
    return sameElement(withoutIds(original), withoutIds(node))
      ? [{ ...node, attributes: new Map([['id-ref', name]]), children: [] }]
      : [node];
  })[0] as Element;
}

function withoutIds(node: Element): Element {
  return rewrite(node, (each): readonly Node[] => [withAttributes(each, { id: null })])[0] as Element;
}
