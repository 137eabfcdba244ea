import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Logger, Reactor } from '@sanode/runtime';
import { PACKET_MCAST } from './codec/header.ts';
import type { TotemMember } from './config.ts';
import { findLocalAddress, isSwitchedOn, type LocalAddress } from './interface-watch.ts';
import { belongsToInterface, canonicalAddress } from './ip-address.ts';

/** What the reference asks the kernel for (totem.md 3.2). The kernel may give less. */
const SOCKET_BUFFER_BYTES = 2_179_072;
const BIND_ATTEMPTS = 10;
const BIND_PAUSE_MS = 100;
/** First look at the interface, after start. */
const FIRST_CHECK_MS = 100;
/** Turns of the event loop that afterWaitingDatagrams waits at most: on a busy ring something always comes. */
const DRAIN_TURNS_LIMIT = 50;

/** How packets for everybody go over multicast UDP (totem.md 4); absent: one copy for each member (3.3). */
export interface MulticastOptions {
  /** `mcastaddr`, or 255.255.255.255 when `broadcast`. */
  readonly groupAddress: string;
  readonly broadcast: boolean;
  /** 0 .. 255 */
  readonly ttl: number;
}

/** Settings of a {@link UdpuTransport}. */
export interface UdpuOptions {
  readonly nodeId: number;
  readonly members: readonly TotemMember[];
  /** `mcastport`, the same at every node. */
  readonly port: number;
  /** Drop what comes from no member's address (totem.md 3.4). */
  readonly blockUnlistedIps: boolean;
  /** Period of the interface check while the ring has one member, in ms. */
  readonly downcheckMs: number;
  /** Transport `udp`. block_unlisted_ips does not apply to it. */
  readonly multicast?: MulticastOptions | undefined;
}

/** What a transport tells. All are called as events of the reactor. */
export interface TransportHandlers {
  /** The buffer belongs to the receiver. */
  packet(packet: Buffer, from: string): void;
  /** A datagram of an address that is not in the nodelist was dropped. */
  unlisted(packet: Buffer, from: string): void;
  /** A datagram came in a way that only another transport sends it. */
  otherTransport(theirs: 'udp' | 'udpu', from: string): void;
  /** The interface is up for the first time, or came back, or went: the ring starts or gathers. */
  interfaceChanged(): void;
  /** The transport cannot go on; the process must end. */
  fatal(reason: string): void;
}

/**
 * Totem over unicast UDP (totem.md 3): one socket that receives everything and sends tokens, one that sends the rest.
 * With `multicast` it is transport udp (4): what is for everybody goes to a group, which has a socket of its own.
 * What the node sends to itself does not take the way through the kernel: it is handed over after the current handler.
 */
export class UdpuTransport {
  readonly #reactor: Reactor;
  readonly #log: Logger;
  readonly #handlers: TransportHandlers;
  #options: UdpuOptions;
  #local: LocalAddress | undefined;
  #tokenSocket: Socket | undefined;
  #sendSocket: Socket | undefined;
  #groupSocket: Socket | undefined;
  #up = false;
  #closed = false;
  #alone = true;
  #checkTimer: NodeJS.Timeout | undefined;
  #checking = false;
  #receivedCount = 0;
  /** Addresses of the other nodes, in nodelist order. */
  #peers: readonly string[] = [];
  #addressOf = new Map<number, string>();
  #listed = new Set<string>();

  constructor(deps: { reactor: Reactor; log: Logger }, options: UdpuOptions, handlers: TransportHandlers) {
    this.#reactor = deps.reactor;
    this.#log = deps.log;
    this.#handlers = handlers;
    this.#options = options;
    this.setMembers(options.members);
  }

  /** Datagrams received so far. */
  get receivedCount(): number {
    return this.#receivedCount;
  }

  /** Whether the interface is up; when not, everything goes to this node only (totem.md 3.5). */
  get up(): boolean {
    return this.#up;
  }

  /** Looks at the interface 100 ms from now; when it is there, sockets are bound and interfaceChanged is called. */
  open(): void {
    this.#checkTimer = setTimeout(() => void this.#check(), FIRST_CHECK_MS);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#checkTimer);
    this.#closeSockets();
  }

  /** Takes another nodelist. */
  setMembers(members: readonly TotemMember[]): void {
    this.#options = { ...this.#options, members };
    this.#addressOf = new Map(members.map((member) => [member.nodeId, canonicalAddress(member.address)]));
    this.#listed = new Set(this.#addressOf.values());
    this.#peers = [...this.#addressOf].filter(([id]) => id !== this.#options.nodeId).map(([, address]) => address);
  }

  /** Takes what another configuration says of unlisted addresses and of the interface check. */
  setTimings({ blockUnlistedIps, downcheckMs }: Pick<UdpuOptions, 'blockUnlistedIps' | 'downcheckMs'>): void {
    this.#options = { ...this.#options, blockUnlistedIps, downcheckMs };
  }

