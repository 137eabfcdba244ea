import { attr, type Element, firstChild } from '@sanode/xml';
import { applyPatchset } from '../patchset/apply.ts';

/**
 * Brings a copy of the CIB up to date by one `<notify>` that a client got (cib.md 8).
 * @returns the new document; `cib` itself when the notification changes nothing; undefined when it does not fit, so
 * that the whole document must be queried again
 */
export function applyDiffNotification(cib: Element, notify: Element): Element | undefined {
  if (attr(notify, 'cib_rc') !== '0') return cib;
  const result = firstChild(notify, 'cib_update_result');
  const diff = result && firstChild(result, 'diff');
  if (diff === undefined) return cib;
  const applied = applyPatchset(cib, diff);
  if (applied.rc === 0) return applied.cib;
  // An older patchset than our copy (queried after it was made) is no loss.
  return applied.rc === -205 ? cib : undefined;
}
