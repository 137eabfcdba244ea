/**
 * Sorts as the reference's lists do: a stable merge sort that halves the list, the first half the shorter one. Some of
 * its comparisons go in circles (the order of clones' instances), so that the way of sorting shows in the result.
 */
export function mergeSorted<T>(list: readonly T[], compare: (a: T, b: T) => number): T[] {
  if (list.length < 2) return [...list];
  const middle = Math.floor(list.length / 2);
  const left = mergeSorted(list.slice(0, middle), compare);
  const right = mergeSorted(list.slice(middle), compare);
  const merged: T[] = [];
  let [l, r] = [0, 0];
  while (l < left.length && r < right.length) {
    if (compare(left[l] as T, right[r] as T) <= 0) merged.push(left[l++] as T);
    else merged.push(right[r++] as T);
  }
  return [...merged, ...left.slice(l), ...right.slice(r)];
}
