import { attr, type Element, element, type LocatedElement, locateElements, withChildren } from '@sanode/xml';
import { cibOption } from '../client/types.ts';
import { cibSection } from '../document/sections.ts';
import { pathStep } from '../patchset/paths.ts';
import { cibResult } from '../results.ts';
import type { OperationInput, OperationResult } from './types.ts';

/** `cib_query` (cib.md 3.9). */
export function query(cib: Element, input: OperationInput): OperationResult {
  const { options, section } = input;
  if ((options & cibOption.xpath) === 0) {
    const found = cibSection(cib, section === 'none' ? undefined : section);
    if (found === undefined) return { rc: cibResult.noSuchObject, cib };
    return { rc: 0, cib, output: trimmed(found, options) };
  }
  const matches = locateElements(cib, section ?? '');
  if (matches.length === 0) return { rc: cibResult.noSuchObject, cib };
  if ((options & cibOption.xpathAddress) !== 0) {
    const paths = matches.map((match) => element('xpath-query-path', { id: addressOf(cib, match) }));
    return { rc: 0, cib, output: element('xpath-query', {}, paths) };
  }
  const found = matches.map((match) => trimmed(match.element, options));
  return { rc: 0, cib, output: found.length === 1 ? (found[0] as Element) : element('xpath-query', {}, found) };
}

function trimmed(node: Element, options: number): Element {
  return (options & cibOption.noChildren) === 0 ? node : withChildren(node, []);
}

function addressOf(cib: Element, match: LocatedElement): string {
  let path = pathStep(cib);
  let at = cib;
  for (const index of match.indexes) {
    at = at.children[index] as Element;
    path += pathStep(at);
  }
  return path;
}

/** Whether a change's user may do anything at all: access lists are not there yet, so they refuse whoever they bind. */
export function accessRefused(cib: Element, user: string | undefined): boolean {
  if (user === undefined || user === '' || user === 'root' || user === 'hacluster') return false;
  return locateElements(cib, "/cib/configuration/crm_config//nvpair[@name='enable-acl']").some((match) =>
    ['true', 'on', 'yes', 'y', '1'].includes((attr(match.element, 'value') ?? '').toLowerCase()),
  );
}
