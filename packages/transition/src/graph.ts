import { parseSpanMs, scoreOrZero } from '@sanode/rules';
import { attr, childElements, type Element, firstChild } from '@sanode/xml';

/** What an action is: an operation of a resource, an order to a controller, or nothing but a milestone. */
export type ActionKind = 'rsc_op' | 'crm_event' | 'pseudo_event';

/** One action of a transition graph. Immutable; its progress is kept by the engine. */
export interface GraphAction {
  /** Number, unique in the graph (two synapses' actions never share it). */
  readonly id: number;
  readonly kind: ActionKind;
  /** `operation`: start, stop, monitor, stonith, do_shutdown, clear_failcount, lrm_delete, ... */
  readonly task: string;
  readonly operationKey: string | undefined;
  /** `on_node`: name of the node that it is for. */
  readonly node: string | undefined;
  /** `on_node_uuid`: for cluster nodes the decimal node id, for remote nodes the name. */
  readonly nodeUuid: string | undefined;
  /** `router_node`: cluster node that must do it on behalf of a remote node. */
  readonly routerNode: string | undefined;
  /** CRM_meta_timeout + CRM_meta_start_delay; 0 when neither is given. */
  readonly timeoutMs: number;
  readonly intervalMs: number;
  /** CRM_meta_op_target_rc, default 0. */
  readonly targetRc: number;
  /** CRM_meta_can_fail: a failure does not keep what depends on it from running. */
  readonly canFail: boolean;
  /** CRM_meta_op_no_wait: confirmed as soon as it is sent. */
  readonly noWait: boolean;
  /** CRM_meta_on_fail = ignore: a failure is neither an abort nor counted. */
  readonly ignoreFailure: boolean;
  /** The action's children are `<downed>` nodes with these ids: it makes them leave. */
  readonly downedNodeUuids: readonly string[];
  /** The element as the scheduler wrote it. */
  readonly element: Element;
}

/** A set of actions with what must be confirmed before. */
export interface Synapse {
  readonly id: number;
  /** 0 is the usual; INFINITY is 1,000,000. */
  readonly priority: number;
  readonly actions: readonly GraphAction[];
  /** Ids of the actions that must be confirmed first, in document order. */
  readonly inputIds: readonly number[];
}

/** A parsed `<transition_graph>` (controller.md 8.2). Immutable. */
export interface TransitionGraph {
  readonly id: number;
  /** Where the scheduler's input was saved (`crm-tgraph-in`), for log lines. */
  readonly source: string | undefined;
  /** `cluster-delay`, added to every action's time for the network. */
  readonly networkDelayMs: number;
  readonly fencingTimeoutMs: number;
  /** Actions in flight at the same time; 0 = decided by load. */
  readonly batchLimit: number;
  /** Migrations at the same time on one node; < 1 = no limit. */
  readonly migrationLimit: number;
  /** Failure count written for a failed start or stop: `INFINITY`, or how much to add. */
  readonly failedStartOffset: string;
  readonly failedStopOffset: string;
  /** `recheck-by`: epoch seconds when the scheduler wants to be asked again; undefined when never. */
  readonly recheckBySeconds: number | undefined;
  readonly synapses: readonly Synapse[];
}

/** A graph that can't be walked, with the reason in one sentence. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
}

const maxActions = 1_000_000;

/**
 * Reads a `<transition_graph>`.
 * @throws {GraphError} for another element, an action or synapse without a valid id, an input that names no action, or
 * more than a million actions
 */
export function parseGraph(graph: Element): TransitionGraph {
  if (graph.name !== 'transition_graph') throw new GraphError(`<${graph.name}> is no transition graph`);
  const synapses = childElements(graph, 'synapse').map(parseSynapse);
  checkReferences(synapses);
  const networkDelayMs = parseSpanMs(attr(graph, 'cluster-delay')) ?? 0;
  const fencing = attr(graph, 'stonith-timeout') ?? attr(graph, 'fencing-timeout');
  const batchLimit = Number.parseInt(attr(graph, 'batch-limit') ?? '0', 10);
  const migrationLimit = Number.parseInt(attr(graph, 'migration-limit') ?? '-1', 10);
  const recheckBy = Number.parseInt(attr(graph, 'recheck-by') ?? '', 10);
  return {
    id: integer(attr(graph, 'transition_id') ?? '-1', 'the graph has a transition_id'),
    source: attr(graph, 'crm-tgraph-in'),
    networkDelayMs,
    fencingTimeoutMs: parseSpanMs(fencing) ?? networkDelayMs,
    batchLimit: Number.isNaN(batchLimit) ? 0 : Math.max(-1, batchLimit),
    migrationLimit: Number.isNaN(migrationLimit) ? -1 : Math.max(-1, migrationLimit),
    failedStartOffset: attr(graph, 'failed-start-offset') ?? 'INFINITY',
    failedStopOffset: attr(graph, 'failed-stop-offset') ?? 'INFINITY',
    recheckBySeconds: Number.isNaN(recheckBy) || recheckBy <= 0 ? undefined : recheckBy,
    synapses,
  };
}

