import { AttributeManager, type CibWrite, replacedStatus } from '@sanode/attributes';
import { type CibClient, connectCib } from '@sanode/cib';
import { IpcError, listenXmlIpc } from '@sanode/ipc';
import { Envelopes } from '@sanode/messages';
import { type ClusterConnection, connectCluster, Election } from '@sanode/peers';
import {
  accountName,
  announcedRelease,
  clusterGroup,
  NodeHost,
  notifyReady,
  openLog,
  paths,
  Reactor,
  usableGroupId,
} from '@sanode/runtime';
import type { Element } from '@sanode/xml';

/** Exit code for a lost cluster (CRM_EX_DISCONNECT): pacemakerd waits for corosync and starts us again. */
const exitDisconnected = 102;
const electionTimeoutMs = 120_000;
/** cib_delete of our own transient attributes: quorum_override | xpath. */
const eraseOptions = 0x100002;

const log = openLog({ name: 'attrd', file: paths.pacemakerLog });
const release = announcedRelease();
let stopping = false;
let cib: CibClient | undefined;

function fatal(reason: string): void {
  if (stopping) return;
  stopping = true;
  log.error({}, `attrd ends: ${reason}`);
  process.exit(exitDisconnected);
}

const reactor = new Reactor('attrd');
let cluster: ClusterConnection;
try {
  cluster = await connectCluster(
    { log, reactor },
    { group: 'attrd', trackQuorum: false, autoReap: true },
    {
      message: (message) => manager.handleMessage(message.element, message.fromName),
      peerChanged(peer, change, before) {
        if (change === 'name') manager.peerLearnt();
        const name = peer.name ?? before.name;
        if (change === 'online' && name !== undefined) manager.peerChanged(name, peer.online);
      },
      disconnected: fatal,
    },
  );
} catch (error) {
  log.error({ err: error }, 'attrd ends: corosync does not run, or does not let it in');
  process.exit(exitDisconnected);
}

const base = new NodeHost({ reactor, log });
/** NodeHost's methods with more beside them; its own use private fields, so they are bound. */
const core = {
  log,
  monotonicMs: () => base.monotonicMs(),
  wallMs: () => base.wallMs(),
  randomUint32: () => base.randomUint32(),
  setTimer: (delayMs: number, handler: (lateMs: number) => void) => base.setTimer(delayMs, handler),
  send(to: string | undefined, message: Element): void {
    const { cause } = reactor;
    reactor.effect(() => cluster.send(to, message, cause));
  },
};

const activePeers = (): string[] =>
  cluster.peers().flatMap((peer) => (peer.online && peer.name !== undefined ? [peer.name] : []));

const isOldRelease = release.name === '2.1';
const election = new Election(
  {
    host: {
      ...core,
      userCpuMicroseconds: () => process.cpuUsage().user,
      activePeers,
      knownPeerCount: () => cluster.peers().length,
      canWin: () => manager.mayWrite(activePeers()),
      electionWon: () => manager.won(),
    },
    envelopes: new Envelopes({ wallMs: () => Date.now() }, release),
  },
  {
    localName: cluster.localName,
    localUuid: cluster.localUuid,
    featureSet: release.featureSet,
    timeoutMs: electionTimeoutMs,
    ...(isOldRelease ? {} : { subsystem: 'attrd' }),
  },
);

const manager: AttributeManager = new AttributeManager({
  election,
  host: {
    ...core,
    localName: cluster.localName,
    localUuid: cluster.localUuid,
    writeCib: (write) => reactor.effect(() => void writeCib(write)),
    peerUuid: (name) => cluster.peerByName(name)?.uuid,
    forgetPeer: (name) => void cluster.forget({ name }),
  },
});

async function writeCib(write: CibWrite): Promise<void> {
  let rc = -107;
  try {
    const user = write.user === undefined ? {} : { user: write.user };
    const request = { operation: 'cib_modify', section: 'status', data: write.data, options: write.options } as const;
    if (cib !== undefined) rc = (await cib.call({ ...request, ...user })).rc;
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
  }
  reactor.enter(() => manager.writeDone(write.attribute, rc));
}

/** Connects to the CIB, again and again while it is away: from 10 ms up to 100 ms apart. */
async function followCib(first: boolean): Promise<void> {
  for (let delayMs = 10; !stopping; delayMs = Math.min(100, delayMs * 2)) {
    try {
      cib = await connectCib({
        clientName: 'attrd',
        writable: true,
        onClose(reason) {
          cib = undefined;
          if (stopping) return;
          log.warn({}, `the connection to the CIB is lost (${reason}); attributes are written when it is back`);
          void followCib(false);
        },
      });
      cib.onDiff((notify) => {
        if (!replacedStatus(notify)) return;
        log.info({}, 'the status in the CIB was replaced: attributes are written again');
        reactor.enter(() => manager.writeAll());
      });
      break;
    } catch (error) {
      if (!(error instanceof IpcError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
  if (!first) reactor.enter(() => manager.writeAll());
}

await followCib(true);
const erase = await cib?.call({
  operation: 'cib_delete',
  section: `//node_state[@uname='${cluster.localName}']/transient_attributes`,
  options: eraseOptions,
});
log.debug({ rc: erase?.rc }, 'attributes of an earlier life of this node were erased');

reactor.enter(() => manager.start());

const gid = usableGroupId(clusterGroup);
const server = await listenXmlIpc(
  { path: paths.socket('attrd'), mode: 0o660, ...(gid === undefined ? {} : { gid }) },
  {
    request(client, message, respond) {
      reactor.enter(() => {
        const answer = manager.handleClient(message, accountName(client.credentials.uid));
        reactor.effect(() => respond(answer));
      });
    },
    message(client, message) {
      reactor.enter(() => void manager.handleClient(message, accountName(client.credentials.uid)));
    },
  },
);

process.once('SIGTERM', () => void stop());
notifyReady();
log.info({ node: cluster.localName }, 'attrd is ready');

async function stop(): Promise<void> {
  stopping = true;
  reactor.enter(() => manager.stop());
  await server.close();
  cib?.close();
  await cluster.leave();
  process.exit(0);
}
