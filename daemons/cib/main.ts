import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type CibHost, CibManager, CibWriter, cibResult, readCibDirectory, validateCib } from '@sanode/cib/daemon';
import type { IpcServer } from '@sanode/ipc';
import { type ClusterConnection, type ClusterHandlers, connectCluster } from '@sanode/peers';
import { announcedRelease, type Logger, NodeHost, notifyReady, openLog, paths, Reactor } from '@sanode/runtime';
import type { Element } from '@sanode/xml';
import { Connections, listen } from './clients.ts';

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

/** What of the daemon's parts is there so far; they are put together one after the other. */
interface Parts {
  cluster: ClusterConnection | undefined;
  core: CibManager | undefined;
  leaving: boolean;
  /** Messages that came before the core was there. */
  readonly early: Element[];
  readonly servers: IpcServer[];
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
  const parts: Parts = { cluster: undefined, core: undefined, leaving: false, early: [], servers: [] };
  const connections = new Connections();
  const reactor = new Reactor(`cib/${process.pid}`);
  const writer = new CibWriter(
    { log },
    {
      file: join(options.directory, 'cib.xml'),
      escaping: release.name,
      written: (sequence, ok) => reactor.enter(() => parts.core?.persisted(sequence, ok)),
    },
  );
  let received = 0;
  if (!options.standAlone)
    parts.cluster = await joinCluster(
      { log, reactor },
      groupOptions,
      handlers(parts, log, () => received++),
    );
  const host = createHost(parts, { log, reactor, connections, writer, receivedCount: () => received });
  const core = new CibManager(host, {
    nodeName: parts.cluster?.localName ?? 'localhost',
    release,
    cib,
    clustered: parts.cluster !== undefined,
    ...(problems.length > 0 ? { unusableRc: cibResult.schemaValidation } : {}),
  });
  parts.core = core;
  for (const message of parts.early.splice(0)) reactor.enter(() => core.peerMessage(message));
  parts.servers.push(await listen('cib_ro', false, core, reactor, connections, log));
  parts.servers.push(await listen('cib_rw', true, core, reactor, connections, log));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      log.info({ signal }, 'asked to stop');
      reactor.enter(() => core.shutdown());
    });
  }
  log.info(
    { release: release.name, node: parts.cluster?.localName, directory: options.directory },
    'the CIB manager runs',
  );
  notifyReady();
}

const groupOptions = { group: 'cib', trackQuorum: false, autoReap: true } as const;

function handlers(parts: Parts, log: Logger, countReceived: () => void): ClusterHandlers {
  return {
    message({ element }) {
      countReceived();
      if (parts.core === undefined) parts.early.push(element);
      else parts.core.peerMessage(element);
    },
    peerChanged: (peer, change) =>
      log.info({ peer: peer.name ?? peer.id, online: peer.online, change }, 'a peer changed'),
    disconnected(reason) {
      if (parts.leaving) return;
      log.error({ reason }, 'corosync is gone; the CIB manager stops');
      process.exit(exitDisconnected);
    },
  };
}

interface HostDeps {
  readonly log: Logger;
  readonly reactor: Reactor;
  readonly connections: Connections;
  readonly writer: CibWriter;
  readonly receivedCount: () => number;
}

function createHost(parts: Parts, deps: HostDeps): CibHost {
  const { log, reactor, connections, writer, receivedCount } = deps;
  const nodeHost = new NodeHost({ reactor, log }, { receivedCount });
  return {
    log,
    monotonicMs: () => nodeHost.monotonicMs(),
    wallMs: () => nodeHost.wallMs(),
    randomUint32: () => nodeHost.randomUint32(),
    setTimer: (delayMs, handler) => nodeHost.setTimer(delayMs, handler),
    randomUuid: () => randomUUID(),
    multicast: (message) => reactor.effect(() => parts.cluster?.send(undefined, message, reactor.cause)),
    knows: (node) => parts.cluster?.peerByName(node) !== undefined,
    sendTo: (node, message) => reactor.effect(() => parts.cluster?.send(node, message, reactor.cause)),
    respond: (_client, token, answer) => reactor.effect(() => connections.respond(token, answer)),
    event: (client, message) => reactor.effect(() => connections.event(client, message)),
    disconnectClient: (client) => reactor.effect(() => connections.close(client)),
    persist: (document, sequence) => reactor.effect(() => writer.write(document, sequence)),
    activePeerCount: () =>
      (parts.cluster?.peers() ?? []).filter((peer) => peer.online && peer.id !== parts.cluster?.localId).length,
    exit: (code) => reactor.effect(() => void leave(code, parts, writer, log)),
  };
}

/** Ends the process when everything is written and the group was left. */
async function leave(code: number, parts: Parts, writer: CibWriter, log: Logger): Promise<void> {
  parts.leaving = true;
  for (const server of parts.servers) await server.close();
  await writer.idle();
  await parts.cluster?.leave().catch((error: unknown) => log.warn({ err: error }, 'leaving the group failed'));
  log.info({ code }, 'the CIB manager stops');
  process.exit(code);
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