/** The graph that an engine begins with: empty, so always complete. */
export const blankGraph: TransitionGraph = {
  id: -1,
  source: undefined,
  networkDelayMs: 0,
  fencingTimeoutMs: 0,
  batchLimit: 0,
  migrationLimit: -1,
  failedStartOffset: 'INFINITY',
  failedStopOffset: 'INFINITY',
  recheckBySeconds: undefined,
  synapses: [],
};

/** Reads an action element alone. @throws {GraphError} */
export function parseAction(action: Element): GraphAction {
  if (!isActionName(action.name)) throw new GraphError(`<${action.name}> is no action`);
  const attributes = firstChild(action, 'attributes')?.attributes ?? new Map<string, string>();
  const meta = (name: string): string | undefined => attributes.get(`CRM_meta_${name}`);
  const number = (name: string): number => Math.max(0, Number.parseInt(meta(name) ?? '0', 10) || 0);
  const targetRc = Number.parseInt(meta('op_target_rc') ?? '0', 10);
  const downed = firstChild(action, 'downed');
  return {
    id: integer(attr(action, 'id'), `<${action.name}> has an id`),
    kind: action.name,
    task: attr(action, 'operation') ?? '',
    operationKey: attr(action, 'operation_key'),
    node: attr(action, 'on_node'),
    nodeUuid: attr(action, 'on_node_uuid'),
    routerNode: attr(action, 'router_node'),
    timeoutMs: number('timeout') + number('start_delay'),
    intervalMs: number('interval'),
    targetRc: Number.isNaN(targetRc) ? 0 : targetRc,
    canFail: isTrue(meta('can_fail')),
    noWait: isTrue(meta('op_no_wait')),
    ignoreFailure: meta('on_fail') === 'ignore',
    downedNodeUuids:
      downed === undefined ? [] : childElements(downed, 'node').flatMap((node) => attr(node, 'id') ?? []),
    element: action,
  };
}

/** Value of an attribute of the action's `<attributes>` child. */
export function actionAttribute(action: GraphAction, name: string): string | undefined {
  const attributes = firstChild(action.element, 'attributes');
  return attributes === undefined ? undefined : attr(attributes, name);
}

function parseSynapse(synapse: Element): Synapse {
  const actionSet = firstChild(synapse, 'action_set');
  const inputs = firstChild(synapse, 'inputs');
  const actions = actionSet === undefined ? [] : childElements(actionSet).map(parseAction);
  const triggers = inputs === undefined ? [] : childElements(inputs, 'trigger');
  return {
    id: integer(attr(synapse, 'id'), 'a synapse has an id'),
    priority: scoreOrZero(attr(synapse, 'priority')),
    actions,
    inputIds: triggers.flatMap((trigger) =>
      childElements(trigger).map((input) => integer(attr(input, 'id'), 'an input has an id')),
    ),
  };
}

function checkReferences(synapses: readonly Synapse[]): void {
  const ids = new Set<number>();
  for (const synapse of synapses) {
    for (const action of synapse.actions) {
      if (ids.has(action.id)) throw new GraphError(`action ${action.id} is in the graph twice`);
      ids.add(action.id);
    }
  }
  if (ids.size > maxActions) throw new GraphError(`the graph has ${ids.size} actions, more than ${maxActions}`);
  for (const synapse of synapses) {
    for (const input of synapse.inputIds) {
      if (!ids.has(input))
        throw new GraphError(`synapse ${synapse.id} waits for action ${input}, which is not in the graph`);
    }
  }
}

function isActionName(name: string): name is ActionKind {
  return name === 'rsc_op' || name === 'crm_event' || name === 'pseudo_event';
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && /^(true|on|yes|y|1)$/i.test(value);
}

function integer(value: string | undefined, claim: string): number {
  if (value === undefined || !/^-?\d{1,15}$/.test(value)) throw new GraphError(`not so: ${claim}, a number`);
  return Number(value);
}
