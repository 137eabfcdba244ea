import { infinity } from '@sanode/rules';
import { attr, type Element } from '@sanode/xml';
import { type DiffEvent, type HistoryEvent, historyBelow, readDiff } from './diff.ts';
import { blankGraph, type GraphAction, type TransitionGraph } from './graph.ts';
import { type CompletionAction, completionActions, type TransitionHost } from './host.ts';
import { JobCounts } from './job-counts.ts';
import { decodeTransitionKey, encodeTransitionKey, type TransitionKey } from './keys.ts';
import {
  type ActionProgress,
  beginGraph,
  type GraphProgress,
  inputsConfirmed,
  type SynapseProgress,
} from './progress.ts';
import { failureUpdate, isRecordable, requestFor, timeoutHistory } from './requests.ts';
import { judgeResult, opStatus } from './results.ts';
import type { ThrottleTable } from './throttle.ts';

const noAbortStates = new Set(['S_STARTING', 'S_PENDING', 'S_NOT_DC', 'S_HALT', 'S_STOPPING', 'S_TERMINATE']);
const settledStates = new Set(['S_IDLE', 'S_TRANSITION_ENGINE', 'S_POLICY_ENGINE']);

/** How a fencing ended, for {@link TransitionEngine.fencingResult}. */
export interface FencingOutcome {
  readonly succeeded: boolean;
  /** On failure: do not try again by itself (no device: status 10, or stonith-max-attempts reached). */
  readonly giveUp: boolean;
}

/**
 * Walks a transition graph (controller.md 8.2 to 8.6). It knows the CIB's changes by `handleDiff`, and acts through
 * its host only. Every public method runs to its end, the pass over the graph included; effects are queued by the
 * host. One engine lives as long as its controller's process; a new graph replaces the one before.
 */
export class TransitionEngine {
  /** `te_uuid`: random, in every transition key of this process. */
  readonly uuid: string;
  readonly #host: TransitionHost;
  readonly #throttle: ThrottleTable;
  #progress: GraphProgress = beginGraph(blankGraph, true);
  #abortPriority = 0;
  #completion: CompletionAction = 'restart';
  #abortReason: string | undefined;
  #passWanted = false;
  /** A handler or a pass runs: the next pass waits for its end. */
  #holding = false;
  readonly #jobs = new JobCounts();

  /** @param settings.uuid for tests; default made of the host's random numbers */
  constructor(deps: { host: TransitionHost; throttle: ThrottleTable }, settings: { uuid?: string } = {}) {
    this.#host = deps.host;
    this.#throttle = deps.throttle;
    this.uuid = settings.uuid ?? randomUuid(deps.host);
  }

  /** The graph that runs, or ran last. */
  get graph(): TransitionGraph {
    return this.#progress.graph;
  }

  /** Nothing is in flight and nothing will be started. */
  get complete(): boolean {
    return this.#progress.complete;
  }

  /** TE_START: installs the blank, complete graph. Timers of an older graph are stopped. */
  reset(): void {
    this.#stopTimers();
    this.#progress = beginGraph(blankGraph, true);
    this.#abortPriority = 0;
    this.#completion = 'restart';
    this.#abortReason = undefined;
    this.#jobs.clear();
  }

