import { connect as connectSocket, type Socket } from 'node:net';
import { encodeFrame, type FrameKind, FrameReader, frameKind } from './frame.ts';
import { peerCredentials } from './peer-credentials.ts';

/** A local daemon that can't be reached, or that went away while an answer was awaited. */
export class IpcError extends Error {
  /** IPC_CONNECT: nobody listens or no permission. IPC_CLOSED: the connection ended. IPC_TIMEOUT: no answer in time. */
  readonly code: 'IPC_CONNECT' | 'IPC_CLOSED' | 'IPC_TIMEOUT';
  /** errno name of the failed connect (ENOENT, ECONNREFUSED, EACCES), if that is what happened. */
  readonly errno: string | undefined;

  constructor(code: IpcError['code'], message: string, errno?: string) {
    super(message);
    this.code = code;
    this.errno = errno;
  }
}

/** Settings of {@link connectIpc}. */
export interface IpcClientOptions {
  /** Path of the daemon's socket. */
  path: string;
  /** Largest message accepted from the daemon, bytes. Default 256 MiB. */
  maxMessageBytes?: number;
  onEvent?: (body: Buffer) => void;
  /** Called once when the connection ends for any reason but `close()`. */
  onClose?: (reason: string) => void;
}

/** A connection to a local daemon. */
export interface IpcClient {
  /** Sends a request and waits for its response. @param timeoutMs 0 waits for ever @throws {IpcError} */
  request(body: Uint8Array, timeoutMs?: number): Promise<Buffer>;
  /** Sends a message that gets no response. */
  send(body: Uint8Array): void;
  /** Resolves when the daemon's event loop has answered, whatever it speaks. @throws {IpcError} */
  ping(timeoutMs: number): Promise<void>;
  /** Process id of the daemon, as the kernel knows it. @throws {Error} when the connection is gone */
  serverPid(): number;
  close(): void;
}

/** Connects to a daemon's local socket. @throws {IpcError} with code IPC_CONNECT */
export function connectIpc(options: IpcClientOptions): Promise<IpcClient> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(options.path);
    socket.once('error', (error: NodeJS.ErrnoException) => {
      reject(new IpcError('IPC_CONNECT', `cannot connect to ${options.path}: ${error.message}`, error.code));
    });
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(new Connection(socket, options));
    });
  });
}

interface Waiting {
  resolve(body: Buffer): void;
  reject(error: IpcError): void;
  timeout: NodeJS.Timeout | undefined;
}

class Connection implements IpcClient {
  readonly #socket: Socket;
  readonly #options: IpcClientOptions;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #closed = false;

  constructor(socket: Socket, options: IpcClientOptions) {
    this.#socket = socket;
    this.#options = options;
    const reader = new FrameReader(options.maxMessageBytes ?? 256 * 1024 * 1024);
    let reason = 'the daemon closed the connection';
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) {
          if (frame.kind === frameKind.event) options.onEvent?.(frame.body);
          else if (frame.kind === frameKind.response) this.#settle(frame.id, frame.body);
        }
      } catch (error) {
        reason = String(error);
        socket.destroy();
        if (!(error instanceof Error && 'code' in error && error.code === 'IPC_FRAME')) throw error;
      }
    });
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.on('close', () => this.#ended(reason));
  }

  request(body: Uint8Array, timeoutMs = 0): Promise<Buffer> {
    return this.#exchange(frameKind.request, body, timeoutMs);
  }

  async ping(timeoutMs: number): Promise<void> {
    await this.#exchange(frameKind.ping, Buffer.alloc(0), timeoutMs);
  }

  serverPid(): number {
    return peerCredentials(this.#socket).pid;
  }

  #exchange(kind: FrameKind, body: Uint8Array, timeoutMs: number): Promise<Buffer> {
    if (this.#closed) return Promise.reject(new IpcError('IPC_CLOSED', 'the connection is closed'));
    const id = this.#nextId;
    this.#nextId = id === 0xffffffff ? 1 : id + 1;
    return new Promise((resolve, reject) => {
      const timeout =
        timeoutMs > 0
          ? setTimeout(() => {
              this.#waiting.delete(id);
              reject(new IpcError('IPC_TIMEOUT', `no answer from ${this.#options.path} within ${timeoutMs} ms`));
            }, timeoutMs)
          : undefined;
      this.#waiting.set(id, { resolve, reject, timeout });
      this.#write(kind, id, body);
    });
  }

  send(body: Uint8Array): void {
    if (!this.#closed) this.#write(frameKind.oneWay, 0, body);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rejectAll('the connection was closed');
    this.#socket.end();
    this.#socket.unref();
  }

  #write(kind: FrameKind, id: number, body: Uint8Array): void {
    this.#socket.write(encodeFrame(kind, id, body));
  }

  #settle(id: number, body: Buffer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timeout);
    waiting.resolve(body);
  }

  #ended(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#rejectAll(reason);
    this.#options.onClose?.(reason);
  }

  #rejectAll(reason: string): void {
    for (const waiting of this.#waiting.values()) {
      clearTimeout(waiting.timeout);
      waiting.reject(new IpcError('IPC_CLOSED', reason));
    }
    this.#waiting.clear();
  }
}
