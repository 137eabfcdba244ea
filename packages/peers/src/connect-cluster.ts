import { hostname } from 'node:os';
import { type CpgConnection, connectCmap, connectCpg, trackQuorum } from '@sanode/cluster/client';
import { CAUSE_ATTRIBUTE, encodeClusterFrame, frameType } from '@sanode/messages';
import type { Cause, Logger, Reactor } from '@sanode/runtime';
import { attr, type Element, printCompact, withAttributes } from '@sanode/xml';
import type { ClusterConnection, ClusterGroup, ClusterHandlers, ConfiguredNode, Peer } from './connection-types.ts';
import { namesFromNodelist } from './node-names.ts';
import { PeerCache } from './peer-cache.ts';
import { receiveFrame } from './receive.ts';
import { SendQueue } from './send-queue.ts';

export interface ConnectClusterDeps {
  readonly log: Logger;
  /** Handlers run in it, one event at a time. Without one they are called directly. */
  readonly reactor?: Reactor;
}

export interface ConnectClusterOptions {
  readonly group: ClusterGroup;
  /** Peers' `state` comes from corosync's quorum service (the controller) instead of the group. */
  readonly trackQuorum: boolean;
  /** `state` follows the group and who leaves is forgotten (everyone but the controller). */
  readonly autoReap: boolean;
}

/**
 * Joins a daemon's CPG group and follows who is there (controller.md 1 and 2). Events come only after the returned
 * promise has been settled.
 * @throws {import('@sanode/cluster/client').CorosyncError} when corosync does not run or refuses
 */
export async function connectCluster(
  deps: ConnectClusterDeps,
  options: ConnectClusterOptions,
  handlers: ClusterHandlers,
): Promise<ClusterConnection> {
  const nodes = await readNodelist();
  const connection = new Connection(deps, options, handlers, nodes);
  await connection.open();
  return connection;
}

async function readNodelist(): Promise<ConfiguredNode[]> {
  const cmap = await connectCmap();
  try {
    return namesFromNodelist(await cmap.list('nodelist.'));
  } finally {
    cmap.close();
  }
}

class Connection implements ClusterConnection {
  localId = 0;
  localName = '';
  readonly #deps: ConnectClusterDeps;
  readonly #options: ConnectClusterOptions;
  readonly #handlers: ClusterHandlers;
  #nodes: readonly ConfiguredNode[];
  #cache!: PeerCache;
  #cpg!: CpgConnection;
  #queue!: SendQueue;
  #quorum: { close(): void } | undefined;
  #waiting: (() => void)[] | undefined = [];
  #messageId = 0;
  #received = 0;
  #ended = false;

  constructor(
    deps: ConnectClusterDeps,
    options: ConnectClusterOptions,
    handlers: ClusterHandlers,
    nodes: readonly ConfiguredNode[],
  ) {
    this.#deps = deps;
    this.#options = options;
    this.#handlers = handlers;
    this.#nodes = nodes;
  }

  get localUuid(): string {
    return String(this.localId);
  }

