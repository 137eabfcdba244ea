import { connectXmlIpc, IpcError, type XmlIpcClient } from '@sanode/ipc';
import { Envelopes, messageData } from '@sanode/messages';
import { announcedRelease, paths } from '@sanode/runtime';
import { attr, childElements, type Element, element, withAttributes } from '@sanode/xml';

const ackTimeoutMs = 10_000;

/** A node as the controller knows it. */
export interface ControllerNode {
  readonly id: number;
  readonly name: string | undefined;
  /** `member` or `lost`. */
  readonly state: string | undefined;
}

/** What the controller says of one node, or of none. */
export interface ControllerNodeInfo extends ControllerNode {
  readonly uuid: string | undefined;
  readonly hasQuorum: boolean;
  readonly remote: boolean;
}

interface Waiting {
  resolve(message: Element): void;
  reject(error: IpcError): void;
  timeout: NodeJS.Timeout | undefined;
}

/**
 * A connection to this node's controller (controller.md 10). It relays requests to other nodes' controllers; what asks
 * for no node of the cluster is answered by nobody.
 */
export class ControllerClient {
  readonly #clientName: string;
  readonly #envelopes = new Envelopes({ wallMs: () => Date.now() }, { featureSet: announcedRelease().featureSet });
  readonly #waiting = new Map<string, Waiting>();
  readonly #executorAnswers: { expected: number; received: number; done?: Waiting; onAnswer: () => void } = {
    expected: 0,
    received: 0,
    onAnswer: () => {},
  };
  #ipc: XmlIpcClient | undefined;

  private constructor(clientName: string) {
    this.#clientName = clientName;
  }

  /** @throws {IpcError} when no controller runs here, or it may not be used by this account */
  static async connect(clientName: string): Promise<ControllerClient> {
    const client = new ControllerClient(clientName);
    client.#ipc = await connectXmlIpc({
      path: paths.socket('crmd'),
      onEvent: (message) => client.#received(message),
      onClose: (reason) => client.#closed(reason),
    });
    const options = element('options', {
      major_version: '1',
      minor_version: '0',
      client_name: clientName,
      client_id: String(process.pid),
    });
    await client.#send(client.#envelope('hello', 'crmd', {}, options));
    return client;
  }

  /**
   * State of a controller. @param node undefined: the designated controller's
   * @throws {IpcError} with code IPC_TIMEOUT when nobody answers: no such node, or no designated controller
   */
  async ping(node: string | undefined, timeoutMs: number): Promise<{ node: string; state: string; result: string }> {
    const to = node === undefined ? 'dc' : 'crmd';
    const reply = await this.#request('ping', to, { crm_host_to: node }, timeoutMs);
    const data = messageData(reply);
    return {
      node: attr(reply, 'src') ?? '',
      state: (data && attr(data, 'crmd_state')) ?? 'unknown',
      result: (data && attr(data, 'result')) ?? 'unknown',
    };
  }

  /** A node by its id; undefined: the local one. @throws {IpcError} */
  async nodeInfo(id: number | undefined, timeoutMs: number): Promise<ControllerNodeInfo> {
    const reply = await this.#request('node-info', 'crmd', id === undefined ? {} : { id }, timeoutMs);
    const data = messageData(reply) ?? element('node');
    return {
      ...nodeOf(data),
      uuid: attr(data, 'uuid'),
      hasQuorum: attr(data, 'have-quorum') === 'true',
      remote: attr(data, 'remote_node') === 'true',
    };
  }

  /** Every node the controller knows, as it lists them. @throws {IpcError} */
  async listNodes(timeoutMs: number): Promise<ControllerNode[]> {
    const data = messageData(await this.#request('list-nodes', 'crmd', {}, timeoutMs));
    return data === undefined ? [] : childElements(data).map(nodeOf);
  }

  /** Lets every controller forget a node that left for good. It is answered by nobody. @throws {IpcError} */
  async forgetNode(node: { id?: number | undefined; name?: string | undefined }): Promise<void> {
    await this.#send(this.#envelope('rm_node_cache', 'crmd', { id: node.id, uname: node.name }));
  }

  /**
   * Hands an order to the controller of a node's executor (`lrm_delete`, `lrm_fail`, `probe_again`); its answer is
   * counted by {@link awaitExecutorAnswers}. @param node undefined: every node @throws {IpcError}
   */
  async order(task: 'lrm_delete' | 'lrm_fail' | 'probe_again', node: string | undefined, data: Element): Promise<void> {
    this.#executorAnswers.expected += 1;
    await this.#send(this.#envelope(task, 'crmd', { crm_host_to: node }, data));
  }

  /**
   * Has the local controller delete a resource's history from the CIB where its node can't do it: it is offline.
   * It is answered by nobody. @param data as for `lrm_delete` @throws {IpcError}
   */
  async deleteHistoryInCib(data: Element): Promise<void> {
    await this.#send(this.#envelope('lrm_delete', 'crmd', {}, withAttributes(data, { mode: 'cib' })));
  }

  /** Calls back for each answer to an order as it comes. */
  onExecutorAnswer(handler: () => void): void {
    this.#executorAnswers.onAnswer = handler;
  }

  /** Orders that were not answered yet. */
  get openOrders(): number {
    return Math.max(0, this.#executorAnswers.expected - this.#executorAnswers.received);
  }

  /** Resolves when every order was answered. @throws {IpcError} with code IPC_TIMEOUT */
  awaitExecutorAnswers(timeoutMs: number): Promise<void> {
    if (this.openOrders === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { resolve: () => resolve(), reject, timeout: undefined };
      waiting.timeout = setTimeout(() => {
        delete this.#executorAnswers.done;
        reject(new IpcError('IPC_TIMEOUT', `${this.openOrders} orders were not answered within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#executorAnswers.done = waiting;
    });
  }

  close(): void {
    this.#ipc?.close();
    this.#closed('the connection was closed');
  }

  #envelope(
    task: string,
    to: string,
    attributes: Readonly<Record<string, string | number | undefined>>,
    data?: Element,
  ): Element {
    const { crm_host_to: host, ...rest } = attributes;
    return this.#envelopes.request({
      task,
      to,
      from: this.#clientName,
      host: host === undefined ? undefined : String(host),
      origin: this.#clientName,
      attributes: rest,
      data,
    });
  }

  async #send(message: Element): Promise<void> {
    if (this.#ipc === undefined) throw new IpcError('IPC_CLOSED', 'not connected to the controller');
    await this.#ipc.request(message, ackTimeoutMs);
  }

  async #request(
    task: string,
    to: string,
    attributes: Readonly<Record<string, string | number | undefined>>,
    timeoutMs: number,
  ): Promise<Element> {
    const message = this.#envelope(task, to, attributes);
    const reference = attr(message, 'reference') ?? '';
    const answer = new Promise<Element>((resolve, reject) => {
      const timeout = setTimeout(() => {
        this.#waiting.delete(reference);
        reject(new IpcError('IPC_TIMEOUT', `no answer from the controller within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(reference, { resolve, reject, timeout });
    });
    try {
      await this.#send(message);
    } catch (error) {
      const waiting = this.#waiting.get(reference);
      clearTimeout(waiting?.timeout);
      this.#waiting.delete(reference);
      throw error;
    }
    return answer;
  }

  #received(message: Element): void {
    const waiting = this.#waiting.get(attr(message, 'reference') ?? '');
    if (waiting !== undefined) {
      this.#waiting.delete(attr(message, 'reference') ?? '');
      clearTimeout(waiting.timeout);
      waiting.resolve(message);
    } else if (attr(message, 'crm_task') === 'lrm_invoke') this.#orderAnswered(message);
  }

  #orderAnswered(message: Element): void {
    const answers = this.#executorAnswers;
    if (this.openOrders === 0) return;
    answers.received += 1;
    answers.onAnswer();
    if (this.openOrders > 0 || answers.done === undefined) return;
    clearTimeout(answers.done.timeout);
    answers.done.resolve(message);
    delete answers.done;
  }

  #closed(reason: string): void {
    const { done } = this.#executorAnswers;
    for (const waiting of [...this.#waiting.values(), ...(done === undefined ? [] : [done])]) {
      clearTimeout(waiting.timeout);
      waiting.reject(new IpcError('IPC_CLOSED', reason));
    }
    this.#waiting.clear();
    delete this.#executorAnswers.done;
  }
}

function nodeOf(data: Element): ControllerNode {
  return {
    id: Number.parseInt(attr(data, 'id') ?? '0', 10) || 0,
    name: attr(data, 'uname'),
    state: attr(data, 'crmd') ?? attr(data, 'in_ccm') ?? attr(data, 'state'),
  };
}
