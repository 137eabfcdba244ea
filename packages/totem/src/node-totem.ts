import { type Logger, NodeHost, type Reactor, type Timer } from '@sanode/runtime';
import type { TotemConfig, TotemMember, TotemTimings } from './config.ts';
import { TotemGroup } from './group.ts';
import { RingStore } from './ring-store.ts';
import { type MulticastOptions, UdpuTransport } from './transport-udpu.ts';
import type { ConfigurationChange, QueueLevel, TotemHost, TotemMessage } from './types.ts';

/** What a daemon adds to a {@link TotemConfig} to run the ring over UDPU. */
export interface NodeTotemOptions extends TotemConfig {
  /** `mcastport` of link 0. */
  readonly port: number;
  /** Transport `udp`; absent: `udpu`. */
  readonly multicast?: MulticastOptions | undefined;
  /** Where `ringid_NODEID` lies. */
  readonly stateDirectory: string;
}

/** What the ring's user is told; see TotemHost for when. */
export interface TotemHandlers {
  deliver(message: TotemMessage): void;
  configurationChanged(change: ConfigurationChange): void;
  tokenSent(): void;
  queueLevelChanged(level: QueueLevel): void;
  /** The interface is up for the first time; the services may queue messages, then the ring gathers (totem.md 7.1). */
  starting(): void;
  /** The ring cannot go on (interface missing at start, ring id not storable): the process must end. */
  fatal(reason: string): void;
}

/**
 * The multicast group that stands for a cluster's name when `mcastaddr` is absent (totem.md 4).
 * @param link number of the link, 0 for udp
 * @param family of the nodes' addresses
 */
export function multicastGroupOf(clusterName: string, link = 0, family: 4 | 6 = 4): string {
  let id = 0;
  for (const byte of Buffer.from(clusterName)) id = (id * 2 + byte) >>> 0;
  id = ((id & 0xffff) + link) & 0xffff;
  if (family === 6) return `ff15::${id.toString(16)}`;
  return `239.192.${id >> 8}.${id % 255}`;
}

/** A ring that runs on this machine. */
export interface NodeTotem {
  readonly group: TotemGroup;
  /** Takes another nodelist (reload). */
  setMembers(members: readonly TotemMember[]): void;
  /** Takes other timings and the settings beside them (reload, or a key changed in cmap). */
  setTimings(timings: TotemTimings): void;
  /** Says good-bye to the ring and closes the sockets. Call it outside of handlers; the datagrams are out when it returns. */
  close(): void;
}

/**
 * Runs a ring over unicast UDP (or multicast, with `options.multicast`) on real sockets, timers and files. All handlers run in `deps.reactor`.
 * @throws {Error} when the state directory cannot be used
 */
export function openUdpuTotem(
  deps: { reactor: Reactor; log: Logger },
  options: NodeTotemOptions,
  handlers: TotemHandlers,
): NodeTotem {
  const { reactor, log } = deps;
  const store = new RingStore(options.stateDirectory, options.nodeId);
  let started = false;
  const transport = new UdpuTransport(
    deps,
    {
      nodeId: options.nodeId,
      members: options.members,
      port: options.port,
      blockUnlistedIps: options.timings.blockUnlistedIps,
      downcheckMs: options.timings.downcheckMs,
      multicast: options.multicast,
    },
    {
      packet: (packet, from) => group.receive(packet, from),
      unlisted: (packet, from) => group.refuseUnlisted(packet, from),
      otherTransport: (theirs, from) => group.noteTransport(theirs, from),
      interfaceChanged: () => {
        if (started) {
          group.interfaceChanged();
          return;
        }
        started = true;
        const storedSeq = store.load();
        handlers.starting();
        group.start(storedSeq);
      },
      fatal: (reason) => handlers.fatal(reason),
    },
  );
  const nodeHost = new NodeHost({ reactor, log }, { receivedCount: () => transport.receivedCount });
  const host: TotemHost = {
    log,
    monotonicMs: () => nodeHost.monotonicMs(),
    wallMs: () => nodeHost.wallMs(),
    randomUint32: () => nodeHost.randomUint32(),
    setTimer: (delayMs, handler): Timer => nodeHost.setTimer(delayMs, handler),
    sendToken: (packet, nodeId) => transport.sendToken(packet, nodeId),
    multicast: (packet) => transport.multicast(packet),
    persistRingSequence: (seq, done) =>
      reactor.effect(() => {
        try {
          store.store(seq);
        } catch (error) {
          handlers.fatal(`Unable to store the ring sequence number: ${(error as Error).message}`);
          return;
        }
        reactor.enter(done);
      }),
    afterWaitingDatagrams: (done) => transport.afterWaitingDatagrams(done),
    checkInterface: () => transport.checkInterface(),
    memberCountChanged: (count) => transport.memberCountChanged(count),
    deliver: (message) => handlers.deliver(message),
    configurationChanged: (change) => handlers.configurationChanged(change),
    tokenSent: () => handlers.tokenSent(),
    queueLevelChanged: (level) => handlers.queueLevelChanged(level),
  };
  const group = new TotemGroup(host, options);
  transport.open();
  return {
    group,
    setMembers(members) {
      transport.setMembers(members);
      group.setMembers(members);
    },
    setTimings(timings) {
      transport.setTimings(timings);
      group.setTimings(timings);
    },
    close() {
      reactor.enter(() => group.leave());
      transport.close();
      store.close();
    },
  };
}
