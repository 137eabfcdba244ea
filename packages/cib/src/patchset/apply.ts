import { compareDottedVersions } from '@sanode/runtime';
import { attr, childElements, digestV2, type Element, firstChild, type Node } from '@sanode/xml';
import { cibVersion } from '../document/version.ts';
import { cibResult } from '../results.ts';
import { type PathStep, parsePath, stepMatches } from './paths.ts';

/** Settings of {@link applyPatchset}. */
export interface ApplyOptions {
  /** Whether the document must have the patchset's source version. Default true. */
  checkVersions?: boolean;
}

/** `cib` is the new document when `rc` is 0. -207: ours is older than the source; -205: newer; -206: does not fit. */
export type ApplyResult = { readonly rc: 0; readonly cib: Element } | { readonly rc: number; readonly cib: undefined };

/** A node under construction: elements that the patchset touches are opened, all others stay shared. */
interface Draft {
  node: Element;
  children: (Draft | Node)[] | undefined;
}

interface Queued {
  readonly position: number;
  readonly put: () => boolean;
}

/** Applies a patchset of format 2 (cib.md 4.5). The document given is never changed. */
export function applyPatchset(cib: Element, diff: Element, options: ApplyOptions = {}): ApplyResult {
  if (attr(diff, 'format') !== '2') return { rc: cibResult.diffFailed, cib: undefined };
  const refusal = (options.checkVersions ?? true) ? checkVersions(cib, diff) : 0;
  if (refusal !== 0) return { rc: refusal, cib: undefined };
  const root: Draft = { node: cib, children: undefined };
  const queue: Queued[] = [];
  for (const change of childElements(diff, 'change')) {
    if (!applyChange(root, change, queue)) return { rc: cibResult.diffFailed, cib: undefined };
  }
  queue.sort((a, b) => a.position - b.position);
  for (const entry of queue) if (!entry.put()) return { rc: cibResult.diffFailed, cib: undefined };
  const result = finish(root);
  const digest = attr(diff, 'digest');
  if (digest !== undefined && digest !== digestV2(result, escapingOf(result))) {
    return { rc: cibResult.diffFailed, cib: undefined };
  }
  return { rc: 0, cib: result };
}

/** Which escaping a document's digests use: that of the release its feature set belongs to. */
export function escapingOf(cib: Element): '2.1' | '3.0' {
  return compareDottedVersions(attr(cib, 'crm_feature_set') ?? '0', '3.20.0') >= 0 ? '3.0' : '2.1';
}

function checkVersions(cib: Element, diff: Element): number {
  const version = firstChild(diff, 'version');
  const sourceElement = version && firstChild(version, 'source');
  const targetElement = version && firstChild(version, 'target');
  if (sourceElement === undefined || targetElement === undefined) return cibResult.diffFailed;
  const ours = Object.values(cibVersion(cib)) as number[];
  const source = Object.values(cibVersion(sourceElement)) as number[];
  const target = Object.values(cibVersion(targetElement)) as number[];
  for (const [index, value] of source.entries()) {
    const mine = Math.max(0, ours[index] as number);
    if (mine < value) return cibResult.diffResync;
    if (mine > value) return cibResult.oldData;
  }
  return target.some((value, index) => value > (source[index] as number)) ? 0 : cibResult.oldData;
}

function applyChange(root: Draft, change: Element, queue: Queued[]): boolean {
  const operation = attr(change, 'operation');
  const steps = parsePath(attr(change, 'path') ?? '');
  if (steps === undefined) return false;
  if (operation === 'delete') return remove(root, steps, positionOf(change));
  const target = open(root, steps);
  if (target === undefined) return false;
  if (operation === 'modify') {
    const list = firstChild(change, 'change-result');
    const result = list && firstChild(list);
    if (result === undefined) return false;
    target.node = { ...target.node, attributes: result.attributes };
    return true;
  }
  const position = positionOf(change);
  if (position === undefined) return false;
  if (operation === 'create') return queueCreate(target, change, position, queue);
  if (operation === 'move') return queueMove(root, steps, target, position, queue);
  return false;
}

function positionOf(change: Element): number | undefined {
  const text = attr(change, 'position');
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number.parseInt(text, 10) : undefined;
}

function queueCreate(parent: Draft, change: Element, position: number, queue: Queued[]): boolean {
  const created = change.children.find((child) => child.type !== 'text');
  if (created === undefined) return false;
  queue.push({
    position,
    put: () => {
      const siblings = childrenOf(parent);
      siblings.splice(Math.min(position, siblings.length), 0, created);
      return true;
    },
  });
  return true;
}

function queueMove(root: Draft, steps: readonly PathStep[], target: Draft, position: number, queue: Queued[]): boolean {
  const parent = open(root, steps.slice(0, -1));
  if (parent === undefined) return false;
  // Parked behind its last sibling, as the others are put in place first.
  const siblings = childrenOf(parent);
  siblings.splice(siblings.indexOf(target), 1);
  siblings.push(target);
  queue.push({
    position,
    put: () => {
      const now = childrenOf(parent);
      now.splice(now.indexOf(target), 1);
      if (position > now.length) return false;
      now.splice(position, 0, target);
      return true;
    },
  });
  return true;
}

/** Opens the element that a path names, and every element above it; undefined when there is none. */
function open(root: Draft, steps: readonly PathStep[]): Draft | undefined {
  const [first, ...rest] = steps;
  if (first === undefined || !stepMatches(first, root.node)) return undefined;
  let at = root;
  for (const step of rest) {
    const siblings = childrenOf(at);
    const index = siblings.findIndex((child) => isStep(child, step));
    const found = siblings[index];
    if (found === undefined) return undefined;
    const draft: Draft = 'node' in found ? found : { node: found as Element, children: undefined };
    siblings[index] = draft;
    at = draft;
  }
  return at;
}

function remove(root: Draft, steps: readonly PathStep[], position: number | undefined): boolean {
  const last = steps.at(-1) as PathStep;
  const parent = open(root, steps.slice(0, -1));
  if (parent === undefined) return true;
  const siblings = childrenOf(parent);
  if (last.name === 'comment' && position !== undefined) {
    const found = siblings[position];
    if (found !== undefined && 'type' in found && found.type === 'comment') siblings.splice(position, 1);
    return true;
  }
  const index = siblings.findIndex((child) => isStep(child, last));
  if (index !== -1) siblings.splice(index, 1);
  return true;
}

function isStep(child: Draft | Node, step: PathStep): boolean {
  if ('node' in child) return stepMatches(step, child.node);
  return child.type === 'element' && stepMatches(step, child);
}

function childrenOf(draft: Draft): (Draft | Node)[] {
  draft.children ??= [...draft.node.children];
  return draft.children;
}

function finish(draft: Draft): Element {
  if (draft.children === undefined) return draft.node;
  return { ...draft.node, children: draft.children.map((child) => ('node' in child ? finish(child) : child)) };
}
