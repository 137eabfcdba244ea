import { compareDottedVersions } from '@sanode/runtime';
import { attr, childElements, descend, type Element, element, type LocatedElement, locateElements } from '@sanode/xml';
import { cibOption } from '../client/types.ts';
import { appendChild, elementAt, ensurePath, findFirst, replaceAt, sameNameAndId } from '../document/edit.ts';
import { sectionNamesFromRoot } from '../document/sections.ts';
import { cibResult, cibResultText } from '../results.ts';
import type { OperationInput, OperationResult } from './types.ts';
import { mergeElement } from './update.ts';

/** Data of a request: of a whole `<cib>` only the section it names. */
export function dataForSection(input: OperationInput): Element | undefined {
  const { data, section, options } = input;
  if (data?.name !== 'cib' || section === undefined || (options & cibOption.xpath) !== 0) return data;
  const names = sectionNamesFromRoot(section);
  return names === undefined ? undefined : descend(data, ...names);
}

/** Places that the request's XPath selects, the first alone without `multiple`. */
export function xpathMatches(cib: Element, input: OperationInput): LocatedElement[] {
  const found = locateElements(cib, input.section ?? '');
  return (input.options & cibOption.multiple) !== 0 ? found : found.slice(0, 1);
}

/** Whether `name++` counts on: always up to 2.x, later only when the request asks. */
function expandsScores(cib: Element, options: number): boolean {
  if ((options & cibOption.scoreUpdate) !== 0) return true;
  return compareDottedVersions(attr(cib, 'crm_feature_set') ?? '0', '3.20.0') < 0;
}

/** `cib_modify` (cib.md 3.7). */
export function modify(cib: Element, input: OperationInput): OperationResult {
  const data = dataForSection(input);
  if (data === undefined) return { rc: cibResult.invalid, cib };
  const result =
    (input.options & cibOption.xpath) !== 0 ? modifyByXPath(cib, data, input) : modifySection(cib, data, input);
  if (result.rc !== 0 || (input.options & cibOption.mixedUpdate) === 0) return result;
  return { rc: 0, cib: removeMarked(result.cib), forceChange: true };
}

function modifySection(cib: Element, data: Element, input: OperationInput): OperationResult {
  const names = sectionNamesFromRoot(input.section);
  if (names === undefined) return { rc: cibResult.invalid, cib };
  const { root, indexes } = ensurePath(cib, names);
  const section = elementAt(root, indexes) as Element;
  const merged = updateMatch(section, data, input.options, expandsScores(cib, input.options));
  if (merged === undefined) return { rc: cibResult.noSuchObject, cib };
  return { rc: 0, cib: merged === section ? root : replaceAt(root, indexes, merged) };
}

function modifyByXPath(cib: Element, data: Element, input: OperationInput): OperationResult {
  const expand = expandsScores(cib, input.options);
  const matches = locateElements(cib, input.section ?? '');
  let result = cib;
  let done = 0;
  for (const match of matches) {
    const target = elementAt(result, match.indexes);
    if (target === undefined) continue;
    const merged = updateMatch(target, data, input.options, expand);
    if (merged === undefined) continue;
    done += 1;
    if (merged !== target) result = replaceAt(result, match.indexes, merged);
    if ((input.options & cibOption.multiple) === 0) break;
  }
  return done === 0 ? { rc: cibResult.noSuchObject, cib } : { rc: 0, cib: result };
}

/** Merges data into the first element of its name and id at or below `root`; undefined when there is none. */
function updateMatch(root: Element, data: Element, options: number, expand: boolean): Element | undefined {
  const indexes = findFirst(root, (node) => sameNameAndId(node, data));
  if (indexes !== undefined) {
    const target = elementAt(root, indexes) as Element;
    const merged = mergeElement(target, data, expand);
    return merged === target ? root : replaceAt(root, indexes, merged);
  }
  if ((options & cibOption.canCreate) === 0) return undefined;
  return appendChild(root, mergeElement(element(data.name), data, expand));
}

/** Removes every element that carries the attribute `__delete__`. */
function removeMarked(node: Element): Element {
  let changed = false;
  const children = [];
  for (const child of node.children) {
    if (child.type !== 'element') children.push(child);
    else if (child.attributes.has('__delete__')) changed = true;
    else {
      const kept = removeMarked(child);
      if (kept !== child) changed = true;
      children.push(kept);
    }
  }
  return changed ? { ...node, children } : node;
}

/** `cib_create` (cib.md 3.7). */
export function create(cib: Element, input: OperationInput): OperationResult {
  const { section } = input;
  if ((input.options & cibOption.xpath) !== 0) return createByXPath(cib, input);
  if (section === undefined || section === 'all' || section === 'cib' || input.data?.name === 'cib') {
    return modify(cib, input);
  }
  const data = dataForSection(input);
  const names = sectionNamesFromRoot(section);
  if (data === undefined || names === undefined) return { rc: cibResult.invalid, cib };
  const { root, indexes } = ensurePath(cib, names);
  let parent = elementAt(root, indexes) as Element;
  const failures: Element[] = [];
  let rc = 0;
  for (const object of data.name === section ? childElements(data) : [data]) {
    if (hasSame(parent, object)) {
      rc = cibResult.exists;
      failures.push(failedUpdate(object, 'cib_create', rc));
    } else parent = appendChild(parent, object);
  }
  if (rc !== 0) return { rc, cib, output: element('failed', {}, failures) };
  return { rc: 0, cib: replaceAt(root, indexes, parent) };
}

function createByXPath(cib: Element, input: OperationInput): OperationResult {
  const first = locateElements(cib, input.section ?? '')[0];
  if (input.data === undefined) return { rc: cibResult.invalid, cib };
  if (first === undefined) return { rc: cibResult.noSuchObject, cib };
  return { rc: 0, cib: replaceAt(cib, first.indexes, appendChild(first.element, input.data)) };
}

function hasSame(parent: Element, object: Element): boolean {
  const id = attr(object, 'id');
  return childElements(parent, object.name).some((child) => id === undefined || attr(child, 'id') === id);
}

function failedUpdate(object: Element, operation: string, rc: number): Element {
  return element(
    'failed_update',
    { id: attr(object, 'id'), object_type: object.name, operation, reason: cibResultText(rc) },
    [object],
  );
}
