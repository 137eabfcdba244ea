import { messageData } from '@sanode/messages';
import { attr, type Element, element } from '@sanode/xml';
import type { Context } from '../context.ts';
import { type AgentParameters, agentParameters } from './agent-parameters.ts';
import { cancelCommand, executeCommand, registerCommand, unregisterCommand } from './commands.ts';
import { HistoryWriter } from './history-writer.ts';
import { ExecutorMemory } from './memory.ts';
import {
  isRecordable,
  needsMetadata,
  type Operation,
  operationKey,
  type Requester,
  type ResourceDefinition,
  readOperation,
  status,
  withResult,
} from './operation.ts';

const MAX_START_DELAY_MS = 5 * 60_000;
const working = new Set(['S_NOT_DC', 'S_POLICY_ENGINE', 'S_TRANSITION_ENGINE']);
const EINPROGRESS = -115;
const EACCES = -13;
const ENXIO = -6;

interface InFlight {
  operation: Operation;
  /** The DC asked that it be cancelled and its entry removed; who is told. */
  removeFor: Requester | undefined;
}

/** The controller's dealings with its executor (controller.md 9): orders of the DC in, history and answers out. */
export class ExecutorInterface {
  readonly memory = new ExecutorMemory();
  readonly #context: Context;
  readonly #acknowledge: (requester: Requester, data: Element) => void;
  readonly #inFlight = new Set<InFlight>();
  readonly #registered = new Set<string>();
  readonly #agents = new Map<string, AgentParameters | null>();
  readonly #deleting = new Map<string, Requester>();
  readonly #history: HistoryWriter;

