import { executionStatus } from './client/types.ts';
import { readableDuration } from './duration.ts';
import type { ExecutorHost } from './executor-host.ts';
import type { ActionResult, Operation, ResourceDefinition } from './operation.ts';
import { WatchPacer } from './watch-pacer.ts';

/** How long a killed action is waited for before this is logged (executor-fencer-attrd.md 2.5). */
const reapWarningMs = 5000;

/** A registered resource with its operations. */
export interface Resource {
  readonly definition: ResourceDefinition;
  /** In the order in which they became ready. */
  readonly queue: Operation[];
  /** Recurring operations in every state, and delayed ones. */
  readonly operations: Set<Operation>;
  active: { operation: Operation; token: number } | undefined;
  watched: boolean;
  /** Registered before under the same id; its last operation must end before one of this runs. */
  predecessor: Resource | undefined;
  successor: Resource | undefined;
  readonly pacer: WatchPacer;
}

interface Running {
  readonly resource: Resource;
  readonly operation: Operation;
  timedOut: boolean;
  end(): void;
}

/**
 * The life of operations: one at a time for each resource, start delays, timeouts, recurring ones, cancelling, and what
 * watches ask for (executor-fencer-attrd.md 1.1, ocf-agents.md 8.5).
 */
export class OperationEngine {
  readonly #host: ExecutorHost;
  readonly #tell: (operation: Operation, result: ActionResult) => void;
  readonly #running = new Map<number, Running>();
  #nextToken = 1;

  /** @param tell is given every result, to be told to clients as their call options want */
  constructor(host: ExecutorHost, tell: (operation: Operation, result: ActionResult) => void) {
    this.#host = host;
    this.#tell = tell;
  }

  accept(resource: Resource, operation: Operation): void {
    resource.operations.add(operation);
    if (operation.startDelayMs === 0) {
      this.#enqueue(resource, operation);
      return;
    }
    operation.state = 'delayed';
    operation.timer = this.#host.setTimer(operation.startDelayMs, () => this.#enqueue(resource, operation));
  }

  /** The old operation takes over what the new one brought, forgets what it told last, and runs at once. */
  merge(resource: Resource, old: Operation, fresh: Operation): void {
    old.callId = fresh.callId;
    old.clientId = fresh.clientId;
    old.userData = fresh.userData;
    old.options = fresh.options;
    old.timeoutMs = fresh.timeoutMs;
    old.parameters = fresh.parameters;
    old.lastTold = undefined;
    if (old.state === 'waiting' || old.state === 'delayed') this.#enqueue(resource, old);
  }

