import { AlertRunner, Executor, type ExecutorHost, nativePolicy, Runner, Watcher } from '@sanode/executor/server';
import { type IpcServerClient, listenXmlIpc, sendXmlEvent } from '@sanode/ipc';
import {
  accountByName,
  clusterGroup,
  clusterUser,
  idIsMapped,
  NodeHost,
  notifyReady,
  openLog,
  paths,
  Reactor,
  usableGroupId,
} from '@sanode/runtime';
import { attr, type Element } from '@sanode/xml';

const log = openLog({ name: 'pacemaker-execd', file: paths.pacemakerLog });
const reactor = new Reactor('lrmd');
const nodeHost = new NodeHost({ reactor, log });
const policy = nativePolicy(process.env['SANODE_NATIVE_AGENTS']);
const clients = new Map<string, IpcServerClient>();

const cluster = accountByName(clusterUser);
const clusterGid = usableGroupId(clusterGroup);

const isRoot = process.getuid?.() === 0;
const alerts = new AlertRunner(
  { log },
  isRoot && cluster !== undefined && idIsMapped('uid', cluster.uid)
    ? { uid: cluster.uid, ...(clusterGid === undefined ? {} : { gid: clusterGid }) }
    : {},
);
const runner = new Runner(
  { log, ended: (token, result) => reactor.enter(() => executor.actionEnded(token, result)) },
  { policy },
);
const watcher = new Watcher(
  {
    log,
    handlers: {
      event: (resourceId, cause) =>
        reactor.enter(() => {
          log.warn({ cause: reactor.cause }, `${resourceId}: ${cause}; checking it now`);
          executor.watchEvent(resourceId);
        }),
      lost: (resourceId, reason) =>
        reactor.enter(() => {
          log.warn({ cause: reactor.cause }, `${resourceId} is not watched any more: ${reason}; checking it now`);
          executor.watchLost(resourceId);
        }),
    },
  },
  { policy },
);

const host: ExecutorHost = {
  monotonicMs: () => nodeHost.monotonicMs(),
  wallMs: () => nodeHost.wallMs(),
  setTimer: (delayMs, handler) => nodeHost.setTimer(delayMs, handler),
  randomUint32: () => nodeHost.randomUint32(),
  log,
  cause: () => reactor.cause,
  run: (token, request) => {
    const { cause } = reactor;
    reactor.effect(() => {
      log.debug({ cause }, `${request.resource.id} ${request.action} (interval ${request.intervalMs} ms)`);
      runner.run(token, request);
    });
  },
  kill: (token) => reactor.effect(() => runner.kill(token)),
  notify: (clientId, message) => reactor.effect(() => notify(clientId, message)),
  alert: (request) => reactor.effect(() => alerts.run(request)),
  watch: (resource, parameters) => reactor.effect(() => watcher.watch(resource, parameters)),
  unwatch: (resourceId) => reactor.effect(() => watcher.unwatch(resourceId)),
};
const executor: Executor = new Executor(host);

function notify(clientId: string, message: Element): void {
  const client = clients.get(clientId);
  if (client !== undefined) sendXmlEvent(client, message);
}

const server = await listenXmlIpc(
  { path: paths.socket('lrmd'), mode: 0o660, ...(clusterGid === undefined ? {} : { gid: clusterGid }) },
  {
    connect(client) {
      clients.set(client.id, client);
      const { uid } = client.credentials;
      executor.clientConnected(client.id, uid === 0 || uid === process.getuid?.() || uid === cluster?.uid);
      return undefined;
    },
    request(client, message, respond) {
      reactor.enter(
        () => {
          const reply = executor.request(client.id, message);
          reactor.effect(() => respond(reply));
        },
        attr(message, 'sanode-cause'),
      );
    },
    disconnect(client) {
      clients.delete(client.id);
      executor.clientGone(client.id);
    },
  },
);

/** Ends the daemon; resources go on as they are. */
function stop(): void {
  log.info({}, 'terminating; resources are left as they are');
  watcher.close();
  runner.close();
  void server.close().then(() => process.exit(0));
}

process.on('SIGTERM', stop);
process.on('SIGINT', stop);
runner.start();
notifyReady();
log.info({ policy }, 'executor is ready');
