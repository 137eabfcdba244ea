import { attr, type Element, element, firstChild, withAttributes } from '@sanode/xml';
import { actionAttribute, type GraphAction, type TransitionGraph } from './graph.ts';
import type { ActionRequest, FailureUpdate } from './host.ts';
import { decodeOperationKey, encodeTransitionKey, encodeTransitionMagic } from './keys.ts';

/** What carries out an action, or a sentence that says why it can't be started. */
export function requestFor(action: GraphAction, graph: TransitionGraph, engineUuid: string): ActionRequest | string {
  const transitionKey = encodeTransitionKey({
    actionId: action.id,
    transitionId: graph.id,
    targetRc: action.targetRc,
    engineUuid,
  });
  if (action.task === '') return `action ${action.id} has no operation`;
  if (action.kind === 'crm_event' && action.task === 'stonith') return fenceRequest(action, graph, engineUuid);
  const peer = action.routerNode ?? action.node;
  if (peer === undefined) return `action ${action.id} (${action.task}) names no node`;
  if (action.kind === 'rsc_op') {
    if (action.operationKey === undefined) return `action ${action.id} (${action.task}) has no operation_key`;
    return {
      type: 'rsc_op',
      action,
      peer,
      transitionKey,
      data: withAttributes(action.element, { 'transition-key': transitionKey }),
    };
  }
  return { type: 'crm_event', action, peer, transitionKey, data: action.element };
}

function fenceRequest(action: GraphAction, graph: TransitionGraph, engineUuid: string): ActionRequest | string {
  const fencingAction = actionAttribute(action, 'CRM_meta_stonith_action');
  if (action.node === undefined || action.nodeUuid === undefined || fencingAction === undefined) {
    return `fencing ${action.id} lacks its node, the node's id or CRM_meta_stonith_action`;
  }
  return {
    type: 'fence',
    action,
    target: action.node,
    targetUuid: action.nodeUuid,
    fencingAction,
    transitionKey: encodeTransitionKey({ actionId: action.id, transitionId: graph.id, targetRc: 0, engineUuid }),
    timeoutMs: graph.fencingTimeoutMs,
    delaySeconds: Number.parseInt(actionAttribute(action, 'CRM_meta_priority-fencing-delay') ?? '0', 10) || 0,
  };
}

/** Nodes on which an action occupies a job slot: both ends of a migration, else the node that carries it out. */
export function jobNodes(action: GraphAction): readonly string[] {
  if (action.kind !== 'rsc_op') return [];
  if (isMigration(action)) {
    const source = actionAttribute(action, 'CRM_meta_migrate_source');
    const target = actionAttribute(action, 'CRM_meta_migrate_target');
    return [source, target].filter((node) => node !== undefined);
  }
  const node = action.routerNode ?? action.node;
  return node === undefined ? [] : [node];
}

export function isMigration(action: GraphAction): boolean {
  return action.task === 'migrate_to' || action.task === 'migrate_from';
}

const unrecorded = new Set(['cancel', 'delete', 'notify', 'meta-data']);

/** Whether results of the task are kept in the history. */
export function isRecordable(action: GraphAction): boolean {
  return action.kind === 'rsc_op' && !unrecorded.has(action.task);
}

/** The `<status>` fragment that records that an action's result never came (controller.md 8.3, 8.8). */
export function timeoutHistory(action: GraphAction, transitionKey: string, localNode: string): Element | undefined {
  const resource = firstChild(action.element, 'primitive');
  const id = resource === undefined ? undefined : attr(resource, 'id');
  if (resource === undefined || id === undefined || action.nodeUuid === undefined) return undefined;
  const peer = action.routerNode ?? action.node ?? '';
  const isLocal = peer.toLowerCase() === localNode.toLowerCase();
  const entry = (entryId: string): Element =>
    element('lrm_rsc_op', {
      id: entryId,
      operation_key: action.operationKey,
      operation: action.task,
      'crm-debug-origin': 'controld_record_action_event',
      crm_feature_set: actionAttribute(action, 'crm_feature_set'),
      'transition-key': transitionKey,
      'transition-magic': encodeTransitionMagic(2, 1, transitionKey),
      'exit-reason': `${isLocal ? 'Local executor' : `Controller on ${peer}`} did not return result in time`,
      on_node: action.node,
      'call-id': -1,
      'rc-code': 1,
      'op-status': 2,
      interval: action.intervalMs,
    });
  const entries = [entry(`${id}_last_failure_0`)];
  if (action.intervalMs === 0) entries.push(entry(`${id}_last_0`));
  const history = element(
    'lrm_resource',
    { id, type: attr(resource, 'type'), class: attr(resource, 'class'), provider: attr(resource, 'provider') },
    entries,
  );
  const lrm = element('lrm', { id: action.nodeUuid }, [element('lrm_resources', {}, [history])]);
  return element('status', {}, [element('node_state', { id: action.nodeUuid, uname: action.node }, [lrm])]);
}

/** Which attributes count a failed operation (controller.md 8.9); undefined when it is not counted. */
export function failureUpdate(
  operation: Element,
  options: {
    graph: TransitionGraph;
    node: string;
    nodeUuid: string;
    rc: number;
    targetRc: number;
    force: boolean;
    ignoreFailure: boolean;
    nowMs: number;
  },
): FailureUpdate | undefined {
  if (options.rc === options.targetRc || attr(operation, 'crm-debug-origin') === 'build_active_RAs') return undefined;
  const key = decodeOperationKey(attr(operation, 'operation_key') ?? attr(operation, 'id') ?? '');
  if (key === undefined) return undefined;
  const counted = key.intervalMs > 0 || ['promote', 'demote', 'start', 'stop'].includes(key.task) || options.force;
  if (!counted) return undefined;
  const offset =
    key.task === 'start' ? options.graph.failedStartOffset : key.task === 'stop' ? options.graph.failedStopOffset : '';
  const name = `${key.resource}#${key.task}_${key.intervalMs}`;
  return {
    node: options.node,
    nodeUuid: options.nodeUuid,
    resource: key.resource,
    task: key.task,
    intervalMs: key.intervalMs,
    failCount: options.ignoreFailure
      ? undefined
      : { name: `fail-count-${name}`, value: /^\+?INFINITY$/i.test(offset) ? 'INFINITY' : 'value++' },
    lastFailure: { name: `last-failure-${name}`, value: String(Math.floor(options.nowMs / 1000)) },
  };
}
