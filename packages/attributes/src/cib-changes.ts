import { attr, childElements, descend, type Element } from '@sanode/xml';

/**
 * Whether a `<notify>` of cib_diff_notify tells of a document that was put in the place of the old one so that what
 * the writer had written may be gone: all attributes must be written again (executor-fencer-attrd.md 5.5).
 */
export function replacedStatus(notify: Element): boolean {
  const operation = attr(notify, 'cib_op');
  if (operation !== 'cib_replace' && operation !== 'cib_erase') return false;
  if (!(Number(attr(notify, 'cib_rc') ?? '0') >= 0)) return false;
  const diff = descend(notify, 'cib_update_result', 'diff');
  if (diff === undefined) return false;
  return childElements(diff, 'change').some((change) => {
    const path = attr(change, 'path') ?? '';
    if (path.startsWith('/cib/status') || path.startsWith('/cib/configuration/nodes')) return true;
    const wholeDocument = path === '' || path === '/cib' || path === '/';
    return wholeDocument && attr(change, 'operation') !== 'modify';
  });
}
