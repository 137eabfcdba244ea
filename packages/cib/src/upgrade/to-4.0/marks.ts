import { attr, type Element, type Node, walk, withAttributes } from '@sanode/xml';
import { rewrite } from '../tree.ts';

/** Start of the ids that this upgrade makes. */
export const idPrefix = 'pcmk__3_10_upgrade-';

/** Attribute that says where an element came from while the upgrade runs. No attribute in a document has a blank. */
const markName = ' mark';
/** Most elements that the references of a document may unfold to. */
const maxElements = 1_000_000;
const maxDepth = 100;

/** References that go round in a circle or unfold to too much. */
export class EndlessReference extends Error {}

export function markAll(node: Element, mark: 'original' | 'copy'): Element {
  return rewrite(node, (each) => [withAttributes(each, { [markName]: mark })])[0] as Element;
}

export function isOriginal(node: Element): boolean {
  return attr(node, markName) === 'original';
}

/** Replaces every reference by a marked copy of what it names (cib-schema.md 9.3, step 0). @throws {EndlessReference} */
export function resolveReferences(configuration: Element): Element {
  const named = new Map<string, Element>();
  for (const node of walk(configuration)) {
    const id = attr(node, 'id');
    if (id !== undefined && !named.has(id)) named.set(id, node);
  }
  let count = 0;
  const resolve = (node: Element, mark: 'original' | 'copy', depth: number): Element => {
    count += 1;
    if (count > maxElements || depth > maxDepth) throw new EndlessReference('references unfold without end');
    const reference = attr(node, 'id-ref');
    const target = reference === undefined ? undefined : named.get(reference);
    if (target !== undefined) {
      const copy = resolve(target, 'copy', depth + 1);
      const name = attr(node, 'name');
      if (node.name !== 'nvpair' || name === undefined) return copy;
      return withAttributes(copy, { id: `${idPrefix}${reference}-${name}`, name });
    }
    const children = node.children.map((child) => (child.type === 'element' ? resolve(child, mark, depth + 1) : child));
    return withAttributes({ ...node, children }, { [markName]: mark });
  };
  return resolve(configuration, 'original', 0);
}

/** Makes references again of what is there twice, and takes the marks off (step 99). */
export function foldReferences(configuration: Element): Element {
  const originals = new Set<string>();
  for (const node of walk(configuration)) {
    const id = attr(node, 'id');
    if (id !== undefined && isOriginal(node)) originals.add(id);
  }
  const seen = new Set<string>();
  const visit = (node: Node): Node => {
    if (node.type !== 'element') return node;
    const id = attr(node, 'id');
    if (id !== undefined) {
      if (!isOriginal(node) && (originals.has(id) || seen.has(id))) {
        return { ...node, attributes: new Map([['id-ref', id]]), children: [] };
      }
      seen.add(id);
    }
    return withAttributes({ ...node, children: node.children.map(visit) }, { [markName]: null });
  };
  return visit(configuration) as Element;
}
