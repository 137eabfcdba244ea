import { compareDottedVersions } from '@sanode/runtime';
import { attr, digestV2, type Element } from '@sanode/xml';
import { cibOption } from '../client/types.ts';
import { elementAt, findFirst, replaceAt, shareUnchanged } from '../document/edit.ts';
import { sectionNamesFromRoot } from '../document/sections.ts';
import { cibVersion, compareCibVersions } from '../document/version.ts';
import { cibResult } from '../results.ts';
import { dataForSection, xpathMatches } from './modify.ts';
import type { OperationInput, OperationResult } from './types.ts';

/** `cib_replace` (cib.md 3.7). */
export function replace(cib: Element, input: OperationInput): OperationResult {
  if ((input.options & cibOption.xpath) !== 0) return replaceByXPath(cib, input);
  const { section, data } = input;
  if (data === undefined) return { rc: cibResult.invalid, cib };
  const whole = section === undefined || section === 'all' || section === 'cib';
  if (data.name === 'cib' && whole) return replaceWhole(cib, data, input);
  const object = dataForSection(input);
  const names = sectionNamesFromRoot(section);
  if (object === undefined || names === undefined) return { rc: cibResult.invalid, cib };
  const path: number[] = [];
  let at: Element = cib;
  for (const name of names) {
    const index = at.children.findIndex((child) => child.type === 'element' && child.name === name);
    if (index === -1) return { rc: cibResult.noSuchObject, cib };
    path.push(index);
    at = at.children[index] as Element;
  }
  const id = attr(object, 'id');
  const found = findFirst(at, (node) => node.name === object.name && (id === undefined || attr(node, 'id') === id));
  if (found === undefined) return { rc: cibResult.noSuchObject, cib };
  const target = [...path, ...found];
  const old = elementAt(cib, target) as Element;
  return { rc: 0, cib: replaceAt(cib, target, shareUnchanged(old, object)) };
}

function replaceWhole(cib: Element, data: Element, input: OperationInput): OperationResult {
  if (input.digest !== undefined) {
    const newer = compareDottedVersions(input.digestFeatureSet ?? '0', '3.20.0') >= 0;
    if (digestV2(data, newer ? '3.0' : '2.1') !== input.digest) return { rc: cibResult.oldData, cib };
  }
  if (compareCibVersions(cibVersion(data), cibVersion(cib)) < 0) return { rc: cibResult.oldData, cib };
  return { rc: 0, cib: shareUnchanged(cib, data) };
}

function replaceByXPath(cib: Element, input: OperationInput): OperationResult {
  const { data } = input;
  if (data === undefined) return { rc: cibResult.invalid, cib };
  const matches = xpathMatches(cib, input);
  if (matches.length === 0) return { rc: cibResult.noSuchObject, cib };
  let result = cib;
  for (const match of matches) {
    if (elementAt(result, match.indexes) === undefined) continue;
    result = replaceAt(result, match.indexes, shareUnchanged(match.element, data));
  }
  return { rc: 0, cib: result };
}
