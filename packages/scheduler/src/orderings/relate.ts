import type { Action } from '../model/action.ts';

/**
 * Puts one action before another; both ends get flags of their own. Nothing happens if they are related already by one
 * of the flags (scheduler-3 3).
 * @returns whether there is a new relation
 */
export function relate(first: Action | undefined, then: Action | undefined, flags: number): boolean {
  if (flags === 0 || first === undefined || then === undefined) return false;
  const known = first.relatedFlags?.get(then) ?? 0;
  if ((known & flags) !== 0) return false;
  first.relatedFlags ??= new Map();
  first.relatedFlags.set(then, known | flags);
  first.after.push({ action: then, flags, graphed: false });
  then.before.push({ action: first, flags, graphed: false });
  return true;
}
