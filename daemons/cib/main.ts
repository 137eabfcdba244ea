import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CibHost, CibManager, CibWriter, cibResult, readCibDirectory, validateCib } from '@sanode/cib/daemon';
import { type IpcServer, type IpcServerClient, listenXmlIpc, sendXmlEvent } from '@sanode/ipc';
import { type ClusterConnection, connectCluster } from '@sanode/peers';
import {
  announcedRelease,
  clusterGroup,
  clusterUser,
  type Logger,
  NodeHost,
  notifyReady,
  openLog,
  paths,
  Reactor,
} from '@sanode/runtime';
import type { Element } from '@sanode/xml';
import { accountName, groupId } from './accounts.ts';

const exitDisconnected = 102;
const exitFailed = 1;
const usage = 'usage: cib [--stand-alone] [--cib-root DIRECTORY]';

interface Options {
  readonly standAlone: boolean;
  readonly directory: string;
}

function parseArguments(argv: readonly string[]): Options | undefined {
  let standAlone = false;
  let directory: string = paths.cibDir;
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] as string;
    if (word === '-s' || word === '--stand-alone') standAlone = true;
    else if ((word === '-r' || word === '--cib-root') && argv[index + 1] !== undefined) {
      index += 1;
      directory = argv[index] as string;
    } else if (word.startsWith('--cib-root=')) directory = word.slice('--cib-root='.length);
    else return undefined;
  }
  return { standAlone, directory };
}

/** Corosync does not run here, or did not let us in. */
class ClusterUnreachable extends Error {}

async function joinCluster(...args: Parameters<typeof connectCluster>): Promise<ClusterConnection> {
  try {
    return await connectCluster(...args);
  } catch (error) {
    throw new ClusterUnreachable(`no connection to corosync: ${(error as Error).message}`, { cause: error });
  }
}

/** Connected clients and the answers they wait for, between the core's names and the sockets. */
class Connections {
  readonly #byId = new Map<string, IpcServerClient>();
  readonly #answers = new Map<number, (answer: Element) => void>();
  #nextToken = 1;

  add(id: string, client: IpcServerClient): void {
    this.#byId.set(id, client);
  }

  remove(id: string): void {
    this.#byId.delete(id);
  }

  token(respond: (answer: Element) => void): number {
    const token = this.#nextToken++;
    this.#answers.set(token, respond);
    return token;
  }

  respond(token: number, answer: Element): void {
    const respond = this.#answers.get(token);
    this.#answers.delete(token);
    respond?.(answer);
  }

  forget(tokens: Iterable<number>): void {
    for (const token of tokens) this.#answers.delete(token);
  }

  event(id: string, message: Element): void {
    const client = this.#byId.get(id);
    if (client !== undefined) sendXmlEvent(client, message);
  }

  close(id: string): void {
    this.#byId.get(id)?.close();
  }
}

