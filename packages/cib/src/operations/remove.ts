import { attr, childElements, type Element } from '@sanode/xml';
import { cibOption } from '../client/types.ts';
import { elementAt, findFirst, replaceAt } from '../document/edit.ts';
import { sectionNamesFromRoot } from '../document/sections.ts';
import { emptyConfiguration } from '../document/version.ts';
import { cibResult } from '../results.ts';
import { dataForSection, xpathMatches } from './modify.ts';
import type { OperationInput, OperationResult } from './types.ts';

/** `cib_delete` (cib.md 3.7). What is not there counts as deleted. */
export function remove(cib: Element, input: OperationInput): OperationResult {
  if ((input.options & cibOption.xpath) !== 0) return removeByXPath(cib, input);
  const data = dataForSection(input);
  const names = sectionNamesFromRoot(input.section);
  if (data === undefined || names === undefined) return { rc: cibResult.invalid, cib };
  const sectionName = names.at(-1) ?? 'cib';
  let result = cib;
  for (const object of data.name === sectionName ? childElements(data) : [data]) {
    const removed = removeMatch(result, names, object);
    if (removed === undefined) return { rc: cibResult.invalid, cib };
    result = removed;
  }
  return { rc: 0, cib: result };
}

/** Without the first element of the section that has the object's name, id and attribute values. */
function removeMatch(cib: Element, names: readonly string[], object: Element): Element | undefined {
  const path = findSection(cib, names);
  if (path === undefined) return cib;
  const section = elementAt(cib, path) as Element;
  const found = findFirst(section, (node) => {
    if (node.name !== object.name) return false;
    for (const [name, value] of object.attributes) if (attr(node, name) !== value) return false;
    return true;
  });
  if (found === undefined) return cib;
  const whole = [...path, ...found];
  return whole.length === 0 ? undefined : replaceAt(cib, whole, undefined);
}

function findSection(cib: Element, names: readonly string[]): number[] | undefined {
  const path: number[] = [];
  let at: Element = cib;
  for (const name of names) {
    const index = at.children.findIndex((child) => child.type === 'element' && child.name === name);
    if (index === -1) return undefined;
    path.push(index);
    at = at.children[index] as Element;
  }
  return path;
}

function removeByXPath(cib: Element, input: OperationInput): OperationResult {
  const matches = xpathMatches(cib, input);
  if (matches.some((match) => match.indexes.length === 0)) return { rc: cibResult.invalid, cib };
  let result = cib;
  // From the last to the first, so that indexes stay right; what lies inside another match goes with it.
  const outer = matches.filter(
    (match) => !matches.some((other) => other !== match && isInside(match.indexes, other.indexes)),
  );
  for (const match of outer.reverse()) result = replaceAt(result, match.indexes, undefined);
  return { rc: 0, cib: result };
}

function isInside(inner: readonly number[], outer: readonly number[]): boolean {
  return inner.length > outer.length && outer.every((index, depth) => inner[depth] === index);
}

/** `cib_erase`: an empty document of the next admin epoch. */
export function erase(cib: Element): OperationResult {
  const attributes = new Map(cib.attributes);
  attributes.set('admin_epoch', String((Number.parseInt(attr(cib, 'admin_epoch') ?? '0', 10) || 0) + 1));
  return {
    rc: 0,
    cib: {
      ...cib,
      attributes,
      children: [emptyConfiguration(), { type: 'element', name: 'status', attributes: new Map(), children: [] }],
    },
  };
}
