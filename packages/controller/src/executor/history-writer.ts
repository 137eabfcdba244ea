import { cibOption } from '@sanode/cib';
import { type Element, element } from '@sanode/xml';
import type { Context } from '../context.ts';
import type { AgentParameters } from './agent-parameters.ts';
import { type EntryContext, historyEntries } from './history-entry.ts';
import { resourceElement } from './memory.ts';
import { type Operation, operationKey, type Requester, type ResourceDefinition } from './operation.ts';

const XPATH = cibOption.xpath | cibOption.quorumOverride;

/** Writes what this node's executor did into the CIB, or tells it to who asked (controller.md 8.8, 9.3, 9.4). */
export class HistoryWriter {
  readonly #context: Context;
  readonly #acknowledge: (requester: Requester, data: Element) => void;
  readonly #agentOf: (resource: ResourceDefinition) => AgentParameters | undefined;

  constructor(deps: {
    context: Context;
    acknowledge: (requester: Requester, data: Element) => void;
    agentOf: (resource: ResourceDefinition) => AgentParameters | undefined;
  }) {
    this.#context = deps.context;
    this.#acknowledge = deps.acknowledge;
    this.#agentOf = deps.agentOf;
  }

  entryContext(resource: ResourceDefinition, origin: string): EntryContext {
    return {
      node: this.#context.localName,
      origin,
      featureSet: this.#context.clusterFeatureSet,
      escaping: this.#context.digestEscaping,
      agent: this.#agentOf(resource),
    };
  }

  #ownState(origin: string, resources: Element): Element {
    const { localUuid, localName } = this.#context;
    const lrm = element('lrm', { id: localUuid }, [resources]);
    return element('node_state', { id: localUuid, uname: localName, 'crm-debug-origin': origin }, [lrm]);
  }

  /** Records an operation, pending or done. */
  write(operation: Operation): void {
    const origin = 'do_update_resource';
    const entries = historyEntries(operation, this.entryContext(operation.resource, origin));
    const resources = element('lrm_resources', {}, [resourceElement(operation.resource, entries)]);
    const { state } = this.#context.fsa;
    const local = state === 'S_ELECTION' || state === 'S_PENDING' ? cibOption.scopeLocal : 0;
    this.#context.cib({
      operation: 'cib_modify',
      section: 'status',
      data: element('status', {}, [this.#ownState(origin, resources)]),
      options: cibOption.quorumOverride | local,
    });
  }

  /** Direct acknowledgement: the result goes to who asked, not into the CIB. */
  answer(operation: Operation): void {
    const origin = 'controld_ack_event_directly';
    const entries = historyEntries(operation, this.entryContext(operation.resource, origin));
    const resources = element('lrm_resources', {}, [element('lrm_resource', { id: operation.resource.id }, entries)]);
    this.#acknowledge(operation.requester, this.#ownState(origin, resources));
  }

  /** Removes the entry of a recurring operation, if it still is that run's. */
  remove(operation: Operation): void {
    const { resource, task, intervalMs } = operation;
    const id = operationKey(resource.id, task, intervalMs);
    this.#context.cib(
      {
        operation: 'cib_delete',
        section: 'status',
        data: element('lrm_rsc_op', { id, 'call-id': operation.callId, 'transition-key': operation.transitionKey }),
        options: cibOption.quorumOverride,
      },
      (reply) => {
        if (reply.rc < 0)
          this.#context.log.warn({ key: id, rc: reply.rc }, `the entry ${id} was not removed (${reply.rc})`);
      },
    );
  }

  removeByKey(resource: string, task: string, intervalMs: number): void {
    const key = operationKey(resource, task, intervalMs);
    this.#delete(`//lrm_resource[@id='${resource}']/lrm_rsc_op[@id='${key}']`, XPATH);
  }

  removeFailure(resource: string, task: string | undefined, intervalMs: number | undefined): void {
    const byKey = task === undefined ? '' : ` and @operation_key='${operationKey(resource, task, intervalMs ?? 0)}'`;
    this.#delete(`//lrm_resource[@id='${resource}']/lrm_rsc_op[@id='${resource}_last_failure_0'${byKey}]`, XPATH);
  }

  /** Removes all that is known of a resource here. */
  removeResource(resource: string, user: string | undefined, done: (rc: number) => void): void {
    this.#delete(`/lrm/lrm_resources/lrm_resource[@id='${resource}']`, XPATH, done, user);
  }

  /** Removes all that is known here. */
  removeAll(done: () => void): void {
    this.#delete('/lrm', XPATH | cibOption.multiple | cibOption.scopeLocal, done);
  }

  #delete(below: string, options: number, done: (rc: number) => void = () => {}, user?: string): void {
    this.#context.cib(
      {
        operation: 'cib_delete',
        section: `//node_state[@uname='${this.#context.localName}']${below}`,
        options,
        ...(user === undefined ? {} : { user }),
      },
      (reply) => done(reply.rc),
    );
  }

  /** Property `last-lrm-refresh`: makes the scheduler look again. */
  noteRefresh(): void {
    const pair = element('nvpair', {
      id: 'cib-bootstrap-options-last-lrm-refresh',
      name: 'last-lrm-refresh',
      value: Math.floor(this.#context.host.wallMs() / 1000),
    });
    const set = element('cluster_property_set', { id: 'cib-bootstrap-options' }, [pair]);
    this.#context.cib({
      operation: 'cib_modify',
      section: 'crm_config',
      data: element('crm_config', {}, [set]),
      options: cibOption.quorumOverride,
    });
  }
}
