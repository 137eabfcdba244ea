import { integerOr, isTrue } from '@sanode/rules';
import { childElements, withAttributes } from '@sanode/xml';
import { type Resource, topOf, withDescendants } from '../model/resource.ts';
import { configError, type WorkingSet } from '../model/working-set.ts';
import type { UnpackChild } from './groups.ts';

/** No clone has more instances than this, whatever is configured. */
const maxInstances = 1000;

function countOf(text: string | undefined, fallback: number): number {
  return text === undefined ? fallback : Math.min(Math.max(integerOr(text, 0), 0), 2147483647);
}

/** The configured number of instances, within a limit. */
export function limitInstances(set: WorkingSet, id: string, wanted: number, limit: number): number {
  if (wanted <= limit) return wanted;
  configError(set, `${id} is limited to ${limit} instances instead of ${wanted}`);
  return limit;
}

/** Builds a clone's instances (scheduler-1 6.11). */
export function unpackClone(set: WorkingSet, clone: Resource, unpackChild: UnpackChild): boolean {
  const { meta } = clone;
  const childXml = childElements(clone.xml).find((child) => child.name === 'primitive' || child.name === 'group');
  let nodeMax = countOf(meta.get('clone-node-max'), 1);
  if (!clone.unique && nodeMax > 1) {
    configError(set, `Ignoring clone-node-max of ${clone.id}: it is an anonymous clone`);
    nodeMax = 1;
  }
  if (childXml === undefined) {
    configError(set, `Ignoring clone ${clone.id}: it has nothing to clone`);
    return false;
  }
  const { promotable } = clone;
  clone.clone = {
    max: limitInstances(set, clone.id, countOf(meta.get('clone-max'), Math.max(1, set.nodes.length)), maxInstances),
    nodeMax,
    promotedMax: promotable ? countOf(meta.get('promoted-max') ?? meta.get('master-max'), 1) : 0,
    promotedNodeMax: promotable ? countOf(meta.get('promoted-node-max') ?? meta.get('master-node-max'), 1) : 0,
    ordered: isTrue(meta.get('ordered')),
    childXml,
    total: 0,
    promotionScoresAdded: false,
    promotionSorted: false,
    notifications: {},
    membersByName: undefined,
  };
  if (!meta.has('resource-stickiness')) meta.set('resource-stickiness', '1');
  meta.set('globally-unique', String(clone.unique));
  // An agent that can't be cloned uniquely lowers the number at the first instance.
  for (let made = 0; made < Math.max(1, clone.clone.max); made += 1) {
    if (addInstance(clone, unpackChild) === undefined) return false;
  }
  return true;
}

/** Makes one more instance; those beyond clone-max count as removed. */
export function addInstance(clone: Resource, unpackChild: UnpackChild): Resource | undefined {
  const data = clone.clone;
  if (data === undefined) return undefined;
  const removed = data.total >= data.max;
  const instance = unpackChild(withAttributes(data.childXml, { clone: String(data.total) }), clone);
  data.total += 1;
  if (instance === undefined) return undefined;
  clone.children.push(instance);
  if (removed) for (const each of withDescendants(instance)) each.removed = true;
  instance.meta.set('clone-max', String(data.max));
  return instance;
}

/** Whether a primitive's agent can be cloned as asked; a unique clone may become an anonymous one. */
export function checkCloneSupport(set: WorkingSet, primitive: Resource): boolean {
  const top = topOf(primitive);
  if (top.variant !== 'clone') return true;
  const standard = primitive.meta.get('class')?.toLowerCase() ?? '';
  if (primitive.unique && standard !== 'ocf' && standard !== 'stonith') {
    configError(set, `Resource ${primitive.id} can't be cloned uniquely: treating ${top.id} as anonymous`);
    const data = top.clone;
    if (data !== undefined) {
      data.nodeMax = 1;
      data.max = Math.min(data.max, set.nodes.length);
    }
    for (const each of [...withDescendants(top), primitive]) {
      each.unique = false;
      each.meta.set('globally-unique', 'false');
    }
  }
  if (top.promotable && standard !== 'ocf' && standard !== 'stonith') {
    configError(set, `Ignoring ${primitive.id}: its agent can't be promoted`);
    return false;
  }
  return true;
}
