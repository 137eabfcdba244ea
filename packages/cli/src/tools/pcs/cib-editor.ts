import { attr, childElements, descend, type Element, element, firstChild, walk, withChildren } from '@sanode/xml';
import { fail } from './errors.ts';

/**
 * One command's view of the CIB: the document as it was read, and as the command leaves it. Elements are found by
 * reference; a change replaces the path from the root, so elements from before a change have to be looked up again.
 */
export class CibEditor {
  root: Element;
  readonly original: Element;

  constructor(root: Element) {
    this.root = root;
    this.original = root;
  }

  get changed(): boolean {
    return this.root !== this.original;
  }

  get configuration(): Element {
    return firstChild(this.root, 'configuration') ?? fail('the CIB has no configuration section');
  }

  /** A section of the configuration to look at; an empty one, outside the document, where it is missing. */
  section(name: string): Element {
    return descend(this.root, 'configuration', name) ?? element(name);
  }

  /** A section of the configuration to change; made, empty, where it is missing. */
  ensureSection(name: string): Element {
    return descend(this.root, 'configuration', name) ?? this.append(this.configuration, element(name));
  }

  /** First element of the configuration, in document order, that passes. */
  find(test: (candidate: Element) => boolean): Element | undefined {
    for (const candidate of walk(this.configuration)) if (test(candidate)) return candidate;
    return undefined;
  }

  byId(id: string): Element | undefined {
    return this.find((candidate) => attr(candidate, 'id') === id);
  }

  /** The elements from the configuration down to `node`, itself last; empty when it is not in the document. */
  path(node: Element): Element[] {
    return pathTo(this.configuration, node) ?? [];
  }

  parent(node: Element): Element | undefined {
    return this.path(node).at(-2);
  }

  /** Puts `next` in the place of `old` (null: removes it). Returns `next`. */
  replace<T extends Element | null>(old: Element, next: T): T {
    const way = pathTo(this.root, old);
    if (way === undefined) throw new Error(`element ${old.name} is not in the document`);
    let below: Element | null = next;
    let replaced = old;
    for (let at = way.length - 2; at >= 0; at--) {
      const holder = way[at] as Element;
      const children = holder.children.flatMap((child) =>
        child !== replaced ? [child] : below === null ? [] : [below],
      );
      replaced = holder;
      below = withChildren(holder, children);
    }
    if (below === null) throw new Error('the document itself cannot be removed');
    this.root = below;
    return next;
  }

  remove(node: Element): void {
    this.replace(node, null);
  }

  /** Adds a child at the end. Returns the child. */
  append(parent: Element, child: Element): Element {
    this.replace(parent, withChildren(parent, [...parent.children, child]));
    return child;
  }

  /** Adds a child directly before or after one of the parent's children. */
  insertBeside(parent: Element, child: Element, beside: Element, where: 'before' | 'after'): void {
    const children = parent.children.flatMap((present) => {
      if (present !== beside) return [present];
      return where === 'before' ? [child, present] : [present, child];
    });
    this.replace(parent, withChildren(parent, children));
  }

  /** `base`, or the first of `base-1`, `base-2` … that no element of the configuration has. */
  uniqueId(base: string, alsoTaken: ReadonlySet<string> = new Set()): string {
    const taken = new Set(alsoTaken);
    for (const candidate of walk(this.configuration)) {
      const id = attr(candidate, 'id');
      if (id !== undefined) taken.add(id);
    }
    if (!taken.has(base)) return base;
    for (let number = 1; ; number++) if (!taken.has(`${base}-${number}`)) return `${base}-${number}`;
  }
}

function pathTo(root: Element, node: Element): Element[] | undefined {
  if (root === node) return [root];
  for (const child of childElements(root)) {
    const below = pathTo(child, node);
    if (below !== undefined) return [root, ...below];
  }
  return undefined;
}

/** An id made of any text: characters that XML ids do not have are dropped (cli-pcs.md 9.6). */
export function sanitizeId(text: string): string {
  return text.replace(/^[^A-Za-z_]+/, '').replace(/[^A-Za-z0-9._-]/g, '');
}

/** What is wrong with an id that a user chose; undefined when it is right. */
export function idProblem(id: string, what: string): string | undefined {
  if (id === '') return `${what} cannot be empty`;
  const first = id[0] as string;
  if (!/[\p{L}_]/u.test(first)) {
    return `invalid ${what} '${id}', '${first}' is not a valid first character for a ${what}`;
  }
  const bad = [...id].find((character) => !/[\p{L}\p{N}._-]/u.test(character));
  return bad === undefined ? undefined : `invalid ${what} '${id}', '${bad}' is not a valid character for a ${what}`;
}
