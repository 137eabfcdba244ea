import type { Timer } from '@sanode/runtime';
import type { GraphAction, Synapse, TransitionGraph } from './graph.ts';

/** How far an action is. */
export interface ActionProgress {
  readonly action: GraphAction;
  readonly synapse: SynapseProgress;
  executed: boolean;
  confirmed: boolean;
  failed: boolean;
  timer: Timer | undefined;
  /** Nodes on which it counts as a running job, and whether it is a migration. */
  jobs: readonly string[];
}

/** How far a synapse is. */
export interface SynapseProgress {
  readonly synapse: Synapse;
  readonly actions: ActionProgress[];
  readonly confirmedInputs: Set<number>;
  executed: boolean;
  confirmed: boolean;
  failed: boolean;
}

/** A graph and how far it is. */
export interface GraphProgress {
  readonly graph: TransitionGraph;
  readonly synapses: readonly SynapseProgress[];
  readonly actions: ReadonlyMap<number, ActionProgress>;
  /** Synapses that wait for an action, by its id. */
  readonly waiting: ReadonlyMap<number, readonly SynapseProgress[]>;
  complete: boolean;
}

/** A graph of which nothing ran yet. */
export function beginGraph(graph: TransitionGraph, complete: boolean): GraphProgress {
  const actions = new Map<number, ActionProgress>();
  const waiting = new Map<number, SynapseProgress[]>();
  const synapses = graph.synapses.map((synapse) => {
    const progress: SynapseProgress = {
      synapse,
      actions: [],
      confirmedInputs: new Set(),
      executed: false,
      confirmed: false,
      failed: false,
    };
    for (const action of synapse.actions) {
      const step: ActionProgress = {
        action,
        synapse: progress,
        executed: false,
        confirmed: false,
        failed: false,
        timer: undefined,
        jobs: [],
      };
      progress.actions.push(step);
      actions.set(action.id, step);
    }
    for (const id of synapse.inputIds) {
      const list = waiting.get(id);
      if (list === undefined) waiting.set(id, [progress]);
      else list.push(progress);
    }
    return progress;
  });
  return { graph, synapses, actions, waiting, complete };
}

/** Every input of the synapse is confirmed. */
export function inputsConfirmed(progress: SynapseProgress): boolean {
  return progress.synapse.inputIds.every((id) => progress.confirmedInputs.has(id));
}
