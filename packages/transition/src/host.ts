import type { CoreHost } from '@sanode/runtime';
import type { Element } from '@sanode/xml';
import type { GraphAction, TransitionGraph } from './graph.ts';

/** What happens when the graph is done, from weakest to strongest; an abort may only strengthen it. */
export const completionActions = ['done', 'wait', 'restart', 'shutdown'] as const;
export type CompletionAction = (typeof completionActions)[number];

/** States of the controller's machine (controller.md 4). */
export type ControllerState =
  | 'S_ELECTION'
  | 'S_FINALIZE_JOIN'
  | 'S_HALT'
  | 'S_IDLE'
  | 'S_INTEGRATION'
  | 'S_NOT_DC'
  | 'S_PENDING'
  | 'S_POLICY_ENGINE'
  | 'S_RECOVERY'
  | 'S_RELEASE_DC'
  | 'S_STARTING'
  | 'S_STOPPING'
  | 'S_TERMINATE'
  | 'S_TRANSITION_ENGINE';

/** How a graph ended. */
export interface GraphOutcome {
  readonly graph: TransitionGraph;
  readonly completion: CompletionAction;
  /** `complete`: everything ran; `stopped`: some was skipped (abort, failures); `terminated`: it can't go on. */
  readonly ending: 'complete' | 'stopped' | 'terminated';
  /** Text of the abort that ended it, if one did. */
  readonly abortReason: string | undefined;
  /** Actions by what became of them: numbers of synapses. */
  readonly completed: number;
  readonly pending: number;
  readonly fired: number;
  readonly skipped: number;
  readonly incomplete: number;
}

/** An abort that was accepted (controller.md 8.4, last paragraph). */
export interface Abort {
  readonly priority: number;
  readonly completion: CompletionAction;
  readonly text: string;
  /** What caused it, where there is something to show. */
  readonly because: Element | undefined;
  /**
   * No graph was running: the scheduler must be asked anew (start the transition-delay timer, or I_PE_CALC).
   * Otherwise `graphDone` follows when what is in flight has ended.
   */
  readonly graphWasComplete: boolean;
}

/** What attrd must be told about a failure (controller.md 8.9). */
export interface FailureUpdate {
  /** Node whose attributes these are. */
  readonly node: string;
  readonly nodeUuid: string;
  readonly resource: string;
  readonly task: string;
  readonly intervalMs: number;
  /** `fail-count-RSC#TASK_INTERVAL` -> `value++` or `INFINITY`; undefined: leave the count alone (on-fail=ignore). */
  readonly failCount: { readonly name: string; readonly value: string } | undefined;
  /** `last-failure-RSC#TASK_INTERVAL` -> epoch seconds. */
  readonly lastFailure: { readonly name: string; readonly value: string };
}

/** Something that the engine wants done. */
export type ActionRequest =
  | {
      /** Send `lrm_invoke` (8.3) to `peer`'s lrmd (or call the executor interface when that is this node). */
      readonly type: 'rsc_op';
      readonly action: GraphAction;
      /** Cluster node that gets the message: router_node, else on_node. */
      readonly peer: string;
      readonly transitionKey: string;
      /** The data: the rsc_op with `transition-key` added. */
      readonly data: Element;
    }
  | {
      /** Send `crm_task=<task>` with root attribute `transition-key`, data = the crm_event, to `peer`'s crmd. */
      readonly type: 'crm_event';
      readonly action: GraphAction;
      readonly peer: string;
      readonly transitionKey: string;
      readonly data: Element;
    }
  | {
      /** Fence (8.7); the answer comes back by {@link TransitionEngine.fencingResult} with this key. */
      readonly type: 'fence';
      readonly action: GraphAction;
      readonly target: string;
      readonly targetUuid: string;
      /** reboot, off or on. */
      readonly fencingAction: string;
      /** Target rc 0. */
      readonly transitionKey: string;
      readonly timeoutMs: number;
      /** priority-fencing-delay, seconds. */
      readonly delaySeconds: number;
    }
  | {
      /** Forward the pseudo event `maintenance_nodes` to every other cluster node's crmd. */
      readonly type: 'broadcast';
      readonly action: GraphAction;
      readonly data: Element;
    };

/**
 * What the engine needs of its controller. Effects (functions that return nothing) must be queued by the host and
 * carried out after the engine's method has returned; they never call back into the engine before (Reactor.effect).
 */
export interface TransitionHost extends CoreHost {
  /** Name of the node that this controller runs on. */
  readonly localNode: string;
  /** The controller's state now. */
  state(): ControllerState;
  /** Number of members of the cluster, for the total limit under extreme load (8.5). */
  peerCount(): number;
  /** Carries out an action. Results come back through the CIB, `handleDirectAck`, or `fencingResult`. */
  runAction(request: ActionRequest): void;
  /** Name of a node by its uuid, from the peer cache. */
  nodeName(uuid: string): string | undefined;
  /**
   * An abort was accepted: forget the scheduler's awaited answer, cancel a delayed abort; when no graph was running
   * start the transition timer (transition-delay > 0) or raise I_PE_CALC.
   */
  aborted(abort: Abort): void;
  /** The graph is complete: raise what `completion` says (8.2). */
  graphDone(outcome: GraphOutcome): void;
  /** Write the two attributes through attrd. */
  updateFailure(update: FailureUpdate): void;
  /**
   * An action's result did not come: write this lrm_rsc_op below that node's history (section status, cib_modify,
   * options quorum_override | scope_local). `data` is a whole `<status>` fragment.
   */
  recordTimeout(action: GraphAction, data: Element): void;
}
