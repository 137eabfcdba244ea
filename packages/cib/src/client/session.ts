import { connectXmlIpc, IpcError, type XmlIpcClient } from '@sanode/ipc';
import { attr, type Element, element, firstChild } from '@sanode/xml';
import { type CibClient, type CibReply, type CibRequest, cibOption } from './types.ts';

const defaultTimeoutMs = 120_000;

interface Waiting {
  resolve(reply: CibReply): void;
  reject(error: Error): void;
  readonly timeout: NodeJS.Timeout;
}

/** A connection to the cib daemon. */
export class CibSession implements CibClient {
  readonly #waiting = new Map<string, Waiting>();
  readonly #diffHandlers: ((notify: Element) => void)[] = [];
  #ipc: XmlIpcClient | undefined;
  #token = '';
  #nextCall = 1;

  /** Connects and registers. @throws {IpcError} */
  static async open(
    path: string,
    options: { clientName: string; onClose?: (reason: string) => void },
  ): Promise<CibSession> {
    const session = new CibSession();
    const ipc = await connectXmlIpc({
      path,
      onEvent: (message) => session.#event(message),
      onClose: (reason) => {
        session.#failAll(new IpcError('IPC_CLOSED', reason));
        options.onClose?.(reason);
      },
    });
    session.#ipc = ipc;
    const hello = element('cib_command', { t: 'cib', cib_op: 'register', cib_clientname: options.clientName });
    session.#token = attr(await ipc.request(hello, defaultTimeoutMs), 'cib_clientid') ?? '';
    return session;
  }

  async call(request: CibRequest): Promise<CibReply> {
    const ipc = this.#ipc;
    if (ipc === undefined) throw new IpcError('IPC_CLOSED', 'the connection is closed');
    const callId = String(this.#nextCall++);
    const options = request.options ?? 0;
    const timeoutMs = request.timeoutMs ?? defaultTimeoutMs;
    const message = this.#requestElement(request, callId, options);
    if ((options & cibOption.syncCall) !== 0) return toReply(await ipc.request(message, timeoutMs));
    const reply = (options & cibOption.discardReply) === 0 ? this.#expect(callId, timeoutMs) : undefined;
    // The caller hears of a lost connection by the reply; this promise must not be left without a handler meanwhile.
    reply?.catch(() => {});
    const ack = await ipc.request(message, timeoutMs);
    const status = Number.parseInt(attr(ack, 'status') ?? '0', 10);
    if (reply === undefined) return { rc: status, data: undefined };
    if (status !== 0) this.#settle(callId, { rc: status, data: undefined });
    return reply;
  }

  onDiff(handler: (notify: Element) => void): void {
    this.#diffHandlers.push(handler);
    if (this.#diffHandlers.length > 1) return;
    this.#ipc
      ?.request(
        element('cib_command', {
          t: 'cib',
          cib_op: 'cib_notify',
          cib_notify_type: 'cib_diff_notify',
          cib_notify_activate: 1,
        }),
      )
      .catch(() => {
        // A lost connection is told by onClose.
      });
  }

  close(): void {
    this.#ipc?.close();
    this.#ipc = undefined;
    this.#failAll(new IpcError('IPC_CLOSED', 'the connection was closed'));
  }

  #requestElement(request: CibRequest, callId: string, options: number): Element {
    return element(
      'cib_command',
      {
        __name__: 'cib_command',
        t: 'cib',
        cib_async_id: this.#token,
        cib_op: request.operation,
        cib_host: request.host,
        cib_section: request.section,
        cib_callid: callId,
        cib_user: request.user,
        cib_callopt: options,
      },
      request.data === undefined ? [] : [element('cib_calldata', {}, [request.data])],
    );
  }

  #expect(callId: string, timeoutMs: number): Promise<CibReply> {
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(() => {
        this.#waiting.delete(callId);
        reject(new IpcError('IPC_TIMEOUT', `the CIB manager did not answer within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#waiting.set(callId, { resolve, reject, timeout });
    });
  }

  #event(message: Element): void {
    if (message.name === 'notify') {
      if (attr(message, 'subt') === 'cib_diff_notify') for (const handler of this.#diffHandlers) handler(message);
      return;
    }
    this.#settle(attr(message, 'cib_callid') ?? '', toReply(message));
  }

  #settle(callId: string, reply: CibReply): void {
    const waiting = this.#waiting.get(callId);
    if (waiting === undefined) return;
    this.#waiting.delete(callId);
    clearTimeout(waiting.timeout);
    waiting.resolve(reply);
  }

  #failAll(error: Error): void {
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timeout);
      waiting.reject(error);
    }
    this.#waiting.clear();
  }
}

function toReply(message: Element): CibReply {
  const data = firstChild(message, 'cib_calldata');
  const rc = Number.parseInt(attr(message, 'cib_rc') ?? attr(message, 'status') ?? '-201', 10);
  // -207 means that the daemon repairs itself; for a caller the request is done.
  return { rc: rc === -207 ? 0 : rc, data: data && firstChild(data) };
}
