import { attr, type Element, type Node, walk, withAttributes } from '@sanode/xml';
import { mapAttributes, mapNamed, rewrite } from '../tree.ts';
import { replaceLifetimes } from './lifetimes.ts';
import { foldReferences, resolveReferences } from './marks.ts';
import { removeUnsupported } from './removals.ts';
import { renameSyntax } from './renames.ts';
import { dropRepeatedPairs, sortSets } from './sets.ts';

export { EndlessReference } from './marks.ts';

/** What the steps report. */
export interface Changes {
  readonly tell: (message: string) => void;
  /** An attribute was changed that an access list's XPath may look at. */
  readonly syntaxChanged: () => void;
}

/**
 * pacemaker-3.10 to 4.0 (cib-schema.md 9.3).
 * @param tell gets messages
 * @throws {EndlessReference}
 */
export function toFour(cib: Element, tell: (message: string) => void): Element {
  let isSyntaxChanged = false;
  const changes: Changes = {
    tell,
    syntaxChanged: () => {
      isSyntaxChanged = true;
    },
  };
  const made = mapNamed(cib, ['configuration'], (configuration) => {
    const sorted = sortSets(resolveReferences(configuration), changes);
    const renamed = renameSyntax(dropRepeatedPairs(sorted), changes);
    const reduced = removeUnsupported(replaceLifetimes(renamed, changes), changes);
    if (isSyntaxChanged && hasXpathPermission(reduced)) {
      tell(
        'WARNING: CIB syntax changes may invalidate ACLs that use "xpath". It is strongly recommended to run "cibadmin --upgrade" and then examine the updated CIB carefully to ensure ACLs still match the desired intent.',
      );
    }
    return [dropDanglingPermissions(foldReferences(reduced))];
  });
  return withAttributes(made, { 'validate-with': 'pacemaker-4.0' });
}

function hasXpathPermission(configuration: Element): boolean {
  for (const node of walk(configuration)) {
    if (node.name === 'acl_permission' && node.attributes.has('xpath')) return true;
  }
  return false;
}

/** Permissions on what is gone select nothing. */
function dropDanglingPermissions(configuration: Element): Element {
  const ids = new Set<string | undefined>();
  for (const node of walk(configuration)) ids.add(attr(node, 'id'));
  return rewrite(configuration, (node): readonly Node[] => {
    if (node.name !== 'acl_permission' || !node.attributes.has('reference')) return [node];
    if (ids.has(attr(node, 'reference'))) return [node];
    return [mapAttributes(node, (name, value) => (name === 'reference' ? ['xpath', '/*[false()]'] : [name, value]))];
  })[0] as Element;
}
