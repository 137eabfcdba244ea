import { attr, type Element, element, type Node, withChildren } from '@sanode/xml';
import { type CibVersion, cibVersion } from '../document/version.ts';
import { pathStep } from './paths.ts';

/** Settings of {@link createPatchset}. */
export interface CreateOptions {
  /** Version of the document before; default: that of `before`. */
  source?: CibVersion;
  /** Version 2 digest of the result to put in; default none. */
  digest?: string;
}

interface Collected {
  readonly deletes: Element[];
}

/**
 * The patchset of format 2 that makes `after` from `before` (cib.md 4.1-4.3). Subtrees that both share are skipped, so
 * the cost goes with what changed.
 */
export function createPatchset(before: Element, after: Element, options: CreateOptions = {}): Element {
  const collected: Collected = { deletes: [] };
  const changes = compareElements(before, after, pathStep(after), collected);
  const version = element('version', {}, [
    versionElement('source', options.source ?? cibVersion(before)),
    versionElement('target', cibVersion(after)),
  ]);
  return element('diff', { format: '2', digest: options.digest }, [version, ...collected.deletes, ...changes]);
}

/** Whether a patchset holds no change at all. */
export function isEmptyPatchset(diff: Element): boolean {
  return !diff.children.some((child) => child.type === 'element' && child.name === 'change');
}

function versionElement(name: string, version: CibVersion): Element {
  return element(name, {
    admin_epoch: version.adminEpoch,
    epoch: version.epoch,
    num_updates: version.numUpdates,
  });
}

/** Changes at and below one element that is in both documents, in the order of the new one; deletes are collected. */
function compareElements(before: Element, after: Element, path: string, collected: Collected): Element[] {
  if (before === after) return [];
  const changes: Element[] = [];
  const modified = modification(before, after, path);
  if (modified !== undefined) changes.push(modified);
  if (before.children === after.children || (before.children.length === 0 && after.children.length === 0)) {
    return changes;
  }
  const partners = matchChildren(before.children, after.children);
  const belowByIndex = new Map<number, Element[]>();
  before.children.forEach((old, oldIndex) => {
    const newIndex = partners.newOfOld.get(oldIndex);
    if (newIndex === undefined) {
      if (old.type === 'element' || old.type === 'comment') collected.deletes.push(deletion(old, oldIndex, path));
      return;
    }
    const partner = after.children[newIndex] as Node;
    if (old.type === 'element' && partner.type === 'element' && old !== partner) {
      belowByIndex.set(newIndex, compareElements(old, partner, path + pathStep(partner), collected));
    }
  });
  const moved = findMoves(before.children.length, after.children.length, partners);
  after.children.forEach((node, index) => {
    if (node.type !== 'element' && node.type !== 'comment') return;
    if (!partners.oldOfNew.has(index)) {
      changes.push(element('change', { operation: 'create', path, position: index }, [node]));
      return;
    }
    changes.push(...(belowByIndex.get(index) ?? []));
    if (moved.has(index)) {
      changes.push(element('change', { operation: 'move', path: path + pathStep(node), position: index }));
    }
  });
  return changes;
}

function deletion(node: Node, index: number, parentPath: string): Element {
  return element('change', {
    operation: 'delete',
    path: parentPath + pathStep(node),
    position: node.type === 'comment' ? index : undefined,
  });
}

function modification(before: Element, after: Element, path: string): Element | undefined {
  if (before.attributes === after.attributes) return undefined;
  const sets: Element[] = [];
  const unsets: Element[] = [];
  for (const [name, value] of after.attributes) {
    if (before.attributes.get(name) !== value) sets.push(element('change-attr', { name, operation: 'set', value }));
  }
  for (const name of before.attributes.keys()) {
    if (!after.attributes.has(name)) unsets.push(element('change-attr', { name, operation: 'unset' }));
  }
  if (sets.length + unsets.length === 0) return undefined;
  return element('change', { operation: 'modify', path }, [
    element('change-list', {}, [...sets, ...unsets]),
    element('change-result', {}, [withChildren(after, [])]),
  ]);
}

interface Partners {
  readonly newOfOld: ReadonlyMap<number, number>;
  readonly oldOfNew: ReadonlyMap<number, number>;
}

/** Pairs children: elements by name and id, comments by text at the same index; each at most once. */
function matchChildren(before: readonly Node[], after: readonly Node[]): Partners {
  const waiting = new Map<string, number[]>();
  after.forEach((node, index) => {
    const key = matchKey(node, index);
    const list = waiting.get(key);
    if (list === undefined) waiting.set(key, [index]);
    else list.push(index);
  });
  for (const list of waiting.values()) if (list.length > 1) list.reverse();
  const newOfOld = new Map<number, number>();
  const oldOfNew = new Map<number, number>();
  before.forEach((node, oldIndex) => {
    const newIndex = waiting.get(matchKey(node, oldIndex))?.pop();
    if (newIndex === undefined) return;
    newOfOld.set(oldIndex, newIndex);
    oldOfNew.set(newIndex, oldIndex);
  });
  return { newOfOld, oldOfNew };
}

function matchKey(node: Node, index: number): string {
  if (node.type === 'element') return `e ${node.name} ${attr(node, 'id') ?? ''}`;
  return `${node.type} ${index} ${node.text}`;
}

/** New indexes of the children that were moved among their siblings, by the reference's counting (cib.md 4.3). */
function findMoves(oldCount: number, newCount: number, partners: Partners): ReadonlySet<number> {
  const moved = new Set<number>();
  if (inOrder(newCount, partners)) return moved;
  const oldCounted = new PrefixCounter(oldCount);
  for (let index = 0; index < oldCount; index += 1) if (partners.newOfOld.has(index)) oldCounted.add(index, 1);
  let newBefore = 0;
  for (let index = 0; index < newCount; index += 1) {
    const oldIndex = partners.oldOfNew.get(index);
    if (oldIndex === undefined) continue;
    const oldBefore = oldCounted.before(oldIndex);
    if (oldBefore === newBefore) {
      newBefore += 1;
      continue;
    }
    moved.add(index);
    if (oldBefore > newBefore) {
      oldCounted.add(oldIndex, -1);
      newBefore += 1;
    }
  }
  return moved;
}

function inOrder(newCount: number, partners: Partners): boolean {
  let last = -1;
  for (let index = 0; index < newCount; index += 1) {
    const oldIndex = partners.oldOfNew.get(index);
    if (oldIndex === undefined) continue;
    if (oldIndex < last) return false;
    last = oldIndex;
  }
  return true;
}

/** Counts marked positions before an index, and changes marks, in logarithmic time (a Fenwick tree). */
class PrefixCounter {
  readonly #sums: Int32Array;

  constructor(size: number) {
    this.#sums = new Int32Array(size + 1);
  }

  add(index: number, amount: number): void {
    for (let at = index + 1; at < this.#sums.length; at += at & -at) {
      this.#sums[at] = (this.#sums[at] as number) + amount;
    }
  }

  before(index: number): number {
    let sum = 0;
    for (let at = index; at > 0; at -= at & -at) sum += this.#sums[at] as number;
    return sum;
  }
}
