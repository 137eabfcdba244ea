import type { CoreHost } from '@sanode/runtime';
import { attr, type Element, element } from '@sanode/xml';
import { executionStatus, lrmdCallOption } from './client/types.ts';
import { causeAttribute, completionNotify, numberOf, readParameters, resourceData } from './messages.ts';
import type { ActionRequest, ActionResult, Operation, ResourceDefinition } from './operation.ts';
import { WatchPacer } from './watch-pacer.ts';

/** What the executor's core asks of its surroundings. */
export interface ExecutorHost extends CoreHost {
  /** Name of the event that is being handled. */
  cause(): string;
  /** Starts an action; its end is told by {@link Executor.actionEnded} with the same token. */
  run(token: number, request: ActionRequest): void;
  /** Kills a running action and everything it started; its end follows. */
  kill(token: number): void;
  notify(clientId: string, message: Element): void;
  /** Watches a running resource; events come by {@link Executor.watchEvent}. Arming anew replaces. */
  watch(resource: ResourceDefinition, parameters: ReadonlyMap<string, string>): void;
  unwatch(resourceId: string): void;
}

const errno = {
  noDevice: -19,
  invalid: -22,
  notSupported: -95,
  inProgress: -115,
  access: -13,
  protocol: -71,
  tooBig: -7,
} as const;
const protocolVersion = '1.1';
/** Limits: a client that registers without end must not fill the memory. */
const maxResources = 20_000;
const maxOperationsPerResource = 200;
/** How long a killed action is waited for before this is logged (executor-fencer-attrd.md 2.5). */
const reapWarningMs = 5000;
const maxTimerMs = 2 ** 31 - 1;

interface Resource {
  readonly definition: ResourceDefinition;
  /** In the order in which they became ready. */
  readonly queue: Operation[];
  /** Recurring operations in every state, and delayed ones. */
  readonly operations: Set<Operation>;
  active: { operation: Operation; token: number } | undefined;
  watched: boolean;
  readonly pacer: WatchPacer;
}

/** Clients, as the executor sees them. */
interface Client {
  readonly isPrivileged: boolean;
  name: string | undefined;
}

/**
 * The executor's brain (executor-fencer-attrd.md 1): resources, one operation at a time for each, recurring ones,
 * merging, cancelling, timeouts, notifications. No I/O.
 */
export class Executor {
  readonly #host: ExecutorHost;
  readonly #resources = new Map<string, Resource>();
  readonly #clients = new Map<string, Client>();
  readonly #running = new Map<
    number,
    { resource: Resource; operation: Operation; timedOut: boolean; end: () => void }
  >();
  #nextCallId = 1;
  #nextToken = 1;

  constructor(host: ExecutorHost) {
    this.#host = host;
  }

  clientConnected(id: string, isPrivileged: boolean): void {
    this.#clients.set(id, { isPrivileged, name: undefined });
  }

  /** A client went away. Its operations go on: a restarted controller finds them (executor-fencer-attrd.md 1). */
  clientGone(id: string): void {
    this.#clients.delete(id);
  }

  /** Resources known, for the log. */
  get resourceCount(): number {
    return this.#resources.size;
  }

  /** Carries out one `<lrmd_command>`. @returns the `<lrmd_reply>` */
  request(clientId: string, command: Element): Element {
    const client = this.#clients.get(clientId);
    const operation = attr(command, 'lrmd_op') ?? '';
    const callId = this.#nextCallId;
    this.#nextCallId = callId >= 0x7fffffff ? 1 : callId + 1;
    if (operation === 'register') return this.#register(clientId, client, command, callId);
    if (client?.isPrivileged !== true && operation !== 'lrmd_rsc_poke') return this.#reply(errno.access, callId);
    switch (operation) {
      case 'lrmd_rsc_register':
        return this.#registerResource(command, callId);
      case 'lrmd_rsc_info':
        return this.#resourceInfo(command, callId);
      case 'lrmd_rsc_unregister':
        return this.#unregister(command, callId);
      case 'lrmd_rsc_exec':
        return this.#execute(clientId, command, callId);
      case 'lrmd_rsc_cancel':
        return this.#cancelCommand(command, callId);
      case 'lrmd_get_recurring':
        return this.#listRecurring(command, callId);
      case 'lrmd_rsc_poke':
        this.#generic('lrmd_rsc_poke', 0, callId, '');
        return this.#reply(0, callId);
      default:
        return this.#reply(errno.notSupported, callId);
    }
  }

