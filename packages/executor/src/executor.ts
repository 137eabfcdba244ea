import { attr, type Element, element, firstChild } from '@sanode/xml';
import { lrmdCallOption } from './client/types.ts';
import type { ExecutorHost } from './executor-host.ts';
import { causeAttribute, completionNotify, numberOf, readParameters, resourceData } from './messages.ts';
import type { ActionResult, Operation, ResourceDefinition } from './operation.ts';
import { findRecurring, newResource, OperationEngine, type Resource } from './operation-engine.ts';

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
/** Of alerts that bring no timeout (executor-fencer-attrd.md 8). */
const defaultAlertTimeoutMs = 30_000;
const maxTimerMs = 2 ** 31 - 1;

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
  readonly #engine: OperationEngine;
  readonly #resources = new Map<string, Resource>();
  readonly #ending = new Map<string, Resource>();
  readonly #clients = new Map<string, Client>();
  #nextCallId = 1;
  #alertSequence = 0;

  constructor(host: ExecutorHost) {
    this.#host = host;
    this.#engine = new OperationEngine(host, (operation, result) => this.#tell(operation, result));
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
      case 'lrmd_alert_exec':
        return this.#alert(command, callId);
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
      if (known !== undefined) this.#drop(known);
      const fresh = newResource(definition);
      this.#succeed(fresh, id);
      this.#resources.set(id, fresh);
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
    this.#drop(resource);
    this.#generic('lrmd_rsc_unregister', rc, callId, id);
    return this.#reply(rc, callId);
  }

  /** Forgets a resource. While its last operation still runs it is remembered for one registered under its id. */
  #drop(resource: Resource): void {
    const { id } = resource.definition;
    this.#engine.forget(resource);
    this.#resources.delete(id);
    for (const [key, old] of this.#ending) if (old.active === undefined) this.#ending.delete(key);
    if (resource.active !== undefined) this.#ending.set(id, resource);
  }

  #succeed(fresh: Resource, id: string): void {
    const old = this.#ending.get(id);
    if (old?.active === undefined) return;
    fresh.predecessor = old;
    old.successor = fresh;
  }

  #execute(clientId: string, command: Element, callId: number): Element {
    const resource = this.#find(command);
    const data = resourceData(command);
    if (resource === undefined || data === undefined) return this.#reply(errno.noDevice, callId);
    if (resource.operations.size >= maxOperationsPerResource) return this.#reply(errno.tooBig, callId);
    const operation = this.#newOperation(clientId, command, data, callId);
    if (operation.action === '') return this.#reply(errno.invalid, callId);
    const twin = operation.intervalMs > 0 ? findRecurring(resource, operation.action, operation.intervalMs) : undefined;
    if (twin !== undefined) this.#engine.merge(resource, twin, operation);
    else this.#engine.accept(resource, operation);
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

  #tell(operation: Operation, result: ActionResult): void {
    const last = operation.lastTold;
    const isChange = last === undefined || last.code !== result.code || last.status !== result.status;
    if ((operation.options & lrmdCallOption.notifyChangesOnly) !== 0 && !isChange) return;
    const message = completionNotify(operation, result, 'sanode-lrmd', this.#host.cause());
    operation.lastTold = { code: result.code, status: result.status };
    if ((operation.options & lrmdCallOption.notifyOrigOnly) !== 0) {
      if (this.#clients.has(operation.clientId)) this.#host.notify(operation.clientId, message);
      return;
    }
    for (const [id, client] of this.#clients) if (client.name !== undefined) this.#host.notify(id, message);
  }

  #alert(command: Element, callId: number): Element {
    const data = firstChild(command, 'lrmd_calldata');
    const alert = data === undefined ? undefined : firstChild(data, 'lrmd_alert');
    const id = alert === undefined ? undefined : attr(alert, 'lrmd_alert_id');
    const path = alert === undefined ? undefined : attr(alert, 'lrmd_alert_path');
    if (alert === undefined || !id || !path?.startsWith('/')) return this.#reply(errno.invalid, callId);
    this.#alertSequence += 1;
    const variables = readParameters(alert);
    for (const prefix of ['CRM_alert', 'CRM_notify']) {
      variables.set(`${prefix}_node_sequence`, String(this.#alertSequence));
    }
    const timeoutMs = numberOf(alert, 'lrmd_timeout') || defaultAlertTimeoutMs;
    this.#host.alert({ id, path, timeoutMs: Math.min(timeoutMs, maxTimerMs), variables });
    return this.#reply(0, callId);
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
    this.#engine.cancel(resource, found);
    return this.#reply(0, callId);
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
  /** The watch is blind: poll at once, and arm it anew with that run. */
  watchLost(resourceId: string): void {
    const resource = this.#resources.get(resourceId);
    if (resource !== undefined) this.#engine.watchLost(resource);
  }

  /** A watch saw that something may be wrong: see {@link OperationEngine.watchEvent}. */
  watchEvent(resourceId: string): void {
    const resource = this.#resources.get(resourceId);
    if (resource !== undefined) this.#engine.watchEvent(resource);
  }

  /** An action has ended. Tokens that are not running any more are ignored: each result counts once. */
  actionEnded(token: number, result: ActionResult): void {
    this.#engine.actionEnded(token, result);
  }
}
