import { attr, childElements, type Element, element, withAttributes } from '@sanode/xml';
import type { CibEditor } from './cib-editor.ts';
import { sanitizeId } from './cib-editor.ts';
import { compareText } from './errors.ts';

/** Characters of a name that end up in the ids of nvpairs of properties and defaults (cli-pcs.md 8). */
export const shortNameLength = 20;

/** Name and value pairs of a set, in document order. */
export function nvpairs(set: Element | undefined): Map<string, string> {
  const pairs = new Map<string, string>();
  if (set === undefined) return pairs;
  for (const pair of childElements(set, 'nvpair')) pairs.set(attr(pair, 'name') ?? '', attr(pair, 'value') ?? '');
  return pairs;
}

/** Makes an attribute set from options, nvpairs sorted by name; undefined when no value is left. */
export function makeSet(tag: string, id: string, options: ReadonlyMap<string, string>): Element | undefined {
  const pairs = [...options].filter(([, value]) => value !== '').sort(([a], [b]) => compareText(a, b));
  if (pairs.length === 0) return undefined;
  return element(
    tag,
    { id },
    pairs.map(([name, value]) => element('nvpair', { id: sanitizeId(`${id}-${name}`), name, value })),
  );
}

/**
 * Sets, changes and (empty value) removes nvpairs of a set. Present pairs keep their ids.
 * @param style idLength: characters of the name used for a new pair's id; sorted: new pairs by name (default), else as given
 */
export function updateSet(
  editor: CibEditor,
  set: Element,
  options: ReadonlyMap<string, string>,
  style: { idLength?: number; sorted?: boolean } = {},
): Element {
  let at = set;
  const fresh: string[] = [];
  for (const [name, value] of options) {
    const pair = childElements(at, 'nvpair').find((candidate) => attr(candidate, 'name') === name);
    if (pair === undefined) {
      if (value !== '') fresh.push(name);
      continue;
    }
    const next = value === '' ? null : withAttributes(pair, { value });
    const children = at.children.flatMap((child) => (child !== pair ? [child] : next === null ? [] : [next]));
    at = { ...at, children };
  }
  const taken = new Set<string>();
  for (const name of style.sorted === false ? fresh : fresh.sort(compareText)) {
    const id = editor.uniqueId(sanitizeId(`${attr(set, 'id')}-${name.slice(0, style.idLength)}`), taken);
    taken.add(id);
    at = { ...at, children: [...at.children, element('nvpair', { id, name, value: options.get(name) })] };
  }
  return at === set ? set : editor.replace(set, at);
}

/**
 * Updates the attribute set `tag` of an owner (primitive, node, clone …), making it where a value needs it.
 * @param id id of a set that has to be made @param first whether a new set becomes the owner's first child
 */
export function updateOwnSet(
  editor: CibEditor,
  owner: Element,
  tag: string,
  id: string,
  options: ReadonlyMap<string, string>,
  first = false,
): void {
  const present = childElements(owner, tag)[0];
  if (present !== undefined) {
    updateSet(editor, present, options);
    return;
  }
  const set = makeSet(tag, editor.uniqueId(sanitizeId(id)), options);
  if (set === undefined) return;
  editor.replace(owner, { ...owner, children: first ? [set, ...owner.children] : [...owner.children, set] });
}
