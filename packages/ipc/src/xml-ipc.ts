import { type Element, parseXml, printCompact, XmlError } from '@sanode/xml';
import { connectIpc, type IpcClientOptions } from './client.ts';
import { type IpcServer, type IpcServerClient, type IpcServerOptions, listenIpc } from './server.ts';

/** A connection to a daemon whose messages are XML elements (cib, crmd, lrmd, attrd, pengine, pacemakerd, stonith-ng). */
export interface XmlIpcClient {
  /** Sends a request and waits for the answer. @throws {import('./client.ts').IpcError} */
  request(message: Element, timeoutMs?: number): Promise<Element>;
  send(message: Element): void;
  close(): void;
}

/** Connects to a daemon that speaks XML. @throws {import('./client.ts').IpcError} */
export async function connectXmlIpc(
  options: Omit<IpcClientOptions, 'onEvent'> & { onEvent?: (message: Element) => void },
): Promise<XmlIpcClient> {
  const { onEvent, ...rest } = options;
  const client = await connectIpc({ ...rest, onEvent: (body) => onEvent?.(parseXml(body.toString('utf8'))) });
  return {
    async request(message, timeoutMs) {
      const answer = await client.request(Buffer.from(printCompact(message)), timeoutMs);
      return parseXml(answer.toString('utf8'));
    },
    send: (message) => client.send(Buffer.from(printCompact(message))),
    close: () => client.close(),
  };
}

/** Handlers of a daemon that speaks XML. A message that is no XML ends its sender's connection. */
export interface XmlIpcHandlers {
  connect?(client: IpcServerClient): string | undefined;
  request(client: IpcServerClient, message: Element, respond: (answer: Element) => void): void;
  message?(client: IpcServerClient, message: Element): void;
  disconnect?(client: IpcServerClient, reason: string): void;
}

/** Listens for XML messages. */
export function listenXmlIpc(options: IpcServerOptions, handlers: XmlIpcHandlers): Promise<IpcServer> {
  return listenIpc(options, {
    connect: (client) => handlers.connect?.(client),
    request(client, body, respond) {
      const message = parseOrClose(client, body);
      if (message !== undefined) {
        handlers.request(client, message, (answer) => respond(Buffer.from(printCompact(answer))));
      }
    },
    message(client, body) {
      const message = parseOrClose(client, body);
      if (message !== undefined) handlers.message?.(client, message);
    },
    disconnect: (client, reason) => handlers.disconnect?.(client, reason),
  });
}

/** Sends an event to a client of {@link listenXmlIpc}. */
export function sendXmlEvent(client: IpcServerClient, message: Element): void {
  client.sendEvent(Buffer.from(printCompact(message)));
}

function parseOrClose(client: IpcServerClient, body: Buffer): Element | undefined {
  try {
    return parseXml(body.toString('utf8'));
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    client.close();
    return undefined;
  }
}
