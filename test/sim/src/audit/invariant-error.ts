/** A broken invariant, in a sentence. */
export class InvariantError extends Error {}

/** @throws {InvariantError} with the sentence when `holds` is false */
export function invariant(holds: boolean, sentence: () => string): asserts holds {
  if (!holds) throw new InvariantError(sentence());
}