  /** @param deps.acknowledge sends an `lrm_invoke` with this data to who asked */
  constructor(deps: { context: Context; acknowledge: (requester: Requester, data: Element) => void }) {
    this.#context = deps.context;
    this.#acknowledge = deps.acknowledge;
    this.#history = new HistoryWriter({
      ...deps,
      agentOf: (resource) => this.#agents.get(agentKey(resource)) ?? undefined,
    });
  }

  /** Operations that run and are not recurring. */
  get oneShotsInFlight(): number {
    return [...this.#inFlight].filter((each) => each.operation.intervalMs === 0).length;
  }

  /** A message addressed to `lrmd`. */
  invoke(message: Element): void {
    const requester = { system: attr(message, 'crm_sys_from') ?? '', node: attr(message, 'src') };
    const task = attr(message, 'crm_task') ?? '';
    const data = messageData(message);
    if (data === undefined) {
      this.#context.log.warn({ task, from: requester.node }, `an order ${task} for the executor has no data`);
      return;
    }
    const operation = task === 'lrm_invoke' ? (attr(data, 'operation') ?? '') : task;
    const node = attr(data, 'on_node');
    if (node !== undefined && !this.#context.isLocal(node)) this.#noRemote(data, requester, node);
    else if (operation === 'lrm_fail') this.#fail(data, requester, attr(message, 'crm_user'));
    else if (operation === 'probe_again') this.#forgetAll(requester);
    else if (operation === 'lrm_refresh') return;
    else if (operation === 'lrm_delete' || operation === 'delete')
      this.#delete(data, requester, attr(message, 'crm_user'));
    else if (operation === 'cancel') this.#cancel(data, requester);
    else this.#execute(data, requester);
  }

  #nowS(): number {
    return Math.floor(this.#context.host.wallMs() / 1000);
  }

  #execute(data: Element, requester: Requester): void {
    const read = readOperation(data, requester, this.#nowS());
    if (typeof read === 'string') {
      this.#context.log.error({ from: requester.node }, `an order for the executor is refused: ${read}`);
      return;
    }
    const operation = this.#withStopParameters(read);
    const refusal = this.#refusal(operation);
    if (refusal !== undefined) {
      this.#context.log.warn(
        { resource: operation.resource.id, task: operation.task },
        `${operation.task} of ${operation.resource.id}: ${refusal}`,
      );
      this.#history.answer({ ...operation, status: status.invalid, rc: 1, exitReason: refusal });
      return;
    }
    if (operation.intervalMs > 0 && operation.startDelayMs > MAX_START_DELAY_MS) {
      this.#history.answer({ ...operation, status: status.done, rc: operation.targetRc });
    }
    this.#withAgent(operation, () => this.#run(operation));
  }

  #withStopParameters(operation: Operation): Operation {
    if (operation.task !== 'stop') return operation;
    const remembered = this.memory.stopParameters(operation.resource.id);
    if (remembered === undefined) return operation;
    const own = [...operation.parameters].filter(
      ([name]) => name.startsWith('CRM_meta_') || name === 'crm_feature_set',
    );
    return { ...operation, parameters: new Map([...remembered, ...own]) };
  }

  #refusal(operation: Operation): string | undefined {
    if (operation.task === 'start' && this.#context.flags.has('SHUTDOWN')) {
      return 'Not attempting start due to shutdown in progress';
    }
    if (operation.task !== 'stop' && !working.has(this.#context.fsa.state)) {
      return 'Controller cannot attempt actions at this time';
    }
    return this.#context.flags.has('LRM_CONNECTED') ? undefined : 'Controller is not connected to its executor';
  }

  /** Sees to it that the agent's meta-data is known where it matters; before a start it is read anew, alongside. */
  #withAgent(operation: Operation, run: () => void): void {
    const { standard, provider, type } = operation.resource;
    const wanted = needsMetadata(operation.task) && (standard === 'ocf' || standard === 'stonith');
    const key = agentKey(operation.resource);
    const known = this.#agents.get(key);
    if (wanted && (known === undefined || operation.task === 'start')) {
      this.#context.host.metadata(standard, provider, type, (root) =>
        this.#context.react(() => {
          this.#agents.set(key, root === undefined ? null : agentParameters(root));
          if (known === undefined) run();
        }),
      );
      if (known === undefined) return;
    }
    run();
  }

  #run(operation: Operation): void {
    const { resource, task, intervalMs } = operation;
    if (intervalMs === 0 && task !== 'monitor' && task !== 'notify') this.#cancelRecurring(resource.id);
    for (const each of [...this.#inFlight]) {
      if (intervalMs > 0 && isSame(each.operation, resource.id, task, intervalMs)) this.#inFlight.delete(each);
    }
    this.#register(resource);
    this.#context.log.info(
      {
        resource: resource.id,
        task,
        interval: intervalMs,
        key: operation.transitionKey,
        ms: this.#context.host.monotonicMs(),
      },
      `${operationKey(resource.id, task, intervalMs)}: asked of the executor`,
    );
    if (isRecordable(task) && this.#context.options.recordPending) this.#history.write(operation);
    const entry: InFlight = { operation, removeFor: undefined };
    this.#inFlight.add(entry);
    this.#context.host.executor(executeCommand(operation), (reply) =>
      this.#context.react(() => this.#started(entry, reply)),
    );
  }

  #started(entry: InFlight, reply: Element | undefined): void {
    const callId = reply === undefined ? Number.NaN : Number.parseInt(attr(reply, 'lrmd_rc') ?? '', 10);
    if (callId > 0) {
      if (this.#inFlight.has(entry) && entry.operation.callId === -1) entry.operation = { ...entry.operation, callId };
      return;
    }
    if (!this.#inFlight.delete(entry)) return;
    const reason = reply === undefined ? 'the executor is gone' : `the executor refused it (${callId})`;
    this.#context.log.error(
      { resource: entry.operation.resource.id, task: entry.operation.task },
      `operation failed: ${reason}`,
    );
    this.#finish({ ...entry.operation, status: status.notConnected, rc: 1, exitReason: reason }, entry);
  }

  #register(resource: ResourceDefinition): void {
    this.memory.register(resource);
    if (this.#registered.has(resource.id)) return;
    this.#registered.add(resource.id);
    this.#context.host.executor(registerCommand(resource), (reply) => {
      const rc = reply === undefined ? 0 : Number.parseInt(attr(reply, 'lrmd_rc') ?? '0', 10);
      if (rc >= 0) return;
      this.#registered.delete(resource.id);
      this.#context.log.error(
        { resource: resource.id, rc },
        `the executor does not take resource ${resource.id} (${rc})`,
      );
    });
  }

  /** A `<lrmd_notify>` of the executor. */
  notified(notify: Element): void {
    if (attr(notify, 'lrmd_op') !== 'lrmd_rsc_exec') return;
    const entry = this.#matching(notify);
    if (entry === undefined) {
      this.#context.log.debug(
        { resource: attr(notify, 'lrmd_rsc_id') },
        'a result of an operation that was not asked for',
      );
      return;
    }
    const operation = withResult(entry.operation, notify);
    entry.operation = operation;
    if (operation.intervalMs === 0 || operation.status === status.cancelled) this.#inFlight.delete(entry);
    this.#context.log.info(
      {
        resource: operation.resource.id,
        task: operation.task,
        interval: operation.intervalMs,
        rc: operation.rc,
        status: operation.status,
        execMs: operation.execMs,
        ms: this.#context.host.monotonicMs(),
      },
      `${operationKey(operation.resource.id, operation.task, operation.intervalMs)}: rc ${operation.rc}, status ${operation.status}${operation.exitReason === '' ? '' : ` (${operation.exitReason})`}`,
    );
    this.#finish(operation, entry);
    const { id } = operation.resource;
    const deleter = this.#deleting.get(id);
    if (attr(notify, 'lrmd_rsc_deleted') === '1' && deleter !== undefined) {
      this.#deleting.delete(id);
      this.#deleted(id, deleter, undefined);
    }
  }

  #matching(notify: Element): InFlight | undefined {
    const id = attr(notify, 'lrmd_rsc_id');
    const callId = Number.parseInt(attr(notify, 'lrmd_callid') ?? '', 10);
    const key = attr(notify, 'lrmd_rsc_userdata_str');
    for (const entry of this.#inFlight) {
      const { operation } = entry;
      if (operation.resource.id !== id) continue;
      if (operation.callId === callId) return entry;
      const sameTask = attr(notify, 'lrmd_rsc_action') === operation.task;
      const sameInterval = Number(attr(notify, 'lrmd_rsc_interval') ?? '0') === operation.intervalMs;
      const isUnknown = operation.callId === -1;
      if (isUnknown && sameTask && sameInterval && (operation.transitionKey ?? '') === (key ?? '')) return entry;
    }
    return undefined;
  }

  #finish(operation: Operation, entry: InFlight): void {
    const { resource, task, intervalMs } = operation;
    const lastFailureIsSame = this.memory.lastFailureIs(resource.id, task, intervalMs);
    this.memory.record(operation);
    if (operation.status !== status.cancelled) {
      if (isRecordable(task)) this.#history.write(operation);
      else this.#history.answer(operation);
    } else if (intervalMs === 0) this.#history.answer(operation);
    else if (entry.removeFor !== undefined) {
      this.#history.remove(operation);
      if (lastFailureIsSame) this.#history.answer({ ...operation, requester: entry.removeFor });
    }
  }

  #cancelRecurring(id: string): void {
    for (const { operation } of [...this.#inFlight]) {
      if (operation.resource.id !== id || operation.intervalMs === 0) continue;
      this.#context.host.executor(cancelCommand(id, operation.task, operation.intervalMs), () => {});
    }
  }

  /** Cancels everything that recurs (stop of the daemon). */
  cancelAllRecurring(): void {
    for (const id of new Set([...this.#inFlight].map((each) => each.operation.resource.id))) this.#cancelRecurring(id);
  }

  #cancel(data: Element, requester: Requester): void {
    const read = readOperation(data, requester, this.#nowS());
    if (typeof read === 'string') {
      this.#context.log.error({ from: requester.node }, `a cancellation is refused: ${read}`);
      return;
    }
    const { id } = read.resource;
    const task = read.parameters.get('CRM_meta_operation') ?? '';
    const { intervalMs } = read;
    const callId = Number.parseInt(read.parameters.get('CRM_meta_call_id') ?? '0', 10) || 0;
    const found = [...this.#inFlight].filter(
      (each) => isSame(each.operation, id, task, intervalMs) && (callId === 0 || each.operation.callId === callId),
    );
    if (found.length === 0) {
      const { transitionKey: _, ...gone } = { ...read, task, intervalMs };
      this.#history.removeByKey(id, task, intervalMs);
      this.#history.answer({ ...gone, transitionKey: read.transitionKey, task: 'cancel', status: status.done, rc: 0 });
      return;
    }
    for (const each of found) {
      each.removeFor = requester;
      this.#context.host.executor(cancelCommand(id, task, intervalMs), (reply) =>
        this.#context.react(() => {
          const rc = reply === undefined ? -1 : Number.parseInt(attr(reply, 'lrmd_rc') ?? '0', 10);
          if (rc >= 0 || !this.#inFlight.delete(each)) return;
          this.#finish({ ...each.operation, status: status.cancelled }, each);
        }),
      );
    }
  }

  #fail(data: Element, requester: Requester, user: string | undefined): void {
    const read = readOperation(withOperation(data, 'asyncmon'), requester, this.#nowS());
    if (typeof read === 'string') {
      this.#context.log.error({ from: requester.node }, `lrm_fail is refused: ${read}`);
      return;
    }
    if (user !== undefined && user !== 'root' && user !== 'hacluster') {
      this.#history.answer({
        ...read,
        status: status.error,
        rc: 4,
        exitReason: 'Insufficient privileges to simulate a failure',
      });
      return;
    }
    this.#register(read.resource);
    const failure = { ...read, intervalMs: 0, transitionKey: undefined, callId: 0 };
    const operation = { ...failure, status: status.done, rc: 1, targetRc: 0, exitReason: 'Simulated failure' };
    this.memory.record(operation);
    this.#history.write(operation);
    this.#history.answer({ ...read, status: status.done, rc: 0, targetRc: 0 });
  }

  #delete(data: Element, requester: Requester, user: string | undefined): void {
    const read = readOperation(withOperation(data, 'delete'), requester, this.#nowS());
    if (typeof read === 'string') {
      this.#context.log.error({ from: requester.node }, `lrm_delete is refused: ${read}`);
      return;
    }
    const { id } = read.resource;
    if (!this.#registered.has(id)) {
      this.#deleted(id, requester, read, user);
      return;
    }
    this.#context.host.executor(unregisterCommand(id), (reply) =>
      this.#context.react(() => {
        const rc = reply === undefined ? -1 : Number.parseInt(attr(reply, 'lrmd_rc') ?? '0', 10);
        if (rc === EINPROGRESS) this.#deleting.set(id, requester);
        else this.#deleted(id, requester, read, user);
      }),
    );
  }

  /** The executor forgot it: the history goes too. */
  #deleted(id: string, requester: Requester, asked: Operation | undefined, user?: string): void {
    this.#registered.delete(id);
    const definition = asked?.resource ?? this.memory.definition(id);
    this.memory.forget(id);
    for (const each of [...this.#inFlight]) if (each.operation.resource.id === id) this.#inFlight.delete(each);
    this.#history.removeResource(id, user, (rcOfCib) => {
      const rc = rcOfCib === EACCES ? 4 : rcOfCib < 0 && rcOfCib !== ENXIO ? 1 : 0;
      if (definition !== undefined && asked !== undefined) {
        this.#history.answer({
          ...asked,
          status: rc === 0 ? status.done : status.error,
          rc,
          targetRc: 0,
          callId: 0,
          runTimeS: 0,
          rcChangeS: 0,
        });
      }
      if (requester.system !== 'tengine' && rc === 0) this.#history.noteRefresh();
    });
  }

  /** `probe_again`: everything is forgotten, so that it is probed anew. */
  #forgetAll(requester: Requester): void {
    for (const id of this.memory.ids) {
      this.#context.host.executor(unregisterCommand(id), () => {});
      this.#registered.delete(id);
    }
    this.memory.clear();
    this.#inFlight.clear();
    this.#history.removeAll(() => this.#acknowledge(requester, element('probe_again')));
  }

  #noRemote(data: Element, requester: Requester, node: string): void {
    const read = readOperation(data, requester, this.#nowS());
    const reason = `Local node has no connection to remote node ${node}`;
    this.#context.log.error({ node }, reason);
    if (typeof read === 'string') return;
    this.#history.answer({ ...read, status: status.notConnected, rc: 1, exitReason: reason });
  }

  /** `clear_failcount`: the last failure is forgotten here and in the CIB. */
  forgetFailure(id: string, task: string | undefined, intervalMs: number | undefined): void {
    this.memory.forgetFailure(id, task, intervalMs);
    this.#history.removeFailure(id, task, intervalMs);
  }

  /** `<lrm_resources>` for the join confirmation. */
  snapshot(): Element {
    return this.memory.snapshot((resource) => this.#history.entryContext(resource, 'build_active_RAs'));
  }

  /** The executor is gone: what was asked of it will not be answered. */
  disconnected(): void {
    this.#registered.clear();
    for (const each of [...this.#inFlight]) {
      this.#inFlight.delete(each);
      if (each.operation.intervalMs > 0) continue;
      this.#finish(
        { ...each.operation, status: status.notConnected, rc: 1, exitReason: 'Lost connection to executor' },
        each,
      );
    }
  }
}

function agentKey(resource: ResourceDefinition): string {
  return `${resource.standard}:${resource.provider ?? ''}:${resource.type}`;
}

function isSame(operation: Operation, id: string, task: string, intervalMs: number): boolean {
  return operation.resource.id === id && operation.task === task && operation.intervalMs === intervalMs;
}

function withOperation(data: Element, task: string): Element {
  return { ...data, attributes: new Map([...data.attributes, ['operation', task]]) };
}
