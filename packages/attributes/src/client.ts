import { connectXmlIpc, type XmlIpcClient } from '@sanode/ipc';
import { paths } from '@sanode/runtime';
import { type AttributeInput, attr, childElements, element } from '@sanode/xml';

/** attrd refused a request; the sentence says why. */
export class AttrdError extends Error {
  override readonly name = 'AttrdError';
}

/** One change of a transient node attribute. */
export interface AttributeUpdate {
  readonly name: string;
  /** New value; `value++` and `value+=N` count from what is there; undefined deletes. */
  readonly value: string | undefined;
  /** Node's name; absent: this node. */
  readonly node?: string;
  /** Decimal id of the node, where it is known. */
  readonly nodeId?: string;
  /** The node is a Pacemaker Remote node. */
  readonly remote?: boolean;
  /** Kept by the attrds only, never written to the CIB. */
  readonly private?: boolean;
  /** Milliseconds to wait for more changes before writing; given: the attribute's dampening is set too. */
  readonly dampeningMs?: number;
  /** Dampening of an attribute that is not there yet, ms; one that is keeps its own. */
  readonly newDampeningMs?: number;
  /** Id of the attribute set to place a new attribute in; absent: the node's own. */
  readonly set?: string;
}

/** Which failures to clear (5.3). */
export interface FailureSelection {
  /** Node's name; absent: all nodes. */
  readonly node?: string;
  readonly remote?: boolean;
  /** Resource; absent: all. */
  readonly resource?: string;
  /** One operation only, with its interval in ms. */
  readonly operation?: { readonly task: string; readonly intervalMs: number };
}

/** A value as `query` gives it. */
export interface QueriedValue {
  readonly node: string;
  readonly nodeId: string | undefined;
  readonly value: string | undefined;
}

/** A connection to this node's attrd. Every method throws IpcError when it is lost, AttrdError when refused. */
export interface AttrdClient {
  /** Resolves when attrd has taken the change over; it takes effect everywhere a moment later. */
  update(update: AttributeUpdate): Promise<void>;
  /** Several changes in one message, applied in order. */
  updateAll(updates: readonly AttributeUpdate[]): Promise<void>;
  /** Changes every attribute whose name matches an (extended) regular expression. */
  updateMatching(pattern: string, update: Omit<AttributeUpdate, 'name'>): Promise<void>;
  /** Sets the dampening of an attribute that exists, ms. */
  setDampening(name: string, dampeningMs: number): Promise<void>;
  /** Deletes fail-count and last-failure attributes. */
  clearFailure(selection: FailureSelection): Promise<void>;
  /** Values of one attribute, of all nodes or one; empty when there is none. */
  query(name: string, node?: string): Promise<QueriedValue[]>;
  /** Forgets a node and its values. */
  removeNode(node: string): Promise<void>;
  /** Makes the attrds elect their writer anew, who then writes everything. */
  refresh(): Promise<void>;
  close(): void;
}

const replyTimeoutMs = 30_000;

/** Connects to attrd. @throws {import('@sanode/ipc').IpcError} code IPC_CONNECT when it does not run */
export async function connectAttrd(options: {
  clientName: string;
  onClose?: (reason: string) => void;
}): Promise<AttrdClient> {
  const ipc = await connectXmlIpc({
    path: paths.socket('attrd'),
    ...(options.onClose === undefined ? {} : { onClose: options.onClose }),
  });
  return new Client(ipc, options.clientName);
}

class Client implements AttrdClient {
  readonly #ipc: XmlIpcClient;
  readonly #name: string;

  constructor(ipc: XmlIpcClient, name: string) {
    this.#ipc = ipc;
    this.#name = name;
  }

  update(update: AttributeUpdate): Promise<void> {
    return this.#change({ attr_name: update.name, ...updateAttributes(update) });
  }

  async updateAll(updates: readonly AttributeUpdate[]): Promise<void> {
    if (updates.length === 0) return;
    const operations = updates.map((each) => element('op', { attr_name: each.name, ...updateAttributes(each) }));
    await this.#send(element('create_attrd_op', { t: 'attrd', src: this.#name, task: 'update' }, operations));
  }

  updateMatching(pattern: string, update: Omit<AttributeUpdate, 'name'>): Promise<void> {
    return this.#change({ attr_regex: pattern, ...updateAttributes(update) });
  }

  setDampening(name: string, dampeningMs: number): Promise<void> {
    return this.#change({ attr_name: name, task: 'update-delay', attr_dampening: `${dampeningMs}ms` });
  }

  clearFailure(selection: FailureSelection): Promise<void> {
    return this.#change({
      task: 'clear-failure',
      attr_host: selection.node,
      attr_resource: selection.resource,
      attr_clear_operation: selection.operation?.task,
      attr_clear_interval: selection.operation === undefined ? undefined : `${selection.operation.intervalMs}ms`,
      attr_is_remote: selection.remote === true ? 1 : 0,
    });
  }

  async query(name: string, node?: string): Promise<QueriedValue[]> {
    const request = { t: 'attrd', src: this.#name, task: 'query', attr_name: name, attr_host: node };
    const reply = await this.#ipc.request(element('create_attrd_op', request), replyTimeoutMs);
    return childElements(reply, 'node').map((each) => ({
      node: attr(each, 'attr_host') ?? '',
      nodeId: attr(each, 'attr_host_id'),
      value: attr(each, 'attr_value'),
    }));
  }

  removeNode(node: string): Promise<void> {
    return this.#change({ task: 'peer-remove', attr_host: node });
  }

  refresh(): Promise<void> {
    return this.#change({ task: 'refresh' });
  }

  close(): void {
    this.#ipc.close();
  }

  #change(attributes: AttributeInput): Promise<void> {
    return this.#send(element('create_attrd_op', { t: 'attrd', src: this.#name, ...attributes }));
  }

  async #send(request: ReturnType<typeof element>): Promise<void> {
    const ack = await this.#ipc.request(request, replyTimeoutMs);
    const refusal = attr(ack, 'sanode-refusal');
    if (refusal !== undefined) throw new AttrdError(refusal);
  }
}

function updateAttributes(update: Omit<AttributeUpdate, 'name'>): AttributeInput {
  const dampeningMs = update.dampeningMs ?? update.newDampeningMs;
  return {
    task: update.dampeningMs === undefined ? 'update' : 'update-both',
    attr_value: update.value,
    attr_dampening: dampeningMs === undefined ? undefined : `${dampeningMs}ms`,
    attr_set: update.set,
    attr_host: update.node,
    attr_host_id: update.nodeId,
    attr_is_remote: update.remote === true ? 1 : 0,
    attr_is_private: update.private === true ? 1 : 0,
  };
}
