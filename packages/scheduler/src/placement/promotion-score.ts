import { nodeAttribute } from '../inputs/node-attributes.ts';
import type { ClusterNode } from '../model/node.ts';
import { baseName, definitionId, type Resource, topOf, withDescendants } from '../model/resource.ts';
import { scoreOr } from '../values/scores.ts';
import { currentNode } from './current-node.ts';

export interface PromotionScore {
  readonly score: number;
  /** The node has an attribute with it. */
  readonly found: boolean;
}

const none: PromotionScore = { score: 0, found: false };

/** An instance's promotion score on a node, as agents set it in node attributes (scheduler-2 14.10). */
export function promotionScore(instance: Resource, node: ClusterNode): PromotionScore {
  if (instance.children.length > 0) {
    let score = 0;
    let found = false;
    for (const member of instance.children) {
      const own = promotionScore(member, node);
      score += own.score;
      found ||= own.found;
    }
    return { score, found };
  }
  if (!applies(instance, node)) return none;
  const value = attributeOf(instance, node);
  return value === undefined ? none : { score: scoreOr(value, 0), found: true };
}

function attributeOf(instance: Resource, node: ClusterNode): string | undefined {
  const which = instance.unassigned ? 'current' : 'assigned';
  const value = nodeAttribute(node, `master-${instance.historyId ?? instance.id}`, instance, which);
  if (value !== undefined || instance.unique) return value;
  const base = baseName(instance.id);
  return base === instance.id ? undefined : nodeAttribute(node, `master-${base}`, instance, which);
}

function isAllowed(instance: Resource, node: ClusterNode): boolean {
  const entry = instance.allowed.get(node.id);
  return entry !== undefined && entry.score >= 0;
}

/** Whether a score on a node is about this instance. */
function applies(instance: Resource, node: ClusterNode): boolean {
  const base = baseName(instance.id);
  const top = topOf(instance);
  if (!instance.unique) {
    const active = matching(top, base).find((each) => currentNode(each) === node);
    if (active === instance) return isAllowed(instance, node);
    const known = matching(top, base).some((each) => each.probed.has(node.id));
    if (active === undefined && known) return isAllowed(instance, node);
  }
  if (instance.activeNodes.length === 0 && instance.probed.size === 0) return isAllowed(instance, node);
  if (instance.probed.has(node.id) || instance.activeNodes.includes(node)) return isAllowed(instance, node);
  return false;
}

/** The instances (or their members) of a base name. */
function matching(top: Resource, base: string): readonly Resource[] {
  const data = top.clone;
  if (data === undefined) return [];
  data.membersByName ??= membersByName(top);
  return data.membersByName.get(base) ?? [];
}

function membersByName(top: Resource): Map<string, Resource[]> {
  const members = new Map<string, Resource[]>();
  for (const each of withDescendants(top)) {
    if (each.variant !== 'primitive') continue;
    for (const name of new Set([baseName(each.id), definitionId(each)])) {
      const list = members.get(name);
      if (list === undefined) members.set(name, [each]);
      else list.push(each);
    }
  }
  return members;
}