  /** TotemHost.sendToken. */
  sendToken(packet: Buffer, nodeId: number): void {
    if (nodeId === this.#options.nodeId || !this.#up) {
      // A turn of the event loop between two visits: a lone node's token would starve everything else.
      setImmediate(() => this.#receiveOwn(packet));
      return;
    }
    const address = this.#addressOf.get(nodeId);
    if (address === undefined || this.#tokenSocket === undefined) return;
    // Over multicast everything leaves from one socket (totem.md 4).
    const socket = this.#options.multicast === undefined ? this.#tokenSocket : (this.#sendSocket as Socket);
    this.#reactor.effect(() => this.#send(socket, packet, address));
  }

  /** TotemHost.multicast. */
  multicast(packet: Buffer): void {
    this.#reactor.effect(() => {
      if (this.#up && this.#sendSocket !== undefined) {
        const { multicast } = this.#options;
        if (multicast !== undefined) this.#send(this.#sendSocket, packet, multicast.groupAddress);
        else for (const address of this.#peers) this.#send(this.#sendSocket, packet, address);
      }
      this.#receiveOwn(packet);
    });
  }

  /** TotemHost.afterWaitingDatagrams: done once a turn of the event loop brought nothing new. */
  afterWaitingDatagrams(done: () => void): void {
    const wait = (turnsLeft: number): void => {
      const before = this.#receivedCount;
      setImmediate(() =>
        setImmediate(() => {
          if (this.#closed) return;
          if (turnsLeft > 0 && this.#receivedCount !== before) wait(turnsLeft - 1);
          else this.#reactor.enter(done);
        }),
      );
    };
    wait(DRAIN_TURNS_LIMIT);
  }

  /** TotemHost.checkInterface. */
  checkInterface(): void {
    void this.#check();
  }

  /** TotemHost.memberCountChanged: a lone node keeps looking at its interface. */
  memberCountChanged(count: number): void {
    this.#alone = count === 1;
    this.#armCheck();
  }

  #receiveOwn(packet: Buffer): void {
    if (this.#closed) return;
    const from = this.#addressOf.get(this.#options.nodeId) as string;
    this.#reactor.enter(() => this.#handlers.packet(packet, from));
  }

  #send(socket: Socket, packet: Buffer, address: string): void {
    if (this.#closed) return;
    // A callback costs a turn of the tick queue for each datagram. The tokens that messages go out with tell as much.
    const sent = packet[3] === PACKET_MCAST ? undefined : this.#sent;
    try {
      // Without offset and length, for which node:dgram would make a view.
      socket.send(packet, this.#options.port, address, sent);
    } catch (error) {
      this.#log.debug({ address }, `sendmsg(ucast) failed (non-critical): ${(error as Error).message}`);
    }
  }

  /** The error names the address. */
  readonly #sent = (error: Error | null): void => {
    if (error !== null) this.#log.debug({}, `sendmsg(ucast) failed (non-critical): ${error.message}`);
  };

  #armCheck(): void {
    clearTimeout(this.#checkTimer);
    if (this.#closed || !this.#alone) return;
    this.#checkTimer = setTimeout(() => void this.#check(), this.#options.downcheckMs);
  }

  /** Is the interface's address still there? (totem.md 3.5) */
  async #check(): Promise<void> {
    if (this.#checking || this.#closed) return;
    this.#checking = true;
    try {
      await this.#look();
    } catch (error) {
      this.#handlers.fatal((error as Error).message);
    } finally {
      this.#checking = false;
      this.#armCheck();
    }
  }

  async #look(): Promise<void> {
    const wanted = this.#addressOf.get(this.#options.nodeId) as string;
    const first = this.#local === undefined;
    const found = await findLocalAddress(wanted, this.#local?.interfaceName);
    const up = found !== undefined && isSwitchedOn(found.interfaceName ?? this.#local?.interfaceName);
    if (this.#closed) return;
    if (first && !up) {
      this.#handlers.fatal(
        'One of your ip addresses are now bound to localhost. Corosync would not work correctly. ' +
          `(No interface that is up has ${wanted}.)`,
      );
      return;
    }
    if (up === this.#up && (found === undefined || found.address === this.#local?.address)) return;
    if (!up) {
      this.#log.info({}, 'The network interface is down.');
      this.#up = false;
    } else if (found !== undefined) {
      await this.#openSockets({ ...found, interfaceName: found.interfaceName ?? this.#local?.interfaceName });
      this.#log.info({}, `The network interface [${found.address}] is now up.`);
    }
    if (!this.#closed) this.#reactor.enter(() => this.#handlers.interfaceChanged());
  }

  async #openSockets(local: LocalAddress): Promise<void> {
    this.#closeSockets();
    const { multicast, port } = this.#options;
    const token = await this.#bind(onInterface(local.address, local), port);
    this.#tokenSocket = token;
    const send = await this.#bind(onInterface(local.address, local), multicast === undefined ? 0 : port - 1);
    this.#sendSocket = send;
    // Nobody sends there on purpose; what comes is dropped like any stray datagram.
    send.on('message', () => {});
    if (multicast === undefined) token.on('message', (packet, remote) => this.#received(packet, remote));
    else {
      await this.#joinGroup(multicast, send, local);
      token.on('message', (packet, remote) => this.#receivedToken(packet, remote, DRAIN_TURNS_LIMIT));
    }
    this.#local = local;
    this.#up = true;
    if (this.#closed) this.#closeSockets();
  }

  async #joinGroup(multicast: MulticastOptions, send: Socket, local: LocalAddress): Promise<void> {
    const group = await this.#bind(onInterface(multicast.groupAddress, local), this.#options.port, true);
    this.#groupSocket = group;
    group.on('message', (packet, remote) => this.#received(packet, remote));
    if (multicast.broadcast) {
      send.setBroadcast(true);
      return;
    }
    // IPv6 names the interface, IPv4 its address.
    const { address, interfaceName } = local;
    const via = !isIPv6(address) ? address : interfaceName === undefined ? undefined : `::%${interfaceName}`;
    group.addMembership(multicast.groupAddress, via);
    // This node's own copies take the short way.
    send.setMulticastLoopback(false);
    send.setMulticastTTL(multicast.ttl);
    if (via !== undefined) send.setMulticastInterface(via);
  }

  /** A token overtakes the messages before it, as it has a socket of its own: it waits until those are read (totem.md 4). */
  #receivedToken(packet: Buffer, remote: RemoteInfo, turnsLeft: number): void {
    const before = this.#receivedCount;
    // On transport udp nothing but tokens comes to a node's own address.
    if (turnsLeft === DRAIN_TURNS_LIMIT && remote.port !== this.#options.port - 1 && this.#listed.has(remote.address)) {
      this.#reactor.enter(() => this.#handlers.otherTransport('udpu', remote.address));
    }
    setImmediate(() => {
      if (this.#closed) return;
      if (turnsLeft > 0 && this.#receivedCount !== before) this.#receivedToken(packet, remote, turnsLeft - 1);
      else this.#received(packet, remote);
    });
  }

  #closeSockets(): void {
    this.#tokenSocket?.close();
    this.#sendSocket?.close();
    this.#groupSocket?.close();
    this.#tokenSocket = undefined;
    this.#sendSocket = undefined;
    this.#groupSocket = undefined;
  }

  #received(packet: Buffer, remote: RemoteInfo): void {
    this.#receivedCount += 1;
    const { blockUnlistedIps, multicast } = this.#options;
    // The zone says only which interface it came in by: the one that the socket is bound to.
    const from = remote.family === 'IPv6' ? (remote.address.split('%', 1)[0] as string) : remote.address;
    const isListed = this.#listed.has(from);
    if (blockUnlistedIps && multicast === undefined && !isListed) {
      this.#log.debug({}, `Packet rejected from ${from}`);
      this.#reactor.enter(() => this.#handlers.unlisted(packet, from));
      return;
    }
    // Only transport udp sends from the port below (totem.md 4).
    if (multicast === undefined && remote.port === this.#options.port - 1 && isListed) {
      this.#reactor.enter(() => this.#handlers.otherTransport('udp', from));
    }
    this.#reactor.enter(() => this.#handlers.packet(packet, from));
  }

  /** Binds, with patience: an address that was just set may need a moment. */
  async #bind(address: string, port: number, shared = false): Promise<Socket> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await bindOnce(address, port, shared, this.#log);
      } catch (error) {
        if (attempt === BIND_ATTEMPTS || this.#closed) {
          throw new Error(`cannot bind to ${address} port ${port}: ${(error as Error).message}`);
        }
        await new Promise((resolve) => setTimeout(resolve, BIND_PAUSE_MS * attempt));
      }
    }
  }
}

/** An address to bind to; with a zone where only that makes it one. What is sent from there needs no zone any more. */
function onInterface(address: string, { interfaceName }: LocalAddress): string {
  return interfaceName !== undefined && belongsToInterface(address) ? `${address}%${interfaceName}` : address;
}

function bindOnce(address: string, port: number, shared: boolean, log: Logger): Promise<Socket> {
  const family = isIPv6(address) ? 6 : 4;
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    reuseAddr: shared,
    recvBufferSize: SOCKET_BUFFER_BYTES,
    sendBufferSize: SOCKET_BUFFER_BYTES,
    // All addresses are numeric: no detour through the resolver, so that sending stays synchronous and in order.
    lookup: (host, _options, callback) => callback(null, host, family),
  });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      socket.on('error', (error) => log.debug({ address }, `socket error (non-critical): ${error.message}`));
      resolve(socket);
    });
  });
}
