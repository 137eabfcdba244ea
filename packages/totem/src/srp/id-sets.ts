/** Lists of node ids used as sets: order is kept, as logs and lists on the wire show it (totem.md 7). */
export type IdList = readonly number[];

/** `into` with the elements of `from` that it lacks appended in their order. The same list when nothing is new. */
export function mergeIds(into: IdList, from: IdList): IdList {
  const fresh = from.filter((id, index) => !into.includes(id) && from.indexOf(id) === index);
  return fresh.length === 0 ? into : [...into, ...fresh];
}

/** `from` without the elements of `minus`, in order. */
export function subtractIds(from: IdList, minus: IdList): number[] {
  return from.filter((id) => !minus.includes(id));
}

/** Whether every element of `inner` is in `outer`; the empty set always is. */
export function isSubset(inner: IdList, outer: IdList): boolean {
  return inner.every((id) => outer.includes(id));
}

/** Equality that ignores order. */
export function sameIds(a: IdList, b: IdList): boolean {
  return isSubset(a, b) && isSubset(b, a);
}