  /**
   * TE_INVOKE: starts a new graph. While one still runs that one is aborted ("Transition Active") and the new one is
   * dropped. @returns whether the new one was started
   */
  start(graph: TransitionGraph): boolean {
    if (!this.#progress.complete) {
      this.abort(infinity, 'restart', 'Transition Active');
      return false;
    }
    this.#progress = beginGraph(graph, false);
    this.#abortPriority = 0;
    this.#completion = 'done';
    this.#abortReason = undefined;
    this.#jobs.clear();
    this.#host.log.info(
      { transition: graph.id, synapses: graph.synapses.length, source: graph.source },
      `transition ${graph.id} begins: ${graph.synapses.length} steps`,
    );
    this.#trigger();
    return true;
  }

  /**
   * Stops what is of lower priority than `priority` and notes what comes after the graph. Ignored in the states that
   * have no transitions. With no graph running the host is told to ask the scheduler anew.
   * @returns whether it was accepted
   */
  abort(priority: number, completion: CompletionAction, text: string, because?: Element): boolean {
    if (noAbortStates.has(this.#host.state())) return false;
    const wasComplete = this.#progress.complete;
    if (!wasComplete) {
      if (priority > this.#abortPriority) {
        this.#abortPriority = priority;
        this.#abortReason = text;
      } else this.#abortReason ??= text;
      if (rank(completion) > rank(this.#completion)) this.#completion = completion;
    }
    this.#host.log.info(
      { transition: this.#progress.graph.id, priority, completion, complete: wasComplete },
      `transition ${this.#progress.graph.id} aborted: ${text}`,
    );
    this.#host.aborted({ priority, completion, text, because, graphWasComplete: wasComplete });
    if (!wasComplete) this.#trigger();
    return true;
  }

  /** A `<notify>` of cib_diff_notify: confirms what it reports and aborts on what was not expected (8.4). */
  handleDiff(notify: Element): void {
    if (this.#progress.complete && !settledStates.has(this.#host.state())) return;
    this.#together(() => {
      for (const event of readDiff(notify)) this.#handleEvent(event);
    });
  }

  /** Data of an `lrm_invoke` addressed to `tengine`: each operation in it is a result (9.4). */
  handleDirectAck(data: Element): void {
    this.#together(() => {
      for (const event of historyBelow(data, undefined)) this.#handleHistory(event);
    });
  }

  /** The fencer answered. Ignored unless the key is of the running graph. */
  fencingResult(transitionKey: string, outcome: FencingOutcome): void {
    const key = decodeTransitionKey(transitionKey);
    if (key === undefined || !this.#isCurrent(key)) return;
    const step = this.#progress.actions.get(key.actionId);
    if (step === undefined || step.action.task !== 'stonith' || step.confirmed) return;
    if (!outcome.succeeded) {
      step.failed = true;
      this.abort(infinity, outcome.giveUp ? 'wait' : 'restart', 'Stonith failed', step.action.element);
    }
    this.#confirm(step);
  }

  /** The connection to the fencer is lost: fencings in flight count as failed. */
  failFencing(reason: string): void {
    for (const step of this.#progress.actions.values()) {
      if (!step.executed || step.confirmed || step.action.task !== 'stonith') continue;
      step.failed = true;
      this.abort(infinity, 'restart', reason, step.action.element);
      this.#confirm(step);
    }
  }

  /** An executed action that makes this node leave (8.6): a fencing or do_shutdown. */
  downingAction(nodeUuid: string): GraphAction | undefined {
    for (const { action, executed } of this.#progress.actions.values()) {
      if (executed && action.downedNodeUuids.includes(nodeUuid)) return action;
    }
    return undefined;
  }

  /** The node of a downing action is gone: confirms it. */
  confirmDowned(action: GraphAction): void {
    const step = this.#progress.actions.get(action.id);
    if (step?.action === action) this.#confirm(step);
  }

  /** A node is lost: what was asked of it will not be answered (8.6). */
  failIncompletable(nodeUuid: string): void {
    if (this.#progress.complete) return;
    this.#together(() => this.#failActionsOf(nodeUuid));
  }

  #failActionsOf(nodeUuid: string): void {
    const name = this.#host.nodeName(nodeUuid)?.toLowerCase();
    let last: GraphAction | undefined;
    for (const synapse of this.#progress.synapses) {
      if (synapse.confirmed || synapse.failed) continue;
      for (const step of synapse.actions) {
        const { action } = step;
        if (step.confirmed || action.kind === 'pseudo_event') continue;
        if (action.kind === 'crm_event' && action.task === 'stonith') continue;
        const routed = action.routerNode !== undefined && action.routerNode.toLowerCase() === name;
        if (action.nodeUuid !== nodeUuid && !routed) continue;
        step.failed = true;
        synapse.failed = true;
        last = action;
        this.#confirm(step);
      }
    }
    if (last !== undefined) this.abort(infinity, 'restart', 'Node failure', last.element);
  }

  /** The throttle table changed: what was held back may run now. */
  throttleChanged(): void {
    this.#trigger();
  }

  #handleEvent(event: DiffEvent): void {
    switch (event.type) {
      case 'abort':
        this.abort(infinity, 'restart', event.text, event.change);
        break;
      case 'transient':
        if (!event.deleted || !this.#isDowned(event.nodeUuid)) {
          this.abort(infinity, 'restart', 'Transient attribute change', event.change);
        }
        break;
      case 'operation-removed':
        if (!this.#confirmCancel(event.operationId, event.nodeUuid)) {
          this.abort(infinity, 'restart', 'Resource operation removal', event.change);
        }
        break;
      case 'state-removed':
        if (!this.#isDowned(event.nodeUuid)) this.abort(infinity, 'restart', event.text, event.change);
        break;
      case 'history':
        if (event.resourceCount > 1 && this.#pendingCount() === 0) {
          this.abort(infinity, 'restart', 'History refresh', event.change);
        } else for (const operation of event.operations) this.#handleHistory(operation);
        break;
    }
  }

  #isDowned(nodeUuid: string | undefined): boolean {
    return nodeUuid !== undefined && this.downingAction(nodeUuid) !== undefined;
  }

  #handleHistory({ operation, nodeUuid }: HistoryEvent): void {
    const { graph, complete } = this.#progress;
    const verdict = judgeResult(operation, { engineUuid: this.uuid, transitionId: graph.id, complete });
    let ignoreFailure = false;
    switch (verdict.type) {
      case 'nothing':
        return;
      case 'cancelled':
        this.#confirmCancel(verdict.operationKey, nodeUuid);
        return;
      case 'current': {
        const known = this.#matchEvent(verdict.key, operation, verdict.rc);
        if (known === 'duplicate') return;
        ignoreFailure = known?.ignoreFailure ?? false;
        break;
      }
      case 'unexpected':
        this.abort(infinity, 'restart', verdict.text, operation);
        break;
    }
    const statusInvalid = 9;
    if (verdict.key === undefined || opStatus(operation) === statusInvalid) return;
    this.#countFailure(operation, nodeUuid, { rc: verdict.rc, key: verdict.key, ignoreFailure });
  }

  /** Result of an action of the running graph. */
  #matchEvent(key: TransitionKey, operation: Element, rc: number): GraphAction | 'duplicate' | undefined {
    const step = this.#progress.actions.get(key.actionId);
    if (step === undefined) {
      this.abort(infinity, 'restart', 'Unknown event', operation);
      return undefined;
    }
    if (step.confirmed) return 'duplicate';
    if (rc !== key.targetRc && !step.action.ignoreFailure) step.failed = true;
    this.#confirm(step);
    if (step.failed) this.abort(step.synapse.synapse.priority + 1, 'restart', 'Event failed', operation);
    return step.action;
  }

  #countFailure(
    operation: Element,
    nodeUuid: string,
    result: { rc: number; key: TransitionKey; ignoreFailure: boolean },
  ): void {
    const update = failureUpdate(operation, {
      graph: this.#progress.graph,
      node: this.#host.nodeName(nodeUuid) ?? attr(operation, 'on_node') ?? nodeUuid,
      nodeUuid,
      rc: result.rc,
      targetRc: result.key.targetRc,
      force: result.key.transitionId === -1,
      ignoreFailure: result.ignoreFailure,
      nowMs: this.#host.wallMs(),
    });
    if (update !== undefined) this.#host.updateFailure(update);
  }

  #isCurrent(key: TransitionKey): boolean {
    return key.engineUuid === this.uuid && key.transitionId === this.#progress.graph.id && !this.#progress.complete;
  }

  #confirmCancel(operationKey: string, nodeUuid: string): boolean {
    for (const step of this.#progress.actions.values()) {
      const { action } = step;
      if (action.task !== 'cancel' || action.nodeUuid !== nodeUuid || action.operationKey !== operationKey) continue;
      if (!step.confirmed) this.#confirm(step);
      return true;
    }
    return false;
  }

  /** Marks an action as done wherever the graph waits for it (8.2). */
  #confirm(step: ActionProgress): void {
    step.timer?.cancel();
    step.timer = undefined;
    this.#jobs.end(step);
    step.confirmed = true;
    if (step.synapse.executed && step.synapse.actions.every((each) => each.confirmed)) step.synapse.confirmed = true;
    for (const waiting of this.#progress.waiting.get(step.action.id) ?? []) {
      if (waiting.executed || waiting.confirmed) continue;
      if (!step.failed || waiting.synapse.priority >= infinity) waiting.confirmedInputs.add(step.action.id);
    }
    this.#trigger();
  }

  #pendingCount(): number {
    return this.#progress.synapses.filter((each) => each.executed && !each.confirmed && !each.failed).length;
  }

  /** Handles all that came together before the graph goes on: an abort among it holds back what it should. */
  #together(handle: () => void): void {
    const outer = this.#holding;
    this.#holding = true;
    try {
      handle();
    } finally {
      this.#holding = outer;
    }
    if (this.#passWanted) this.#trigger();
  }

  /** Runs passes until one starts nothing that is confirmed at once. */
  #trigger(): void {
    this.#passWanted = true;
    if (this.#holding) return;
    this.#holding = true;
    try {
      while (this.#passWanted && !this.#progress.complete) {
        this.#passWanted = false;
        this.#pass();
      }
    } finally {
      this.#holding = false;
      this.#passWanted = false;
    }
  }

  /** One pass over the graph (8.2, steps 1 to 5). */
  #pass(): void {
    const { graph, synapses } = this.#progress;
    const completed = synapses.filter((each) => each.confirmed).length;
    const limit = this.#throttle.totalLimit(graph.batchLimit, this.#host.peerCount());
    const counts = { completed, pending: this.#pendingCount(), fired: 0, skipped: 0, incomplete: 0 };
    for (const synapse of synapses) {
      if (limit > 0 && counts.pending >= limit) break;
      if (synapse.failed) counts.skipped += 1;
      else if (!synapse.confirmed && !synapse.executed) this.#tryFire(synapse, counts);
    }
    if (counts.pending > 0 || counts.fired > 0) return;
    this.#finish(counts);
  }

  #tryFire(
    synapse: SynapseProgress,
    counts: { pending: number; fired: number; skipped: number; incomplete: number },
  ): void {
    const verdict = this.#mayFire(synapse);
    if (verdict !== 'fire') {
      if (verdict === 'skip') counts.skipped += 1;
      counts.incomplete += 1;
      return;
    }
    counts.fired += 1;
    synapse.executed = true;
    for (const step of synapse.actions) this.#run(step);
    if (synapse.actions.length === 0) synapse.confirmed = true;
    if (!synapse.confirmed && !synapse.failed) counts.pending += 1;
    if (counts.pending === 0) this.#passWanted = true;
  }

  #mayFire(synapse: SynapseProgress): 'fire' | 'wait' | 'skip' {
    if (!inputsConfirmed(synapse)) return 'wait';
    for (const { action } of synapse.actions) {
      if (action.kind === 'pseudo_event') continue;
      if (synapse.synapse.priority < this.#abortPriority) return 'skip';
      if (action.kind !== 'rsc_op') continue;
      const { migrationLimit } = this.#progress.graph;
      const limits = { node: (name: string) => this.#throttle.nodeLimit(name), migrations: migrationLimit };
      if (!this.#jobs.hasRoom(action, limits)) return 'wait';
    }
    return 'fire';
  }

  #run(step: ActionProgress): void {
    const { action } = step;
    step.executed = true;
    if (action.kind === 'pseudo_event') {
      if (action.task === 'maintenance_nodes') {
        this.#host.runAction({ type: 'broadcast', action, data: action.element });
      }
      this.#confirm(step);
      return;
    }
    const request = requestFor(action, this.#progress.graph, this.uuid);
    if (typeof request === 'string') {
      this.#host.log.error({ transition: this.#progress.graph.id, action: action.id }, `can't start: ${request}`);
      step.confirmed = true;
      step.failed = true;
      step.synapse.confirmed = true;
      this.#abortPriority = infinity;
      this.#abortReason ??= request;
      return;
    }
    if (this.#isLocalShutdown(action)) {
      this.#completion = 'shutdown';
      this.#abortReason = 'local shutdown';
      this.#confirm(step);
      return;
    }
    this.#host.runAction(request);
    if (request.type === 'fence') return;
    if (action.noWait) this.#confirm(step);
    else this.#await(step);
  }

  #isLocalShutdown(action: GraphAction): boolean {
    if (action.kind !== 'crm_event' || action.task !== 'do_shutdown') return false;
    return (action.routerNode ?? action.node)?.toLowerCase() === this.#host.localNode.toLowerCase();
  }

  #await(step: ActionProgress): void {
    this.#jobs.begin(step);
    const networkDelayMs = this.#progress.graph.networkDelayMs;
    const timeoutMs = step.action.timeoutMs > 0 ? step.action.timeoutMs : networkDelayMs;
    step.timer = this.#host.setTimer(timeoutMs + networkDelayMs, () => this.#timedOut(step));
  }

  #timedOut(step: ActionProgress): void {
    step.timer = undefined;
    if (this.#progress.complete || this.#progress.actions.get(step.action.id) !== step || step.confirmed) return;
    const { action } = step;
    const peer = action.routerNode ?? action.node;
    this.#host.log.error(
      { transition: this.#progress.graph.id, action: action.id, node: peer },
      `node ${peer} did not send the result of ${action.operationKey ?? action.task} in time`,
    );
    step.failed = true;
    this.#together(() => {
      this.#confirm(step);
      this.abort(infinity, 'restart', 'Action lost', action.element);
    });
    if (!isRecordable(action)) return;
    const key = encodeTransitionKey({
      actionId: action.id,
      transitionId: this.#progress.graph.id,
      targetRc: action.targetRc,
      engineUuid: this.uuid,
    });
    const data = timeoutHistory(action, key, this.#host.localNode);
    if (data !== undefined) this.#host.recordTimeout(action, data);
  }

  #finish(counts: { completed: number; pending: number; fired: number; skipped: number; incomplete: number }): void {
    const { graph } = this.#progress;
    const terminated = counts.incomplete !== 0 && this.#abortPriority <= 0;
    const ending = terminated ? 'terminated' : counts.skipped !== 0 ? 'stopped' : 'complete';
    this.#progress.complete = true;
    this.#stopTimers();
    const outcome = { graph, completion: this.#completion, ending, abortReason: this.#abortReason, ...counts } as const;
    this.#completion = 'done';
    this.#abortReason = undefined;
    const level = terminated ? 'warn' : 'info';
    this.#host.log[level]({ transition: graph.id, ...counts, ending }, `transition ${graph.id} ended: ${ending}`);
    this.#host.graphDone(outcome);
  }

  #stopTimers(): void {
    for (const step of this.#progress.actions.values()) step.timer?.cancel();
  }
}

function rank(completion: CompletionAction): number {
  return completionActions.indexOf(completion);
}

function randomUuid(host: TransitionHost): string {
  const hex = Array.from({ length: 4 }, () => host.randomUint32().toString(16).padStart(8, '0')).join('');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