  #enqueue(resource: Resource, operation: Operation): void {
    operation.timer?.cancel();
    operation.timer = undefined;
    operation.state = 'queued';
    operation.queuedAtMs = this.#host.monotonicMs();
    resource.queue.push(operation);
    this.#startNext(resource);
  }

  #startNext(resource: Resource): void {
    if (resource.active !== undefined || resource.predecessor?.active !== undefined) return;
    resource.predecessor = undefined;
    const operation = resource.queue.shift();
    if (operation === undefined) return;
    const token = this.#nextToken;
    this.#nextToken += 1;
    operation.state = 'running';
    operation.startedAtMs = this.#host.monotonicMs();
    operation.runEpoch = Math.floor(this.#host.wallMs() / 1000);
    resource.active = { operation, token };
    // The watch is armed before the state is looked at: what happens in between is seen.
    this.#updateWatch(resource);
    const timers = { timeout: undefined as { cancel(): void } | undefined };
    const entry = { resource, operation, timedOut: false, end: () => timers.timeout?.cancel() };
    this.#running.set(token, entry);
    if (operation.timeoutMs > 0) {
      timers.timeout = this.#host.setTimer(operation.timeoutMs, () => {
        entry.timedOut = true;
        this.#host.kill(token);
        timers.timeout = this.#host.setTimer(reapWarningMs, () => this.#warnUnreaped(operation));
      });
    }
    this.#host.run(token, {
      resource: resource.definition,
      action: operation.action,
      intervalMs: operation.intervalMs,
      timeoutMs: operation.timeoutMs,
      parameters: operation.parameters,
    });
  }

  #warnUnreaped(operation: Operation): void {
    const { resourceId, action } = operation;
    this.#host.log.error({ resourceId, action }, `${action} of ${resourceId} was killed but has not ended within 5 s`);
  }

  /** An action has ended. Tokens that are not running any more are ignored: each result counts once. */
  actionEnded(token: number, ended: ActionResult): void {
    const entry = this.#running.get(token);
    if (entry === undefined) return;
    this.#running.delete(token);
    entry.end();
    const { resource, operation } = entry;
    resource.active = undefined;
    operation.lastTimes = {
      execMs: this.#host.monotonicMs() - operation.startedAtMs,
      queueMs: operation.startedAtMs - operation.queuedAtMs,
    };
    const result = entry.timedOut ? timeoutResult(operation, ended) : ended;
    if (operation.cancelled && operation.intervalMs > 0) this.#finish(resource, operation, cancelledResult(result));
    else this.#finish(resource, operation, result);
    this.#startNext(resource);
    if (resource.successor !== undefined) this.#startNext(resource.successor);
  }

  #finish(resource: Resource, operation: Operation, result: ActionResult): void {
    if (operation.lastCode !== result.code || operation.changeEpoch === 0) {
      // The history has whole seconds only, and the scheduler takes the later of two results of one call: a watched
      // failure in the second of the good result before it would tie with that, and be overlooked.
      const epoch = operation.runEpoch || Math.floor(this.#host.wallMs() / 1000);
      operation.changeEpoch = operation.changeEpoch === 0 ? epoch : Math.max(epoch, operation.changeEpoch + 1);
    }
    this.#logResult(operation, result);
    operation.lastCode = result.code;
    this.#tell(operation, result);
    if (operation.intervalMs > 0 && !operation.cancelled && !operation.resourceDeleted)
      this.#repeat(resource, operation);
    else {
      resource.operations.delete(operation);
      this.#updateWatch(resource);
    }
  }

  /** Recurring operations are told of when their result changes only: the log is for people. */
  #logResult(operation: Operation, result: ActionResult): void {
    if (operation.intervalMs > 0 && operation.lastCode === result.code && result.status === 0) return;
    const { resourceId, action, callId, intervalMs } = operation;
    const reason = result.exitReason === '' ? '' : `: ${result.exitReason}`;
    const every = intervalMs === 0 ? '' : ` every ${readableDuration(intervalMs)}`;
    this.#host.log.info(
      { resource: resourceId, action, callId, rc: result.code, status: result.status, cause: this.#host.cause() },
      `${resourceId} ${action}${every} (call ${callId}) ended with ${result.code} after ${Math.round(operation.lastTimes.execMs)} ms${reason}`,
    );
  }

  #repeat(resource: Resource, operation: Operation): void {
    if (operation.runAgain) {
      operation.runAgain = false;
      this.#enqueueLater(resource, operation);
      return;
    }
    operation.state = 'waiting';
    operation.timer = this.#host.setTimer(operation.intervalMs, () => this.#enqueue(resource, operation));
  }

  #enqueueLater(resource: Resource, operation: Operation): void {
    operation.state = 'waiting';
    operation.timer = this.#host.setTimer(0, () => this.#enqueue(resource, operation));
  }

  /** Pending: ended at once with status 1. Running: the current run goes on, its end is told as cancelled. */
  cancel(resource: Resource, operation: Operation): void {
    operation.cancelled = true;
    if (operation.state === 'running') {
      this.#updateWatch(resource);
      return;
    }
    operation.timer?.cancel();
    operation.timer = undefined;
    const at = resource.queue.indexOf(operation);
    if (at >= 0) resource.queue.splice(at, 1);
    const code = operation.lastCode ?? 193;
    this.#finish(resource, operation, cancelledResult({ code, status: 0, exitReason: '', stdout: '', stderr: '' }));
  }

  /** Drops a resource's operations; a running one goes on, and its result is marked. */
  forget(resource: Resource): void {
    if (resource.active !== undefined) {
      resource.active.operation.resourceDeleted = true;
      resource.active.operation.cancelled = resource.active.operation.intervalMs > 0;
    }
    for (const operation of [...resource.operations])
      if (operation.state !== 'running') this.cancel(resource, operation);
    this.#updateWatch(resource);
  }

  /** A resource is watched as long as it has a recurring monitor. */
  #updateWatch(resource: Resource): void {
    const monitor = shortestMonitor(resource);
    if (monitor !== undefined && !resource.watched && resource.active?.operation === monitor) {
      resource.watched = true;
      this.#host.watch(resource.definition, monitor.parameters);
    } else if (monitor === undefined && resource.watched) {
      resource.watched = false;
      resource.pacer.reset();
      this.#host.unwatch(resource.definition.id);
    }
  }

  /** The watch is blind: poll at once, and arm it anew with that run. */
  watchLost(resource: Resource): void {
    if (!resource.watched) return;
    resource.watched = false;
    this.#host.unwatch(resource.definition.id);
    this.watchEvent(resource);
  }

  /**
   * A watch saw that something may be wrong: the shortest recurring monitor runs now, as if its time had come
   * (ocf-agents.md 8.5). Ignored while anything but a monitor runs; at most once a second, less if it goes on.
   */
  watchEvent(resource: Resource): void {
    const monitor = shortestMonitor(resource);
    if (monitor === undefined) return;
    if (resource.active !== undefined && resource.active.operation.intervalMs === 0) return;
    if (monitor.state === 'running') {
      monitor.runAgain = true;
      return;
    }
    if (monitor.state !== 'waiting') return;
    const waitMs = resource.pacer.waitMs(this.#host.monotonicMs(), monitor.intervalMs);
    if (waitMs === undefined) return;
    if (waitMs === 0) this.#enqueue(resource, monitor);
    else {
      monitor.timer?.cancel();
      monitor.timer = this.#host.setTimer(waitMs, () => this.#enqueue(resource, monitor));
    }
  }
}

export function newResource(definition: ResourceDefinition): Resource {
  return {
    definition,
    queue: [],
    operations: new Set(),
    active: undefined,
    watched: false,
    predecessor: undefined,
    successor: undefined,
    pacer: new WatchPacer(),
  };
}

export function findRecurring(resource: Resource, action: string, intervalMs: number): Operation | undefined {
  for (const operation of resource.operations) {
    if (operation.action === action && operation.intervalMs === intervalMs && !operation.cancelled) return operation;
  }
  return undefined;
}

function shortestMonitor(resource: Resource): Operation | undefined {
  let best: Operation | undefined;
  for (const operation of resource.operations) {
    if (operation.action !== 'monitor' || operation.intervalMs === 0 || operation.cancelled) continue;
    if (best === undefined || operation.intervalMs < best.intervalMs) best = operation;
  }
  return best;
}

function cancelledResult(result: ActionResult): ActionResult {
  return { ...result, status: executionStatus.cancelled };
}

function timeoutResult(operation: Operation, ended: ActionResult): ActionResult {
  return {
    ...ended,
    code: 1,
    status: executionStatus.timeout,
    exitReason: `Resource agent did not complete within ${readableDuration(operation.timeoutMs)}`,
  };
}
