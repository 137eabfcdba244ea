import { applyPatchset, createPatchset } from '@sanode/cib';
import { attr, type Element, withAttributes } from '@sanode/xml';

const versionAttributes = ['admin_epoch', 'epoch', 'num_updates'] as const;

/**
 * Carries a command's change over to the document of now, as a patchset without versions does (cli-pcs.md 2): what
 * others changed since `before` was read stays.
 * @returns the document of now with the change; undefined when the change does not fit any more
 */
export function rebase(before: Element, after: Element, now: Element): Element | undefined {
  const version = Object.fromEntries(versionAttributes.map((name) => [name, attr(now, name)]));
  const patchset = createPatchset(withAttributes(before, version), withAttributes(after, version));
  const result = applyPatchset(now, patchset, { checkVersions: false });
  return result.cib === undefined ? undefined : withAttributes(result.cib, version);
}
