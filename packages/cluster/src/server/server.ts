import { type IpcServer, type IpcServerClient, listenIpc, unknownId } from '@sanode/ipc';
import type { Reactor } from '@sanode/runtime';
import type { ClusterCore } from '../engine/cluster-core.ts';
import { ByteReader, ByteWriter, WireError } from '../wire/bytes.ts';
import { maxFrameBytes, operation, protocolVersion } from '../wire/protocol.ts';
import { csResult } from '../wire/results.ts';
import { type Answer, operationHandlers } from './operations.ts';
import { type ServerDaemon, Session } from './session.ts';
import { StatisticsMap, serviceOf } from './statistics-map.ts';

export interface ClusterServerOptions {
  readonly path: string;
  /** Group that may connect besides root; the file belongs to it. */
  readonly gid?: number;
}

/** The local socket of the corosync daemon. */
export interface ClusterServer {
  /** Requests are answered from now on (the first synchronization is complete). */
  open(): void;
  close(): Promise<void>;
}

/**
 * Serves the local clients of a core. Until `open()` every hello is answered TRY_AGAIN (corosync-services.md 1.5).
 * Handlers run in `deps.reactor`. @throws {Error} when the socket cannot be made
 */
export async function serveCluster(
  deps: { core: ClusterCore; daemon: ServerDaemon; reactor: Reactor },
  options: ClusterServerOptions,
): Promise<ClusterServer> {
  const { core, daemon, reactor } = deps;
  const sessions = new Map<string, Session>();
  const statistics = new StatisticsMap(daemon, sessions);
  let isOpen = false;
  const server: IpcServer = await listenIpc(
    {
      path: options.path,
      mode: 0o660,
      ...(options.gid === undefined ? {} : { gid: options.gid }),
      maxMessageBytes: maxFrameBytes,
    },
    {
      connect(client) {
        sessions.set(client.id, new Session(client, core, daemon, statistics));
        return undefined;
      },
      request(client, body, respond) {
        const session = sessions.get(client.id);
        if (session === undefined) return;
        const answer: Answer = (result, fields) => {
          session.flush();
          session.counters.responses += 1;
          const response = new ByteWriter(1 + (fields?.length ?? 0)).u8(result);
          respond(
            fields === undefined || result !== csResult.OK ? response.finish() : response.raw(fields.finish()).finish(),
          );
        };
        reactor.enter(() => handleRequest(session, body, answer, { isOpen, gid: options.gid }));
      },
      disconnect(client) {
        const session = sessions.get(client.id);
        sessions.delete(client.id);
        statistics.sessionClosed();
        if (session !== undefined) reactor.enter(() => session.end());
      },
    },
  );
  return {
    open() {
      isOpen = true;
    },
    close: () => server.close(),
  };
}

/** Who may connect, and whether requests are served yet. */
interface Admission {
  readonly isOpen: boolean;
  /** The socket's group. */
  readonly gid: number | undefined;
}

/** Carries out one request of a client, whatever its bytes. Call it in the core's reactor. */
export function handleRequest(session: Session, body: Buffer, answer: Answer, admission: Admission): void {
  const fields = new ByteReader(body);
  try {
    const op = fields.u8();
    session.counters.requests += 1;
    if (op === operation.hello) hello(session, fields, answer, admission);
    else if (!session.greeted) answer(csResult.BAD_HANDLE);
    else {
      const handler = operationHandlers[op];
      if (handler === undefined) answer(csResult.INVALID_PARAM);
      else {
        session.counters.service = serviceOf(op);
        handler(session, fields, answer);
      }
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    session.counters.invalid += 1;
    answer(csResult.INVALID_PARAM);
  }
}

function hello(session: Session, fields: ByteReader, answer: Answer, { isOpen, gid }: Admission): void {
  const version = fields.u32();
  const pid = fields.u32();
  if (version !== protocolVersion) answer(csResult.VERSION);
  else if (!isOpen) answer(csResult.TRY_AGAIN);
  else if (!isAdmitted(session.client, session.core, gid)) answer(csResult.ACCESS);
  else {
    session.greeted = true;
    // The kernel's word counts; a client in another PID namespace has none (0), its own number is all there is.
    session.pid = session.client.credentials.pid || pid;
    answer(csResult.OK, new ByteWriter().u32(session.daemon.nodeId));
  }
}

/** Root, the socket's group (its file let them in already), and whom the configuration names. */
function isAdmitted(client: IpcServerClient, core: ClusterCore, socketGid: number | undefined): boolean {
  const { uid, gid } = client.credentials;
  // The file's mode has let in root and its group only.
  if (uid === unknownId) return true;
  if (uid === 0 || gid === 0 || gid === socketGid || uid === process.geteuid?.()) return true;
  const keys = [`uidgid.uid.${uid}`, `uidgid.config.uid.${uid}`, `uidgid.gid.${gid}`, `uidgid.config.gid.${gid}`];
  return keys.some((key) => core.icmap.number(key) === 1);
}
