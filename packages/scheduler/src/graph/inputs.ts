import { type Action, ActionFlag, Order, type Relation } from '../model/action.ts';
import { isGuestNode } from '../model/node.ts';

/** Whether an action goes into the graph (scheduler-3 19.3). */
export function belongsInGraph(action: Action): boolean {
  if (!action.runnable || (action.optional && !action.has(ActionFlag.always))) return false;
  const { resource, node } = action;
  if (resource !== undefined && !resource.managed && action.task !== 'monitor') {
    const interval = action.meta.get('interval');
    if (interval === undefined || interval === '0') return false;
  }
  if (action.pseudo || action.task === 'stonith' || action.task === 'do_shutdown') return true;
  if (node === undefined) return false;
  if (action.has(ActionFlag.onDc)) return true;
  if (isGuestNode(node) && !node.remoteReset) return true;
  return node.online && !node.unclean;
}

const onlyOrders = Order.thenGraphsFirst | Order.firstGraphsThen | Order.seq;

/** Whether what goes before an action becomes an input of it in the graph (scheduler-3 19.4). */
export function belongsInInputs(action: Action, relation: Relation): boolean {
  if (relation.graphed) return true;
  const { action: input, flags } = relation;
  if (flags === Order.none) return false;
  if (!input.runnable) {
    if ((flags & ~onlyOrders) === 0 || (flags & (Order.minRun | Order.unmigThenBlocks)) !== 0) return false;
  }
  if ((flags & Order.ifFirstUnmig) !== 0 && input.migratable) return false;
  if (flags === Order.seq && input.migratable && input.key.endsWith('_stop_0')) return false;
  if (flags === Order.loadTarget) return isLoadInput(action, relation);
  if (flags === Order.reqSameNode) {
    const elsewhere = input.node !== undefined && action.node !== undefined && input.node !== action.node;
    return keepOrDrop(relation, !elsewhere && !input.optional);
  }
  const { resource } = input;
  if (resource !== undefined && resource !== action.resource && resource.failed && !resource.managed) {
    if (input.key.endsWith('_stop_0') && action.resource?.variant === 'clone') return false;
  }
  const left = input.optional && !input.has(ActionFlag.always) && !input.has(ActionFlag.inGraph);
  return !(left && !belongsInGraph(input));
}

function keepOrDrop(relation: Relation, keep: boolean): boolean {
  if (!keep) relation.flags = Order.none;
  return keep;
}

function isLoadInput(action: Action, relation: Relation): boolean {
  const { action: input } = relation;
  if (action.resource !== undefined && action.task === 'migrate_to') {
    return keepOrDrop(relation, input.node !== undefined && input.node === action.resource.assigned?.node);
  }
  return keepOrDrop(relation, input.node === action.node && !input.optional);
}

/** Whether an action would wait for itself through a relation. */
export function hasLoop(start: Action, action: Action, relation: Relation): boolean {
  const { action: input } = relation;
  if (input.has(ActionFlag.visiting) || !belongsInInputs(action, relation)) return false;
  if (input === start) return true;
  input.set(ActionFlag.visiting);
  const found = input.before.some((next) => hasLoop(start, input, next));
  input.clear(ActionFlag.visiting);
  return found;
}
