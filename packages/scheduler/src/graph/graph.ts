import { integerOr, scanInteger } from '@sanode/rules';
import { type Element, element } from '@sanode/xml';
import { pseudoAction } from '../actions/create.ts';
import { ActionFlag } from '../model/action.ts';
import { log, type WorkingSet } from '../model/working-set.ts';
import { newestFirst } from '../orderings/apply.ts';
import { actionElement } from './action-element.ts';
import { graphSynapses, insertAction, type Synapse } from './insert.ts';

/**
 * Decides what is in the transition graph (scheduler-3 19).
 * @returns makes its element; to be called once
 */
export function createGraph(set: WorkingSet, transitionId: number): () => Element {
  // Rules that are only evaluated for what the actions carry have no part in the time to look again.
  const root = rootAttributes(set, transitionId);
  for (const resource of set.resources) resource.kind.addToGraph(set, resource);
  const differs = set.nodes.some((node) => node.variant === 'remote' && node.maintenance !== node.remoteMaintenance);
  if (differs) insertMaintenance(set);
  for (const action of newestFirst(set.actions)) {
    const { resource, node } = action;
    if (resource !== undefined && node?.shutdown === true && action.task === 'stop') {
      const stuck = !action.optional && !action.runnable && !resource.maintenance;
      if (stuck && (set.quorate || set.options.noQuorumPolicy === 'ignore')) {
        log(set, 'error', `Cannot shut down ${node.name} because of ${resource.id}: ${action.key} can't be done`);
      }
    }
    insertAction(set, action);
  }
  return () => {
    const synapses = graphSynapses(set).map((synapse, id) => synapseElement(set, synapse, id));
    return element('transition_graph', root, synapses);
  };
}

function synapseElement(set: WorkingSet, { action, priority, inputs }: Synapse, id: number): Element {
  const triggers = inputs.map((input) => {
    input.trigger ??= element('trigger', {}, [actionElement(set, input, false)]);
    return input.trigger;
  });
  return element('synapse', { id, priority: priority > 0 ? priority : undefined }, [
    element('action_set', {}, [actionElement(set, action, true)]),
    element('inputs', {}, triggers),
  ]);
}

function insertMaintenance(set: WorkingSet): void {
  const action = pseudoAction(set, 'maintenance_nodes');
  action.set(ActionFlag.always);
  insertAction(set, action);
}

function rootAttributes(set: WorkingSet, transitionId: number): Record<string, string | number | undefined> {
  const { values } = set.options;
  const limit = scanInteger(values.get('migration-limit') ?? '');
  return {
    'cluster-delay': values.get('cluster-delay'),
    'fencing-timeout': values.get('fencing-timeout'),
    'failed-stop-offset': 'INFINITY',
    'failed-start-offset': set.options.startFailureFatal ? 'INFINITY' : '1',
    'batch-limit': integerOr(values.get('batch-limit'), 0),
    transition_id: transitionId,
    'migration-limit': limit.ok && limit.value > 0 ? values.get('migration-limit') : undefined,
    'recheck-by': set.recheckBy !== undefined && set.recheckBy > 0 ? set.recheckBy : undefined,
  };
}
