import { integerOr, toSeconds } from '@sanode/rules';
import { attr, childElements, descend, type Element, walk } from '@sanode/xml';
import { opInterval } from '../inputs/operations.ts';
import type { ClusterNode } from '../model/node.ts';
import { baseName, isBundled, type Resource, topOf } from '../model/resource.ts';
import { log, type WorkingSet } from '../model/working-set.ts';
import { sameText } from '../values/names.ts';
import { addScores, parseScore, scoreText } from '../values/scores.ts';

export interface FailCountOptions {
  /** Failures that have expired do not count. */
  readonly effective: boolean;
  /** Count what the resource launched, too. */
  readonly launched: boolean;
  /** The history entry for which it is asked. */
  readonly entry?: Element | undefined;
}

export interface FailCount {
  readonly count: number;
  /** Epoch seconds of the last failure, 0 if unknown. */
  readonly last: number;
}

/** How often a resource failed on a node (scheduler-1 9.2). */
export function failCount(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode,
  options: FailCountOptions,
): FailCount {
  let { count, last } = recordedFailures(set, resource, node);
  if (count > 0 && resource.failureExpirationMs > 0 && hasBlockingFailure(set, resource, node, options.entry)) {
    log(set, 'warning', `Ignoring failure-timeout of ${resource.id}: on-fail=block does not expire`);
    resource.failureExpirationMs = 0;
  }
  if (options.effective && count > 0 && last > 0 && resource.failureExpirationMs > 0) {
    if (Math.floor(set.nowMs / 1000) > last + toSeconds(resource.failureExpirationMs)) count = 0;
  }
  if (options.launched && resource.launched.length > 0 && !isBundled(resource)) {
    for (const launched of resource.launched) {
      const more = failCount(set, launched, node, { ...options, entry: undefined });
      count = addScores(count, more.count);
      last = Math.max(last, more.last);
    }
  }
  if (count > 0) {
    const text = scoreText(count);
    log(set, 'info', `${resource.id} has failed ${text} times on ${node.name}`);
  }
  return { count, last: count > 0 && last > 0 ? last : 0 };
}

/** Effective fail count, what nearly all ask for. */
export function effectiveFailCount(set: WorkingSet, resource: Resource, node: ClusterNode): number {
  return failCount(set, resource, node, { effective: true, launched: false }).count;
}

function recordedFailures(set: WorkingSet, resource: Resource, node: ClusterNode): FailCount {
  let count = 0;
  let last = 0;
  const name = resource.historyId ?? resource.id;
  const matches = matcherFor(resource.unique ? name : baseName(name), resource.unique);
  for (const [attribute, value] of node.attributes) {
    if (attribute.startsWith('fail-count-') && matches(attribute.slice('fail-count-'.length))) {
      const score = parseScore(value, set.options.healthScores);
      if (score !== undefined) count = addScores(count, score);
    } else if (attribute.startsWith('last-failure-') && matches(attribute.slice('last-failure-'.length))) {
      last = Math.max(last, integerOr(value, 0));
    }
  }
  return { count, last };
}

function matcherFor(name: string, unique: boolean): (rest: string) => boolean {
  const tail = unique ? /^#.+_[0-9]+$/s : /^(:[0-9]+)?#.+_[0-9]+$/s;
  return (rest) => rest.startsWith(name) && tail.test(rest.slice(name.length));
}

/** Whether an operation that is to block on failure failed; such failures never expire. */
function hasBlockingFailure(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode,
  entry: Element | undefined,
): boolean {
  const name = baseName(resource.id);
  for (const primitive of walk(resource.xml)) {
    if (primitive.name !== 'primitive' || attr(primitive, 'id') !== name) continue;
    const operations = descend(primitive, 'operations');
    for (const op of operations === undefined ? [] : childElements(operations, 'op')) {
      if (attr(op, 'on-fail') !== 'block') continue;
      if (blockingOpFailed(set, name, op, node, entry)) return true;
    }
  }
  return false;
}

function blockingOpFailed(
  set: WorkingSet,
  name: string,
  op: Element,
  node: ClusterNode,
  entry: Element | undefined,
): boolean {
  const interval = opInterval(op);
  const opName = attr(op, 'name') ?? '';
  const failed = (candidate: Element) => {
    const id = attr(candidate, 'id');
    if (sameText(id, `${name}_last_failure_0`)) return true;
    if (!sameText(id, `${name}_${opName}_${interval}`)) return false;
    return integerOr(attr(candidate, 'rc-code'), -1) !== expectedCode(candidate);
  };
  const concerns = (candidate: Element) =>
    integerOr(attr(candidate, 'interval'), 0) === interval && sameText(attr(candidate, 'operation'), opName);
  if (entry !== undefined) return concerns(entry) && failed(entry);
  const history = set.index.historyByNode.get(node.name)?.get(name) ?? [];
  return history.some((candidate) => concerns(candidate) && failed(candidate));
}

/** Result that the DC expected of an operation, from its transition key; -1 if unknown. */
export function expectedCode(entry: Element): number {
  return transitionKey(attr(entry, 'transition-key'))?.expected ?? -1;
}

export interface TransitionKey {
  readonly action: number;
  readonly transition: number;
  readonly expected: number;
  readonly uuid: string;
}

/** Parts of `<action>:<transition>:<expected-rc>:<uuid>`. */
export function transitionKey(text: string | undefined): TransitionKey | undefined {
  const match = /^(-?[0-9]+):(-?[0-9]+):(-?[0-9]+):(\S{1,36})/.exec(text ?? '');
  if (match === null) return undefined;
  return {
    action: Number(match[1]),
    transition: Number(match[2]),
    expected: Number(match[3]),
    uuid: match[4] as string,
  };
}

/** Whether a resource has failed so often on a node that it must not run there; what to ban (scheduler-2 6.4). */
export function thresholdReached(set: WorkingSet, resource: Resource, node: ClusterNode): Resource | undefined {
  if (resource.banAfterFailures === 0 || resource.ignoreFailure) return undefined;
  const { count } = failCount(set, resource, node, { effective: true, launched: true });
  if (count <= 0 || resource.banAfterFailures - count > 0) return undefined;
  return resource.unique ? resource : topOf(resource);
}
