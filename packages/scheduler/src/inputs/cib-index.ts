import { attr, childElements, descend, type Element, firstChild, walk } from '@sanode/xml';
import type { CibIndex } from '../model/working-set.ts';

/** Builds the look-ups that stages share, in one pass each over configuration and status. */
export function indexCib(cib: Element): CibIndex {
  const byId = new Map<string, Element>();
  const configuration = firstChild(cib, 'configuration');
  if (configuration !== undefined) {
    for (const element of walk(configuration)) {
      const id = attr(element, 'id');
      const key = id === undefined ? undefined : `${element.name} ${id}`;
      if (key !== undefined && !byId.has(key)) byId.set(key, element);
    }
  }
  const status = firstChild(cib, 'status');
  const nodeStates = status === undefined ? [] : childElements(status, 'node_state');
  const historyByNode = new Map<string, Map<string, Element[]>>();
  for (const state of nodeStates) {
    const name = attr(state, 'uname');
    const resources = descend(state, 'lrm', 'lrm_resources');
    if (name === undefined || resources === undefined || historyByNode.has(name)) continue;
    const entries = new Map<string, Element[]>();
    for (const resource of childElements(resources, 'lrm_resource')) {
      const id = attr(resource, 'id');
      if (id === undefined) continue;
      const list = entries.get(id);
      const operations = childElements(resource, 'lrm_rsc_op');
      if (list === undefined) entries.set(id, operations);
      else list.push(...operations);
    }
    historyByNode.set(name, entries);
  }
  return { byId, nodeStates, historyByNode };
}

/** The element of this name that an `id-ref` stands for. */
export function resolveReference(index: CibIndex, name: string, id: string): Element | undefined {
  return index.byId.get(`${name} ${id}`);
}

/** The element itself, or what its `id-ref` stands for; `undefined` if that is missing. */
export function resolved(index: CibIndex, element: Element): Element | undefined {
  const reference = attr(element, 'id-ref');
  return reference === undefined ? element : resolveReference(index, element.name, reference);
}
