import { connectIpc, type IpcClient, IpcError } from '@sanode/ipc';
import { paths } from '@sanode/runtime';
import { ByteReader, ByteWriter, WireError } from '../wire/bytes.ts';
import { maxFrameBytes, operation, protocolVersion } from '../wire/protocol.ts';
import { csResult, csResultName } from '../wire/results.ts';
import { CorosyncError } from './types.ts';

/** How a client connects. */
export interface ConnectOptions {
  /** Path of the daemon's socket. Default `paths.socket('corosync')`. */
  readonly socketPath?: string;
  /** How long to repeat a connect that the daemon puts off, because its first ring is not formed yet. Default 60000 ms. */
  readonly retryForMs?: number;
}

/** What every client of the corosync daemon is built on: one connection, requests and their results, events. */
export interface Session {
  readonly localNodeId: number;
  /** Sends a request. @returns reader of its fields @throws {CorosyncError} for any result but OK */
  request(body: Uint8Array): Promise<ByteReader>;
  /** Sends a request and returns the result's number with the reader, whatever it is. @throws {CorosyncError} LIBRARY */
  exchange(body: Uint8Array): Promise<{ result: number; fields: ByteReader }>;
  close(): void;
}

export interface SessionHandlers {
  /** One event: its number and a reader of its fields. */
  event(kind: number, fields: ByteReader): void;
  closed(reason: string): void;
}

const retryDelayMs = 100;
const defaultRetryForMs = 60_000;

/**
 * Opens a connection to the corosync daemon.
 * @throws {CorosyncError} LIBRARY when it does not run, ACCESS when this account may not connect, TRY_AGAIN when its
 * ring is still not formed after `retryForMs`
 */
export async function openSession(handlers: SessionHandlers, options: ConnectOptions = {}): Promise<Session> {
  const deadlineMs = performance.now() + (options.retryForMs ?? defaultRetryForMs);
  for (;;) {
    try {
      return await openOnce(handlers, options.socketPath ?? paths.socket('corosync'));
    } catch (error) {
      const retry = error instanceof CorosyncError && error.code === 'TRY_AGAIN' && performance.now() < deadlineMs;
      if (!retry) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, retryDelayMs));
  }
}

async function openOnce(handlers: SessionHandlers, path: string): Promise<Session> {
  let open = false;
  let endReason: string | undefined;
  let client: IpcClient;
  try {
    client = await connectIpc({
      path,
      maxMessageBytes: maxFrameBytes,
      onEvent(body) {
        try {
          dispatchEvents(body, handlers);
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
          client.close();
          handlers.closed(`corosync's event is not understood: ${error.message}`);
        }
      },
      onClose(reason) {
        endReason = reason;
        if (open) handlers.closed(reason);
      },
    });
  } catch (error) {
    throw asCorosyncError(error);
  }
  async function exchange(body: Uint8Array): Promise<{ result: number; fields: ByteReader }> {
    try {
      const fields = new ByteReader(await client.request(body));
      return { result: fields.u8(), fields };
    } catch (error) {
      throw asCorosyncError(error);
    }
  }
  async function request(body: Uint8Array): Promise<ByteReader> {
    const { result, fields } = await exchange(body);
    if (result === csResult.OK) return fields;
    const name = csResultName(result);
    throw new CorosyncError(name === 'OK' ? 'LIBRARY' : name, `corosync answered CS_ERR_${name}`);
  }
  let localNodeId: number;
  try {
    const hello = new ByteWriter().u8(operation.hello).u32(protocolVersion).u32(process.pid).finish();
    localNodeId = (await request(hello)).u32();
  } catch (error) {
    client.close();
    throw error;
  }
  open = true;
  if (endReason !== undefined) throw new CorosyncError('LIBRARY', `corosync closed the connection: ${endReason}`);
  return { localNodeId, request, exchange, close: () => client.close() };
}

function dispatchEvents(body: Buffer, handlers: SessionHandlers): void {
  const frame = new ByteReader(body);
  while (!frame.atEnd) {
    const fields = new ByteReader(frame.bytes());
    handlers.event(fields.u8(), fields);
  }
}

function asCorosyncError(error: unknown): unknown {
  if (error instanceof WireError)
    return new CorosyncError('LIBRARY', `corosync's answer is not understood: ${error.message}`);
  if (!(error instanceof IpcError)) return error;
  const code = error.errno === 'EACCES' ? 'ACCESS' : 'LIBRARY';
  return new CorosyncError(
    code,
    error.code === 'IPC_CONNECT' ? `corosync does not answer: ${error.message}` : error.message,
  );
}