  #reply(rc: number, callId: number, more: Record<string, string | undefined> = {}, children: Element[] = []): Element {
    return element(
      'lrmd_reply',
      { lrmd_origin: 'sanode-lrmd', lrmd_rc: rc, lrmd_callid: callId, ...more, [causeAttribute]: this.#host.cause() },
      children,
    );
  }

  #register(id: string, client: Client | undefined, command: Element, callId: number): Element {
    const version = attr(command, 'lrmd_protocol_version') ?? '';
    const [major = 0] = version.split('.').map(Number);
    if (!(major >= 1)) return this.#reply(errno.protocol, callId, { lrmd_protocol_version: protocolVersion });
    if (attr(command, 'lrmd_is_ipc_provider') !== undefined) return this.#reply(errno.access, callId);
    if (client !== undefined) client.name = attr(command, 'lrmd_clientname') ?? '';
    return this.#reply(0, callId, { lrmd_op: 'register', lrmd_clientid: id, lrmd_protocol_version: protocolVersion });
  }

  /** Tells every client of something that is no operation's result. */
  #generic(operation: string, rc: number, callId: number, resourceId: string): void {
    const message = element('lrmd_notify', {
      lrmd_origin: 'sanode-lrmd',
      lrmd_callid: callId,
      lrmd_rc: rc,
      lrmd_op: operation,
      lrmd_rsc_id: resourceId === '' ? undefined : resourceId,
      [causeAttribute]: this.#host.cause(),
    });
    for (const [id, client] of this.#clients) if (client.name !== undefined) this.#host.notify(id, message);
  }

  #registerResource(command: Element, callId: number): Element {
    const data = resourceData(command);
    const id = data === undefined ? undefined : attr(data, 'lrmd_rsc_id');
    const standard = data === undefined ? undefined : attr(data, 'lrmd_class');
    const type = data === undefined ? undefined : attr(data, 'lrmd_type');
    if (data === undefined || !id || !standard || !type) return this.#reply(errno.invalid, callId);
    const definition: ResourceDefinition = { id, standard, provider: attr(data, 'lrmd_provider') ?? '', type };
    const known = this.#resources.get(id);
    const isSame =
      known !== undefined &&
      known.definition.standard === standard &&
      known.definition.provider === definition.provider &&
      known.definition.type === type;
    if (!isSame) {
      if (known === undefined && this.#resources.size >= maxResources) return this.#reply(errno.tooBig, callId);
      if (known !== undefined) this.#forget(known);
      this.#resources.set(id, newResource(definition));
    }
    this.#generic('lrmd_rsc_register', 0, callId, id);
    return this.#reply(0, callId);
  }

  #find(command: Element): Resource | undefined {
    const data = resourceData(command);
    return data === undefined ? undefined : this.#resources.get(attr(data, 'lrmd_rsc_id') ?? '');
  }

  #resourceInfo(command: Element, callId: number): Element {
    const resource = this.#find(command);
    if (resource === undefined) return this.#reply(errno.noDevice, callId);
    const { id, standard, provider, type } = resource.definition;
    return this.#reply(0, callId, {
      lrmd_rsc_id: id,
      lrmd_class: standard,
      lrmd_provider: provider === '' ? undefined : provider,
      lrmd_type: type,
    });
  }

  #unregister(command: Element, callId: number): Element {
    const resource = this.#find(command);
    const id = resource?.definition.id ?? attr(resourceData(command) ?? command, 'lrmd_rsc_id') ?? '';
    if (resource === undefined) return this.#reply(errno.noDevice, callId);
    const rc = resource.active === undefined ? 0 : errno.inProgress;
    this.#forget(resource);
    this.#generic('lrmd_rsc_unregister', rc, callId, id);
    return this.#reply(rc, callId);
  }

  #forget(resource: Resource): void {
    if (resource.active !== undefined) {
      resource.active.operation.resourceDeleted = true;
      resource.active.operation.cancelled = resource.active.operation.intervalMs > 0;
    }
    for (const operation of [...resource.operations])
      if (operation.state !== 'running') this.#cancel(resource, operation);
    this.#updateWatch(resource);
    this.#resources.delete(resource.definition.id);
  }

  #execute(clientId: string, command: Element, callId: number): Element {
    const resource = this.#find(command);
    const data = resourceData(command);
    if (resource === undefined || data === undefined) return this.#reply(errno.noDevice, callId);
    if (resource.operations.size >= maxOperationsPerResource) return this.#reply(errno.tooBig, callId);
    const operation = this.#newOperation(clientId, command, data, callId);
    if (operation.action === '') return this.#reply(errno.invalid, callId);
    const twin = operation.intervalMs > 0 ? findRecurring(resource, operation.action, operation.intervalMs) : undefined;
    if (twin !== undefined) this.#merge(resource, twin, operation);
    else this.#accept(resource, operation);
    return this.#reply(callId, callId);
  }

  #newOperation(clientId: string, command: Element, data: Element, callId: number): Operation {
    return {
      callId,
      clientId,
      resourceId: attr(data, 'lrmd_rsc_id') ?? '',
      action: attr(data, 'lrmd_rsc_action') ?? '',
      intervalMs: Math.min(numberOf(data, 'lrmd_rsc_interval'), maxTimerMs),
      timeoutMs: Math.min(numberOf(data, 'lrmd_timeout') || numberOf(data, 'lrmd_rsc_interval'), maxTimerMs),
      startDelayMs: Math.min(numberOf(data, 'lrmd_rsc_start_delay'), maxTimerMs),
      userData: attr(data, 'lrmd_rsc_userdata_str') ?? '',
      options: numberOf(command, 'lrmd_callopt'),
      parameters: readParameters(data),
      queuedAtMs: this.#host.monotonicMs(),
      runEpoch: 0,
      changeEpoch: 0,
      startedAtMs: 0,
      lastTimes: { execMs: 0, queueMs: 0 },
      timer: undefined,
      state: 'queued',
      cancelled: false,
      resourceDeleted: false,
      lastTold: undefined,
      lastCode: undefined,
      runAgain: false,
    };
  }

  #accept(resource: Resource, operation: Operation): void {
    resource.operations.add(operation);
    if (operation.startDelayMs === 0) {
      this.#enqueue(resource, operation);
      return;
    }
    operation.state = 'delayed';
    operation.timer = this.#host.setTimer(operation.startDelayMs, () => this.#enqueue(resource, operation));
  }

  /** The old operation takes over what the new one brought, forgets what it told last, and runs at once. */
  #merge(resource: Resource, old: Operation, fresh: Operation): void {
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
    if (resource.active !== undefined) return;
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
    if (this.#resources.get(resource.definition.id) === resource || resource.queue.length > 0)
      this.#startNext(resource);
  }

  #finish(resource: Resource, operation: Operation, result: ActionResult): void {
    if (operation.lastCode !== result.code || operation.changeEpoch === 0) {
      operation.changeEpoch = operation.runEpoch || Math.floor(this.#host.wallMs() / 1000);
    }
    this.#logResult(operation, result);
    operation.lastCode = result.code;
    this.#tell(operation, completionNotify(operation, result, 'sanode-lrmd', this.#host.cause()), result);
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

  #tell(operation: Operation, message: Element, result: ActionResult): void {
    const last = operation.lastTold;
    const isChange = last === undefined || last.code !== result.code || last.status !== result.status;
    if ((operation.options & lrmdCallOption.notifyChangesOnly) !== 0 && !isChange) return;
    operation.lastTold = { code: result.code, status: result.status };
    if ((operation.options & lrmdCallOption.notifyOrigOnly) !== 0) {
      if (this.#clients.has(operation.clientId)) this.#host.notify(operation.clientId, message);
      return;
    }
    for (const [id, client] of this.#clients) if (client.name !== undefined) this.#host.notify(id, message);
  }

  #cancelCommand(command: Element, callId: number): Element {
    const resource = this.#find(command);
    const data = resourceData(command);
    if (resource === undefined || data === undefined) return this.#reply(errno.noDevice, callId);
    const action = attr(data, 'lrmd_rsc_action') ?? '';
    const intervalMs = numberOf(data, 'lrmd_rsc_interval');
    const found = [...resource.operations].find(
      (operation) => operation.action === action && operation.intervalMs === intervalMs && !operation.cancelled,
    );
    if (found === undefined || (found.state === 'running' && found.intervalMs === 0)) {
      return this.#reply(errno.notSupported, callId);
    }
    this.#cancel(resource, found);
    return this.#reply(0, callId);
  }

  /** Pending: ended at once with status 1. Running: the current run goes on, its end is told as cancelled. */
  #cancel(resource: Resource, operation: Operation): void {
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

  #listRecurring(command: Element, callId: number): Element {
    const data = resourceData(command);
    const id = data === undefined ? undefined : attr(data, 'lrmd_rsc_id');
    const resources = [...this.#resources.values()].filter(
      ({ definition }) => id === undefined || definition.id === id,
    );
    const children = resources.map((resource) =>
      element(
        'lrmd_rsc',
        { lrmd_rsc_id: resource.definition.id },
        [...resource.operations]
          .filter((operation) => operation.intervalMs > 0)
          .map(({ action, intervalMs, timeoutMs }) =>
            element('lrmd_rsc_op', {
              lrmd_rsc_action: action,
              lrmd_rsc_interval: intervalMs,
              lrmd_timeout: timeoutMs,
            }),
          ),
      ),
    );
    if (id !== undefined && children.length === 0) return this.#reply(errno.noDevice, callId);
    return this.#reply(0, callId, {}, children);
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
  watchLost(resourceId: string): void {
    const resource = this.#resources.get(resourceId);
    if (resource === undefined || !resource.watched) return;
    resource.watched = false;
    this.#host.unwatch(resourceId);
    this.watchEvent(resourceId);
  }

  /**
   * A watch saw that something may be wrong: the shortest recurring monitor runs now, as if its time had come
   * (ocf-agents.md 8.5). Ignored while anything but a monitor runs; at most once a second, less if it goes on.
   */
  watchEvent(resourceId: string): void {
    const resource = this.#resources.get(resourceId);
    const monitor = resource === undefined ? undefined : shortestMonitor(resource);
    if (resource === undefined || monitor === undefined) return;
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

function newResource(definition: ResourceDefinition): Resource {
  return {
    definition,
    queue: [],
    operations: new Set(),
    active: undefined,
    watched: false,
    pacer: new WatchPacer(),
  };
}

function findRecurring(resource: Resource, action: string, intervalMs: number): Operation | undefined {
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

/** A duration for people: `20s`, `1m30s`, `500ms`. */
export function readableDuration(milliseconds: number): string {
  if (milliseconds % 1000 !== 0 && milliseconds < 1000) return `${milliseconds}ms`;
  const seconds = Math.floor(milliseconds / 1000);
  const fraction = milliseconds % 1000 === 0 ? '' : `.${String(milliseconds % 1000).padStart(3, '0')}`;
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
  ];
  const text = parts.map(([value, unit]) => (value === 0 ? '' : `${value}${unit}`)).join('');
  const rest = seconds % 60;
  return rest === 0 && fraction === '' && text !== '' ? text : `${text}${rest}${fraction}s`;
}

function timeoutResult(operation: Operation, ended: ActionResult): ActionResult {
  return {
    ...ended,
    code: 1,
    status: executionStatus.timeout,
    exitReason: `Resource agent did not complete within ${readableDuration(operation.timeoutMs)}`,
  };
}
