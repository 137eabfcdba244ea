import { attr, childElements, descend, type Element, firstChild, walk } from '@sanode/xml';

/** What a change of the CIB means to a transition (controller.md 8.4, steps 1 to 7). */
export type DiffEvent =
  | { readonly type: 'abort'; readonly text: string; readonly change: Element }
  | {
      readonly type: 'transient';
      readonly deleted: boolean;
      readonly nodeUuid: string | undefined;
      readonly change: Element;
    }
  | {
      readonly type: 'operation-removed';
      readonly operationId: string;
      readonly nodeUuid: string;
      readonly change: Element;
    }
  | {
      readonly type: 'state-removed';
      readonly text: string;
      readonly nodeUuid: string | undefined;
      readonly change: Element;
    }
  | {
      readonly type: 'history';
      readonly operations: readonly HistoryEvent[];
      readonly resourceCount: number;
      readonly change: Element;
    };

/** A `lrm_rsc_op` with where it came from. */
export interface HistoryEvent {
  readonly nodeUuid: string;
  readonly operation: Element;
}

/**
 * Reads a `<notify>` of `cib_diff_notify` into events, in order. Reading ends with the first change that is about
 * something else than operations (configuration, tickets, attributes): the scheduler is asked anyway. A failed
 * request (cib_rc < 0) and a notify without a format 2 patchset give nothing.
 */
export function readDiff(notify: Element): DiffEvent[] {
  const rc = Number(attr(notify, 'cib_rc') ?? '0');
  const diff = descend(notify, 'cib_update_result', 'diff');
  if (!(rc >= 0) || diff === undefined || attr(diff, 'format') !== '2') return [];
  const events: DiffEvent[] = [];
  for (const change of childElements(diff, 'change')) {
    const event = readChange(change);
    if (event === undefined) continue;
    events.push(event);
    if (event.type === 'abort' || event.type === 'transient') break;
  }
  return events;
}

/** Every `lrm_rsc_op` below an element that carries a node's id (`node_state` or `lrm`), or in a `status` of such. */
export function historyBelow(node: Element, nodeUuid: string | undefined): HistoryEvent[] {
  const uuid = node.name === 'node_state' || node.name === 'lrm' ? (attr(node, 'id') ?? nodeUuid) : nodeUuid;
  if (node.name === 'lrm_rsc_op') return uuid === undefined ? [] : [{ nodeUuid: uuid, operation: node }];
  return childElements(node).flatMap((child) => historyBelow(child, uuid));
}

const historyElements = new Set(['status', 'node_state', 'lrm', 'lrm_resources', 'lrm_resource', 'lrm_rsc_op']);

function readChange(change: Element): DiffEvent | undefined {
  const operation = attr(change, 'operation');
  const path = attr(change, 'path');
  if (operation === undefined || path === undefined) return undefined;
  if (operation === 'move' && !path.includes('/cib/configuration/resources')) return undefined;
  const result = resultOf(operation, change);
  if (path.includes('/cib/configuration')) return { type: 'abort', text: 'Configuration change', change };
  if (path.includes('/tickets') || result?.name === 'tickets') {
    return { type: 'abort', text: 'Ticket attribute change', change };
  }
  const nodeUuid = nodeOfPath(path);
  if (path.includes('/transient_attributes[') || result?.name === 'transient_attributes') {
    return { type: 'transient', deleted: operation === 'delete', nodeUuid, change };
  }
  if (operation === 'delete') return readDelete(path, nodeUuid, change);
  return result === undefined ? undefined : readResult(result, nodeUuid, change);
}

function resultOf(operation: string, change: Element): Element | undefined {
  if (operation === 'create') return firstChild(change);
  if (operation !== 'modify') return undefined;
  const holder = firstChild(change, 'change-result');
  return holder === undefined ? undefined : firstChild(holder);
}

function readDelete(path: string, nodeUuid: string | undefined, change: Element): DiffEvent | undefined {
  if (path.includes('/lrm_rsc_op[')) {
    const quoted = /'([^']*)'[^']*$/.exec(path)?.[1];
    if (quoted === undefined || nodeUuid === undefined) return undefined;
    return { type: 'operation-removed', operationId: quoted, nodeUuid, change };
  }
  if (path.includes('/lrm[')) return { type: 'state-removed', text: 'Resource state removal', nodeUuid, change };
  if (path.includes('/node_state[')) return { type: 'state-removed', text: 'Node state removal', nodeUuid, change };
  return undefined;
}

function readResult(result: Element, nodeUuid: string | undefined, change: Element): DiffEvent | undefined {
  if (result.name === 'cib') {
    if (firstChild(result, 'configuration') !== undefined) {
      return { type: 'abort', text: 'Non-status-only change', change };
    }
    const status = firstChild(result, 'status');
    return status === undefined ? undefined : readResult(status, nodeUuid, change);
  }
  if (!historyElements.has(result.name)) return undefined;
  for (const node of walk(result)) {
    if (node.name === 'lrm_resource' && attr(node, 'shutdown-lock') === '0') {
      return { type: 'abort', text: 'Shutdown lock cleared', change };
    }
  }
  const operations = historyBelow(result, nodeUuid);
  if (operations.length === 0) return undefined;
  return { type: 'history', operations, resourceCount: resourceCount(result), change };
}

/** Resources that came together: more than one means a whole history was written, not a result. */
function resourceCount(result: Element): number {
  let count = 0;
  for (const node of walk(result))
    if (node.name === 'lrm_resources') count = Math.max(count, childElements(node).length);
  return count;
}

function nodeOfPath(path: string): string | undefined {
  return /\/node_state\[@id='([^']*)'\]/.exec(path)?.[1];
}