async function main(options: Options, log: Logger): Promise<void> {
  const release = announcedRelease();
  mkdirSync(options.directory, { recursive: true, mode: 0o750 });
  const cib = readCibDirectory(options.directory, release, log);
  const problems = validateCib(cib);
  if (problems.length > 0) {
    log.error(
      { problems },
      'the CIB on disk does not conform to its schema; every request is refused until it is repaired',
    );
  }
  const connections = new Connections();
  let cluster: ClusterConnection | undefined;
  let received = 0;
  let core: CibManager | undefined;
  const servers: IpcServer[] = [];
  const early: Element[] = [];

  const reactor = new Reactor(`cib/${process.pid}`);
  const nodeHost = new NodeHost({ reactor, log }, { receivedCount: () => received });
  const writer = new CibWriter(
    { log },
    {
      file: join(options.directory, 'cib.xml'),
      escaping: release.name,
      written: (sequence, ok) => reactor.enter(() => core?.persisted(sequence, ok)),
    },
  );

  const leave = async (code: number): Promise<void> => {
    for (const server of servers) await server.close();
    await writer.idle();
    await cluster?.leave().catch((error: unknown) => log.warn({ err: error }, 'leaving the group failed'));
    log.info({ code }, 'the CIB manager stops');
    process.exit(code);
  };

  const host: CibHost = {
    log,
    monotonicMs: () => nodeHost.monotonicMs(),
    wallMs: () => nodeHost.wallMs(),
    randomUint32: () => nodeHost.randomUint32(),
    setTimer: (delayMs, handler) => nodeHost.setTimer(delayMs, handler),
    randomUuid: () => randomUUID(),
    multicast: (message) => reactor.effect(() => cluster?.send(undefined, message, reactor.cause)),
    sendTo: (node, message) => reactor.effect(() => cluster?.send(node, message, reactor.cause)),
    respond: (_client, token, answer) => reactor.effect(() => connections.respond(token, answer)),
    event: (client, message) => reactor.effect(() => connections.event(client, message)),
    disconnectClient: (client) => reactor.effect(() => connections.close(client)),
    persist: (document, sequence) => reactor.effect(() => writer.write(document, sequence)),
    activePeerCount: () =>
      (cluster?.peers() ?? []).filter((peer) => peer.online && peer.id !== cluster?.localId).length,
    exit: (code) => reactor.effect(() => void leave(code)),
  };

  if (!options.standAlone) {
    cluster = await joinCluster(
      { log, reactor },
      { group: 'cib', trackQuorum: false, autoReap: true },
      {
        message: ({ element }) => {
          received += 1;
          if (core === undefined) early.push(element);
          else core.peerMessage(element);
        },
        peerChanged: (peer, change) =>
          log.info({ peer: peer.name ?? peer.id, online: peer.online, change }, 'a peer changed'),
        disconnected: (reason) => {
          log.error({ reason }, 'corosync is gone; the CIB manager stops');
          process.exit(exitDisconnected);
        },
      },
    );
  }
  core = new CibManager(host, {
    nodeName: cluster?.localName ?? 'localhost',
    release,
    cib,
    clustered: cluster !== undefined,
    ...(problems.length > 0 ? { unusableRc: cibResult.schemaValidation } : {}),
  });
  const ready = core;
  for (const message of early.splice(0)) reactor.enter(() => ready.peerMessage(message));

  servers.push(await listen('cib_ro', false, ready, reactor, connections, log));
  servers.push(await listen('cib_rw', true, ready, reactor, connections, log));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log.info({ signal }, 'asked to stop');
      reactor.enter(() => ready.shutdown());
    });
  }
  log.info({ release: release.name, node: cluster?.localName, directory: options.directory }, 'the CIB manager runs');
  notifyReady();
}

function listen(
  name: 'cib_ro' | 'cib_rw',
  writable: boolean,
  core: CibManager,
  reactor: Reactor,
  connections: Connections,
  log: Logger,
): Promise<IpcServer> {
  const ids = new Map<IpcServerClient, string>();
  const open = new Map<IpcServerClient, Set<number>>();
  const deliver = (client: IpcServerClient, message: Element, respond?: (answer: Element) => void): void => {
    const id = ids.get(client);
    if (id === undefined) return;
    let token: number | undefined;
    if (respond !== undefined) {
      const tokens = open.get(client);
      const made = connections.token((answer) => {
        tokens?.delete(made);
        respond(answer);
      });
      tokens?.add(made);
      token = made;
    }
    reactor.enter(() => core.clientMessage(id, message, token));
  };
  return listenXmlIpc(
    { path: paths.socket(name), mode: writable ? 0o660 : 0o666, gid: groupId(clusterGroup) },
    {
      connect(client) {
        const user = accountName(client.credentials.uid);
        const privileged = client.credentials.uid === 0 || user === clusterUser;
        const { pid } = client.credentials;
        reactor.enter(() => {
          const id = core.clientConnected({ user, pid, privileged, writable });
          ids.set(client, id);
          open.set(client, new Set());
          connections.add(id, client);
        });
        return undefined;
      },
      request: (client, message, respond) => deliver(client, message, respond),
      message: (client, message) => deliver(client, message),
      disconnect(client, reason) {
        const id = ids.get(client);
        if (id === undefined) return;
        ids.delete(client);
        connections.remove(id);
        connections.forget(open.get(client) ?? []);
        open.delete(client);
        log.debug({ client: id, reason }, 'a client is gone');
        reactor.enter(() => core.clientGone(id));
      },
    },
  );
}

const log = openLog({ name: 'cib', file: paths.pacemakerLog });
const options = parseArguments(process.argv.slice(2));
if (options === undefined) {
  process.stderr.write(`${usage}\n`);
  process.exit(64);
}
try {
  await main(options, log);
} catch (error) {
  log.fatal({ err: error }, `the CIB manager can not start: ${(error as Error).message}`);
  process.exit(error instanceof ClusterUnreachable ? exitDisconnected : exitFailed);
}
