import { attr, type Element, element, type Node } from '@sanode/xml';

/** Scores are capped here; INFINITY is its name. */
const infinity = 1_000_000;

/**
 * Merges `update` into `target` (cib.md 3.7 "modify"): attributes are copied, children matched by name and id (without
 * id by id-ref, with neither by name) are merged, others appended. Returns `target` itself when nothing changes.
 * @param expandScores whether `name++` and `name+=n` count on from the value that is there
 */
export function mergeElement(target: Element, update: Element, expandScores: boolean): Element {
  const attributes = mergeAttributes(target.attributes, update.attributes, expandScores);
  let children: Node[] | undefined;
  for (const child of update.children) {
    if (child.type === 'text') continue;
    const now = children ?? target.children;
    const index = now.findIndex((candidate) => isPartner(candidate, child));
    if (index !== -1 && child.type !== 'element') continue;
    const before = index === -1 ? undefined : (now[index] as Element);
    const after = child.type === 'element' ? mergeElement(before ?? element(child.name), child, expandScores) : child;
    if (after === before) continue;
    children ??= [...target.children];
    if (index === -1) children.push(after);
    else children[index] = after;
  }
  if (attributes === target.attributes && children === undefined) return target;
  return { ...target, attributes, children: children ?? target.children };
}

function isPartner(candidate: Node, child: Node): boolean {
  if (child.type !== 'element') {
    return candidate.type === child.type && 'text' in candidate && candidate.text === child.text;
  }
  if (candidate.type !== 'element' || candidate.name !== child.name) return false;
  const id = attr(child, 'id');
  if (id !== undefined) return attr(candidate, 'id') === id;
  const reference = attr(child, 'id-ref');
  return reference === undefined || attr(candidate, 'id-ref') === reference;
}

function mergeAttributes(
  before: ReadonlyMap<string, string>,
  update: ReadonlyMap<string, string>,
  expandScores: boolean,
): ReadonlyMap<string, string> {
  let merged: Map<string, string> | undefined;
  for (const [name, text] of update) {
    const old = before.get(name);
    const value = expandScores && old !== undefined ? expandScore(name, text, old) : text;
    if (value === old) continue;
    merged ??= new Map(before);
    merged.set(name, value);
  }
  return merged ?? before;
}

/** Value of an attribute set to `text` over `old`: `name++` and `name+=n` count on, everything else is taken as it is. */
export function expandScore(name: string, text: string, old: string): string {
  if (!text.startsWith(`${name}+`)) return text;
  const rest = text.slice(name.length);
  if (rest === '++') return String(addScores(parseScore(old), 1));
  if (rest.startsWith('+=')) return String(addScores(parseScore(old), parseScore(rest.slice(2))));
  return text;
}

/** A score: an integer, INFINITY or -INFINITY; anything else is 0. Capped at one million either way. */
export function parseScore(text: string): number {
  const trimmed = text.trim();
  if (trimmed === 'INFINITY' || trimmed === '+INFINITY') return infinity;
  if (trimmed === '-INFINITY') return -infinity;
  const value = Number.parseInt(trimmed, 10);
  return Number.isNaN(value) ? 0 : Math.max(-infinity, Math.min(infinity, value));
}

function addScores(a: number, b: number): number {
  if (a === -infinity || b === -infinity) return -infinity;
  return Math.max(-infinity, Math.min(infinity, a + b));
}
