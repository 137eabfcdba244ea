import type { SchedulerReply } from '@sanode/controller';
import { connectXmlIpc, IpcError, type XmlIpcClient } from '@sanode/ipc';
import { messageData } from '@sanode/messages';
import { paths } from '@sanode/runtime';
import { attr, type Element } from '@sanode/xml';

type Done = (reply: SchedulerReply | undefined, problem: string | undefined) => void;

/** Connection to this node's pengine: made when it is first needed, and again after it was lost. */
export class SchedulerClient {
  #client: Promise<XmlIpcClient> | undefined;
  readonly #waiting = new Map<string, Done>();

  /** Sends `pe_calc`; `done` is called once, with the graph or with a sentence. */
  async ask(request: Element, done: Done): Promise<void> {
    const reference = attr(request, 'reference') ?? '';
    this.#waiting.set(reference, done);
    try {
      this.#client ??= this.#connect();
      const client = await this.#client;
      // The reply is the response itself, or an event after a mere acknowledgement.
      this.#answer(await client.request(request), reference);
    } catch (error) {
      if (!(error instanceof IpcError)) throw error;
      this.#client = undefined;
      this.#settle(reference, undefined, error.message);
    }
  }

  close(): void {
    this.#client?.then((client) => client.close()).catch(() => {});
    this.#client = undefined;
  }

  #connect(): Promise<XmlIpcClient> {
    return connectXmlIpc({
      path: paths.socket('pengine'),
      onEvent: (message) => this.#answer(message, attr(message, 'reference') ?? ''),
      onClose: (reason) => {
        this.#client = undefined;
        for (const reference of [...this.#waiting.keys()]) this.#settle(reference, undefined, reason);
      },
    });
  }

  #answer(message: Element, reference: string): void {
    const graph = messageData(message);
    if (graph !== undefined && graph.name === 'transition_graph') {
      const source = attr(message, 'crm-tgraph-in');
      this.#settle(reference, { graph, source }, undefined);
      return;
    }
    const problem = attr(message, 'sanode-refusal');
    if (problem !== undefined) this.#settle(reference, undefined, problem);
  }

  #settle(reference: string, reply: SchedulerReply | undefined, problem: string | undefined): void {
    const done = this.#waiting.get(reference);
    this.#waiting.delete(reference);
    done?.(reply, problem);
  }
}
