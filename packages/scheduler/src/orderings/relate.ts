import type { Action, Relation } from '../model/action.ts';

/** From so many on relations are indexed: before, looking through them is faster. */
const manyRelations = 12;

/**
 * Puts one action before another; both ends get flags of their own. Nothing happens if they are related already by one
 * of the flags (scheduler-3 3).
 * @returns whether there is a new relation
 */
export function relate(first: Action | undefined, then: Action | undefined, flags: number): boolean {
  if (flags === 0 || first === undefined || then === undefined) return false;
  const known = newestRelation(first, then)?.related ?? 0;
  if ((known & flags) !== 0) return false;
  const relation = { action: then, flags, graphed: false, related: known | flags };
  first.after.push(relation);
  first.relatedAfter?.set(then, relation);
  then.before.push({ action: first, flags, graphed: false, related: flags });
  return true;
}

function newestRelation(first: Action, then: Action): Relation | undefined {
  const { after } = first;
  if (after.length >= manyRelations) {
    // Of several relations to one action the newest comes last and stays.
    first.relatedAfter ??= new Map(after.map((relation) => [relation.action, relation]));
    return first.relatedAfter.get(then);
  }
  for (let at = after.length - 1; at >= 0; at -= 1) {
    const relation = after[at] as Relation;
    if (relation.action === then) return relation;
  }
  return undefined;
}
