import { attr, type Element, withAttributes, XPathError } from '@sanode/xml';
import { applyPatchset } from '../patchset/apply.ts';
import { cibResult } from '../results.ts';
import { create, modify } from './modify.ts';
import { query } from './query.ts';
import { erase, remove } from './remove.ts';
import { replace } from './replace.ts';
import type { OperationInput, OperationResult } from './types.ts';

export { accessRefused } from './query.ts';
export type { OperationInput, OperationResult } from './types.ts';

/** Operations that change the document. */
export const modifyingOperations: ReadonlySet<string> = new Set([
  'cib_modify',
  'cib_create',
  'cib_replace',
  'cib_delete',
  'cib_erase',
  'cib_bump',
  'cib_apply_diff',
  'cib_delete_alt',
  'cib_upgrade',
  'cib_commit_transact',
]);

/**
 * Carries out one operation on a document, without the rules for versions (those are `performRequest`'s). A malformed
 * XPath is -EINVAL.
 */
export function runOperation(cib: Element, input: OperationInput): OperationResult {
  try {
    return dispatch(cib, input);
  } catch (error) {
    if (error instanceof XPathError) return { rc: cibResult.invalid, cib };
    throw error;
  }
}

function dispatch(cib: Element, input: OperationInput): OperationResult {
  switch (input.operation) {
    case 'cib_query':
      return query(cib, input);
    case 'cib_modify':
      return modify(cib, input);
    case 'cib_create':
      return create(cib, input);
    case 'cib_replace':
      return replace(cib, input);
    case 'cib_delete':
      return remove(cib, input);
    case 'cib_erase':
      return erase(cib);
    case 'cib_bump':
      return { rc: 0, cib: withAttributes(cib, { epoch: (Number.parseInt(attr(cib, 'epoch') ?? '0', 10) || 0) + 1 }) };
    case 'cib_apply_diff': {
      const diff = input.data;
      if (diff === undefined) return { rc: cibResult.invalid, cib };
      const applied = applyPatchset(cib, diff);
      return applied.rc === 0 && applied.cib !== undefined ? { rc: 0, cib: applied.cib } : { rc: applied.rc, cib };
    }
    case 'noop':
      return { rc: 0, cib };
    default:
      return { rc: cibResult.invalid, cib };
  }
}
