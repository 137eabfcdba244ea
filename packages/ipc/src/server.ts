import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { encodeFrame, type FrameKind, FrameReader, frameKind } from './frame.ts';
import { type ByteHolder, MemoryBudget } from './memory-budget.ts';
import { type PeerCredentials, peerCredentials } from './peer-credentials.ts';

/** One connected client, as its daemon sees it. */
export interface IpcServerClient {
  /** Unique among this process's clients, never reused. */
  readonly id: string;
  readonly credentials: PeerCredentials;
  /** Sends an event. A client whose unread bytes would exceed the limit is cut off instead. */
  sendEvent(body: Uint8Array): void;
  /** Ends the connection. */
  close(): void;
  /** Bytes written to it that it has not read yet. */
  readonly queuedBytes: number;
}

/** What a daemon does with its clients. */
export interface IpcServerHandlers {
  /** A client connected. Returning a sentence refuses it; undefined accepts. */
  connect?(client: IpcServerClient): string | undefined;
  /** A request; `respond` must be called exactly once, now or later. */
  request(client: IpcServerClient, body: Buffer, respond: (body: Uint8Array) => void): void;
  /** A message that wants no response. */
  message?(client: IpcServerClient, body: Buffer): void;
  /** The client is gone, or was cut off for `reason`. */
  disconnect?(client: IpcServerClient, reason: string): void;
}

/** Settings of {@link listenIpc}. */
export interface IpcServerOptions {
  path: string;
  /** Mode of the socket file, for example 0o660. */
  mode: number;
  /** Owning group id of the socket file; needs root. Default: unchanged. */
  gid?: number;
  /** Largest message accepted, bytes. Default 256 MiB. */
  maxMessageBytes?: number;
  /** Unread bytes at which a slow client is cut off. Default 64 MiB. */
  maxQueuedBytes?: number;
  /** Bytes kept for all clients together, unread ones and incomplete messages; who has most is cut off. Default 256 MiB. */
  maxTotalBytes?: number;
  /** Clients at the same time; more are refused. Default 512. */
  maxClients?: number;
}

/** A listening daemon socket. */
export interface IpcServer {
  readonly clients: ReadonlySet<IpcServerClient>;
  /** Closes the socket and every client, and removes the file. */
  close(): Promise<void>;
}

const defaultMessageBytes = 2 ** 28;
const defaultQueuedBytes = 2 ** 26;
const defaultTotalBytes = 2 ** 28;

let clientCount = 0;

/** Listens on a local socket. A file left by a dead process is replaced. @throws {Error} when it can't listen */
export function listenIpc(options: IpcServerOptions, handlers: IpcServerHandlers): Promise<IpcServer> {
  mkdirSync(dirname(options.path), { recursive: true });
  rmSync(options.path, { force: true });
  const clients = new Set<Client>();
  const budget = new MemoryBudget(options.maxTotalBytes ?? defaultTotalBytes, () => clients);
  const server = createServer((socket) => accept(socket, options, handlers, { clients, budget }));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.path, () => {
      server.removeListener('error', reject);
      if (options.gid !== undefined) chownSync(options.path, -1, options.gid);
      chmodSync(options.path, options.mode);
      resolve({ clients, close: () => closeServer(server, clients) });
    });
  });
}

function closeServer(server: Server, clients: ReadonlySet<Client>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const client of [...clients]) client.close();
  });
}

function accept(
  socket: Socket,
  options: IpcServerOptions,
  handlers: IpcServerHandlers,
  { clients, budget }: { clients: Set<Client>; budget: MemoryBudget },
): void {
  socket.on('error', () => {});
  let credentials: PeerCredentials;
  try {
    credentials = peerCredentials(socket);
  } catch {
    socket.destroy();
    return;
  }
  clientCount += 1;
  const limits = {
    maxQueuedBytes: options.maxQueuedBytes ?? defaultQueuedBytes,
    maxMessageBytes: options.maxMessageBytes ?? defaultMessageBytes,
    budget,
  };
  const client = new Client(`${process.pid}-${clientCount}`, credentials, socket, limits);
  const refusal = clients.size >= (options.maxClients ?? 512) ? 'too many clients' : handlers.connect?.(client);
  if (refusal !== undefined) {
    socket.destroy();
    return;
  }
  clients.add(client);
  socket.on('data', (chunk: Buffer) => {
    let frames: ReturnType<FrameReader['push']>;
    try {
      frames = client.reader.push(chunk);
    } catch (error) {
      client.cut(String(error));
      return;
    }
    if (client.reader.bufferedBytes > 0) budget.add(chunk.length);
    for (const frame of frames) {
      // Cut off or closed over an earlier frame of the same chunk: the rest is not served.
      if (client.ended) return;
      if (frame.kind === frameKind.request) {
        handlers.request(client, frame.body, (body) => client.write(frameKind.response, frame.id, body));
      } else if (frame.kind === frameKind.oneWay) handlers.message?.(client, frame.body);
      else if (frame.kind === frameKind.ping) client.write(frameKind.response, frame.id, frame.body);
      else client.cut('a client may only send requests and one-way messages');
    }
  });
  socket.on('close', () => {
    clients.delete(client);
    handlers.disconnect?.(client, client.endReason);
  });
}

/** What a client may take to read what was sent before its connection is closed, ms. */
const closeGraceMs = 1000;

interface ClientLimits {
  readonly maxQueuedBytes: number;
  readonly maxMessageBytes: number;
  readonly budget: MemoryBudget;
}

class Client implements IpcServerClient, ByteHolder {
  readonly id: string;
  readonly credentials: PeerCredentials;
  endReason = 'closed by the client';
  readonly reader: FrameReader;
  readonly #socket: Socket;
  readonly #limits: ClientLimits;

  constructor(id: string, credentials: PeerCredentials, socket: Socket, limits: ClientLimits) {
    this.id = id;
    this.credentials = credentials;
    this.#socket = socket;
    this.#limits = limits;
    this.reader = new FrameReader(limits.maxMessageBytes);
  }

  get heldBytes(): number {
    return this.#socket.writableLength + this.reader.bufferedBytes;
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  sendEvent(body: Uint8Array): void {
    this.write(frameKind.event, 0, body);
  }

  write(kind: FrameKind, id: number, body: Uint8Array): void {
    if (this.ended) return;
    if (this.#socket.writableLength + body.length > this.#limits.maxQueuedBytes) {
      this.cut(`does not read: ${this.#socket.writableLength} bytes are waiting`);
      return;
    }
    this.#socket.write(encodeFrame(kind, id, body));
    if (this.#socket.writableLength > 0) this.#limits.budget.add(body.length);
  }

  get ended(): boolean {
    return this.#socket.destroyed || this.#socket.writableEnded;
  }

  cut(reason: string): void {
    this.endReason = reason;
    this.#socket.destroy();
  }

  close(): void {
    if (this.ended) return;
    this.endReason = 'closed by the daemon';
    this.#socket.destroySoon();
    // One that does not read would keep the daemon from ending.
    const giveUp = setTimeout(() => this.#socket.destroy(), closeGraceMs);
    this.#socket.once('close', () => clearTimeout(giveUp));
  }
}
