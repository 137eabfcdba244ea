import type { Element } from '@sanode/xml';

/** Problems of a document by its own schema; empty when it conforms. */
export function validateCib(_cib: Element, _before?: Element): string[] {
  return [];
}