  async open(): Promise<void> {
    const { group } = this.#options;
    this.#cpg = await connectCpg(`${group}\0`, {
      deliver: (nodeId, pid, body) => this.#event(() => this.#deliver(nodeId, pid, body)),
      configurationChange: (change) =>
        this.#event(() =>
          this.#enter(() => {
            // A daemon that does not follow the ring hears of a new node here only, and must be able to write to it.
            this.#refreshNames(change.members.map((member) => member.nodeId));
            const present = this.#cache.groupChanged(change);
            this.#handlers.groupChanged?.([...new Set(change.members.map((member) => member.nodeId))]);
            if (!present) this.#end('this node was removed from the process group');
          }),
        ),
      closed: (reason) => this.#event(() => this.#enter(() => this.#end(`corosync is gone: ${reason}`))),
    });
    this.localId = this.#cpg.localNodeId;
    this.localName = this.#configuredName(this.localId) ?? hostname();
    this.#queue = new SendQueue({
      cpg: this.#cpg,
      log: this.#deps.log,
      failed: (reason) => this.#enter(() => this.#end(`corosync takes no messages: ${reason}`)),
    });
    this.#cache = new PeerCache(
      {
        log: this.#deps.log,
        monotonicMs: () => performance.now(),
        configuredName: (id) => this.#configuredName(id),
        changed: (peer, change, before) => this.#handlers.peerChanged(peer, change, before),
      },
      { localId: this.localId, localPid: process.pid, autoReap: this.#options.autoReap },
    );
    this.#cache.addLocal(this.localName);
    if (this.#options.trackQuorum) await this.#trackQuorum();
    setImmediate(() => {
      const waiting = this.#waiting ?? [];
      this.#waiting = undefined;
      for (const run of waiting) run();
    });
  }

  async #trackQuorum(): Promise<void> {
    this.#quorum = await trackQuorum(
      (view) =>
        this.#event(() =>
          this.#enter(() => {
            this.#refreshNames(view.members);
            if (this.#cache.ringChanged(view)) this.#handlers.quorumChanged?.(view.quorate, view.ringSequence);
          }),
        ),
      (reason) => this.#event(() => this.#enter(() => this.#end(`corosync is gone: ${reason}`))),
    );
  }

  peers(): readonly Peer[] {
    return this.#cache.all();
  }

  peerByName(name: string): Peer | undefined {
    return this.#cache.byName(name);
  }

  peerById(id: number): Peer | undefined {
    return this.#cache.byId(id);
  }

  configuredNodes(): readonly ConfiguredNode[] {
    return this.#nodes;
  }

  forget(which: { readonly id?: number | undefined; readonly name?: string | undefined }): number {
    return this.#cache.forget(which);
  }

  send(to: string | undefined, message: Element, cause: Cause): void {
    if (this.#ended) return;
    const peer = to === undefined ? undefined : this.#cache.byName(to);
    if (to !== undefined && peer === undefined) {
      this.#deps.log.warn({ node: to, cause }, `a message for node ${to} was not sent: no such node is known`);
      return;
    }
    this.#messageId += 1;
    this.#queue.push(
      encodeClusterFrame({
        messageId: this.#messageId,
        host: peer === undefined ? undefined : { id: peer.id, name: peer.name ?? '' },
        hostType: destinationType(this.#options.group, message),
        sender: { pid: process.pid, type: frameType[this.#options.group], name: this.localName },
        text: printCompact(withAttributes(message, { [CAUSE_ATTRIBUTE]: cause })),
      }),
    );
  }

  async leave(): Promise<void> {
    if (this.#ended) return;
    this.#quorum?.close();
    await this.#queue.drained();
    this.#ended = true;
    await this.#cpg.leave().catch((error: unknown) => {
      this.#deps.log.warn({ err: error }, 'leaving the process group failed');
    });
    this.#cpg.close();
  }

  /** Number of deliveries so far, for NodeHost's `receivedCount`. */
  get receivedCount(): number {
    return this.#received;
  }

  #deliver(fromId: number, _pid: number, body: Buffer): void {
    this.#received += 1;
    const local = { id: this.localId, name: this.localName };
    const received = receiveFrame(body, fromId, local, (id) => this.#cache.byId(id)?.name);
    if (received.kind === 'elsewhere') return;
    if (received.kind === 'invalid') {
      this.#deps.log.error({ node: fromId }, `a message of node ${fromId} was dropped: ${received.why}`);
      return;
    }
    const cause = received.cause ?? `${received.name}/${this.#options.group}/${this.#received}`;
    this.#enter(() => {
      this.#cache.learnName(fromId, received.name);
      this.#handlers.message({ element: received.element, fromId, fromName: received.name, cause });
    }, cause);
  }

  #event(run: () => void): void {
    if (this.#waiting !== undefined) this.#waiting.push(run);
    else run();
  }

  #enter(handler: () => void, cause?: Cause): void {
    if (this.#ended) return;
    if (this.#deps.reactor === undefined) handler();
    else this.#deps.reactor.enter(handler, cause);
  }

  #end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#quorum?.close();
    this.#cpg.close();
    this.#handlers.disconnected(reason);
  }

  #configuredName(id: number): string | undefined {
    return this.#nodes.find((node) => node.id === id)?.name;
  }

  /** Nodes added to the configuration since: their names are read again. */
  #refreshNames(ids: readonly number[]): void {
    if (ids.every((id) => this.#configuredName(id) !== undefined)) return;
    readNodelist().then(
      (nodes) => {
        this.#nodes = nodes;
        this.#enter(() => {
          for (const node of nodes)
            if (this.#cache.byId(node.id) !== undefined) this.#cache.learnName(node.id, node.name);
        });
      },
      (error: unknown) => this.#deps.log.warn({ err: error }, 'the node list could not be read again'),
    );
  }
}

/** Type of the destination as the reference sets it (for its log only): by subsystem for controller messages. */
function destinationType(group: ClusterGroup, message: Element): number {
  const to = attr(message, 'crm_sys_to');
  if (to === undefined) return frameType[group];
  return to === 'lrmd' ? frameType.lrmd : frameType.crmd;
}
