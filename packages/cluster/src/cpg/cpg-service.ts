import type { CoreHost } from '@sanode/runtime';
import type { RingId } from '@sanode/totem';
import type { CpgMember } from '../client/types.ts';
import type { Service, ServiceRing, SyncPart } from '../engine/service.ts';
import { csResult } from '../wire/results.ts';
import {
  cpgFunction,
  cpgReason,
  decodeDownlist,
  decodeFragment,
  decodeJoinlist,
  decodeMulticast,
  decodeProcess,
  encodeDownlist,
  encodeFragmentHeader,
  encodeJoinlist,
  encodeMulticastHeader,
  encodeProcess,
  type GroupName,
  sizeMulticast,
  swapCpgMessage,
} from './messages.ts';
import { type Process, ProcessList } from './process-list.ts';

/** Where a CPG connection's events go. Called inside the service's handlers: it must only queue or write. */
export interface CpgListener {
  deliver(nodeId: number, pid: number, data: Buffer): void;
  fragment(nodeId: number, pid: number, type: number, totalBytes: number, data: Buffer): void;
  /** @param ownLeave this connection is among `left` by its own leave */
  configurationChange(
    members: readonly CpgMember[],
    left: readonly CpgMember[],
    joined: readonly CpgMember[],
    ownLeave: boolean,
  ): void;
  totemConfiguration(ringId: RingId, members: readonly number[]): void;
}

type State = 'unjoined' | 'leave-started' | 'join-started' | 'join-completed';

interface PendingSend {
  /** @returns false when the ring has no room */
  send(): boolean;
  readonly bytes: number;
  taken(result: number): void;
}

/** One local client of CPG. */
export interface CpgClient {
  readonly pid: number;
}

interface Connection extends CpgClient {
  readonly listener: CpgListener;
  readonly token: number;
  group: GroupName | undefined;
  state: State;
  /** Header of its multicasts, made at the join; only the sizes change. */
  header: Buffer | undefined;
  wantsInitialTotem: boolean;
  initialTotemSent: boolean;
  transitions: number;
  transitionsAtFirst: number;
  closed: boolean;
  pending: PendingSend[];
  pendingBytes: number;
}

/** Messages and bytes of one client that wait for the ring; a client of ours stays far below. */
const maxPendingMessages = 65_536;
const maxPendingBytes = 64 * 1024 * 1024;

/** Closed process groups (corosync-services.md 3). */
export class CpgService implements Service {
  readonly id = 2;
  readonly shortName = 'cpg';
  readonly functionCount = 7;
  readonly sync: SyncPart;
  readonly #ring: ServiceRing;
  readonly #log: CoreHost['log'];
  readonly #processes = new ProcessList();
  /** Most recently created first. */
  #connections: Connection[] = [];
  #joinlists: (Process & { readonly sender: number })[] = [];
  #oldMembers: readonly number[] = [];
  #members: readonly number[] = [];
  #ringId: RingId = { rep: 0, seq: 0 };
  #left: readonly number[] = [];
  #lastToken = 0;
  #downlistSent = false;

  constructor(host: CoreHost, ring: ServiceRing) {
    this.#log = host.log;
    this.#ring = ring;
    this.sync = {
      init: (transitional, members, ringId) => this.#syncInit(transitional, members, ringId),
      process: () => this.#syncProcess(),
      activate: () => this.#syncActivate(),
      abort: () => {
        this.#joinlists = [];
      },
    };
  }

  connect(pid: number, listener: CpgListener): CpgClient {
    this.#lastToken += 1;
    const connection: Connection = {
      pid,
      listener,
      token: this.#lastToken,
      group: undefined,
      state: 'unjoined',
      header: undefined,
      wantsInitialTotem: false,
      initialTotemSent: false,
      transitions: 0,
      transitionsAtFirst: 0,
      closed: false,
      pending: [],
      pendingBytes: 0,
    };
    this.#connections.unshift(connection);
    return connection;
  }

  /** @returns a csResult number (3.4) */
  join(client: CpgClient, group: GroupName, wantsInitialTotem: boolean): number {
    const connection = client as Connection;
    if (group.length > 128) return csResult.NAME_TOO_LONG;
    if (group.length === 0) return csResult.INVALID_PARAM;
    if (this.#ring.syncInProgress) return csResult.TRY_AGAIN;
    const twin = this.#connections.find((other) => other.pid === connection.pid && other.group === group);
    if (twin !== undefined) return csResult.EXIST;
    if (this.#processes.has(this.#ring.nodeId, connection.pid, group)) return csResult.TRY_AGAIN;
    if (connection.state === 'leave-started') return csResult.BUSY;
    if (connection.state !== 'unjoined') return csResult.EXIST;
    connection.group = group;
    connection.header = encodeMulticastHeader(group, connection.pid, {
      nodeId: this.#ring.nodeId,
      token: connection.token,
    });
    connection.state = 'join-started';
    connection.wantsInitialTotem = wantsInitialTotem;
    this.#ring.send(encodeProcess(cpgFunction.procjoin, group, connection.pid, cpgReason.join));
    return csResult.OK;
  }

  /** Leaves after the client's messages that still wait. @returns a csResult number */
  leave(client: CpgClient): number {
    const connection = client as Connection;
    if (connection.state === 'unjoined' || connection.state === 'leave-started') return csResult.NOT_EXIST;
    if (connection.state === 'join-started') return csResult.BUSY;
    connection.state = 'leave-started';
    this.#queueLeave(connection, cpgReason.leave);
    return csResult.OK;
  }

  /** The client is gone; what it had sent goes out before its leave. */
  disconnect(client: CpgClient): void {
    const connection = client as Connection;
    if (connection.closed) return;
    connection.closed = true;
    if (connection.group !== undefined && connection.state !== 'leave-started') {
      this.#queueLeave(connection, cpgReason.procdown);
    } else if (connection.pending.length === 0) this.#drop(connection);
  }

  /** Multicasts to the joined group. @param taken called once with a csResult number, when the ring has taken it */
  multicast(client: CpgClient, data: Buffer, taken: (result: number) => void): void {
    const connection = client as Connection;
    const { header } = connection;
    if (header === undefined || this.#sendingGroup(connection) === undefined) {
      taken(csResult.NOT_EXIST);
      return;
    }
    const send = (): boolean => {
      sizeMulticast(header, data.length);
      return this.#ring.trySend(header, data);
    };
    this.#queue(connection, data.length, send, taken);
  }

  /** Multicasts a fragment of a long message. @param type 1 first, 2 continued, 3 last */
  multicastFragment(
    client: CpgClient,
    fragment: { type: number; totalBytes: number; data: Buffer },
    taken: (result: number) => void,
  ): void {
    const connection = client as Connection;
    const group = this.#sendingGroup(connection);
    if (group === undefined) {
      taken(csResult.NOT_EXIST);
      return;
    }
    const { type, totalBytes, data } = fragment;
    if (type === 1) connection.transitionsAtFirst = connection.transitions;
    else if (connection.transitions !== connection.transitionsAtFirst) {
      taken(csResult.INTERRUPT);
      return;
    }
    const source = { nodeId: this.#ring.nodeId, token: connection.token };
    const header = encodeFragmentHeader(group, connection.pid, source, { type, totalBytes, dataBytes: data.length });
    this.#queue(connection, data.length, () => this.#ring.trySend(header, data), taken);
  }

  members(group: GroupName): CpgMember[] {
    return this.#processes.ofGroup(group).map(({ nodeId, pid }) => ({ nodeId, pid, reason: 0 }));
  }

  /** @param namesOnly one entry a group */
  iterate(namesOnly: boolean): readonly Process[] {
    return this.#processes.iterate(namesOnly);
  }

  /** Sends what waits, one message of each client in turn. Call when the ring may have room again. */
  pump(): void {
    if (this.#ring.syncInProgress) return;
    let waiting = this.#connections.filter((connection) => connection.pending.length > 0);
    while (waiting.length > 0) {
      for (const connection of waiting) {
        const next = connection.pending[0] as PendingSend;
        if (!next.send()) return;
        connection.pending.shift();
        connection.pendingBytes -= next.bytes;
        next.taken(csResult.OK);
      }
      waiting = waiting.filter((connection) => connection.pending.length > 0);
    }
  }

  receive(fn: number, senderId: number, message: Buffer): void {
    switch (fn) {
      case cpgFunction.procjoin:
        this.#received(decodeProcess(message), fn, senderId, ({ group, pid }) => this.#joined(senderId, pid, group));
        break;
      case cpgFunction.procleave:
        this.#received(decodeProcess(message), fn, senderId, ({ group, pid, reason }) =>
          this.#leftGroup({ nodeId: senderId, pid, group }, reason),
        );
        break;
      case cpgFunction.joinlist:
        for (const entry of decodeJoinlist(message)) {
          this.#joinlists.unshift({ sender: senderId, nodeId: senderId, ...entry });
        }
        break;
      case cpgFunction.multicast:
        this.#received(decodeMulticast(message), fn, senderId, ({ group, pid, data }) =>
          this.#deliver(senderId, group, (listener) => listener.deliver(senderId, pid, data)),
        );
        break;
      case cpgFunction.partial:
        this.#received(decodeFragment(message), fn, senderId, ({ group, pid, type, totalBytes, data }) =>
          this.#deliver(senderId, group, (listener) => listener.fragment(senderId, pid, type, totalBytes, data)),
        );
        break;
      default:
        this.#received(decodeDownlist(message), fn, senderId, ({ oldMembers, left }) => {
          const text = `${oldMembers} members before, left: ${left.join(' ') || 'none'}`;
          this.#log.debug({ nodeId: senderId, subsystem: 'CPG' }, `downlist from node ${senderId}: ${text}`);
        });
    }
  }

  swapByteOrder(fn: number, message: Buffer): void {
    swapCpgMessage(fn, message);
  }

  #received<T>(decoded: T | undefined, fn: number, senderId: number, then: (decoded: T) => void): void {
    if (decoded === undefined) this.#log.warn({ nodeId: senderId }, `malformed CPG message ${fn} dropped`);
    else then(decoded);
  }

  #sendingGroup(connection: Connection): GroupName | undefined {
    return connection.state === 'join-started' || connection.state === 'join-completed' ? connection.group : undefined;
  }

  #queue(connection: Connection, bytes: number, send: () => boolean, taken: (result: number) => void): void {
    if (connection.pending.length >= maxPendingMessages || connection.pendingBytes + bytes > maxPendingBytes) {
      taken(csResult.TRY_AGAIN);
      return;
    }
    if (connection.pending.length === 0 && !this.#ring.syncInProgress && send()) {
      taken(csResult.OK);
      return;
    }
    connection.pending.push({ send, bytes, taken });
    connection.pendingBytes += bytes;
  }

  #queueLeave(connection: Connection, reason: number): void {
    const group = connection.group as GroupName;
    const message = encodeProcess(cpgFunction.procleave, group, connection.pid, reason);
    const sent = (): void => {
      if (connection.closed) this.#drop(connection);
    };
    if (connection.pending.length === 0 && !this.#ring.syncInProgress && this.#ring.trySend(message)) sent();
    else connection.pending.push({ send: () => this.#ring.trySend(message), bytes: 0, taken: sent });
  }

  #drop(connection: Connection): void {
    this.#connections = this.#connections.filter((other) => other !== connection);
  }

  #joined(nodeId: number, pid: number, group: GroupName): void {
    if (this.#processes.has(nodeId, pid, group)) return;
    this.#processes.add({ nodeId, pid, group });
    this.#notify(group, [{ nodeId, pid, reason: cpgReason.join }], []);
  }

  #leftGroup({ nodeId, pid, group }: Process, reason: number): void {
    this.#notify(group, [], [{ nodeId, pid, reason }]);
    this.#processes.remove(nodeId, pid, group);
  }

  #deliver(senderId: number, group: GroupName, to: (listener: CpgListener) => void): void {
    let checked = false;
    for (const connection of this.#connections) {
      if (!receives(connection, group)) continue;
      if (!checked && !this.#processes.hasMemberOn(senderId, group)) {
        this.#log.warn({ nodeId: senderId }, 'Unknown node -> we will not deliver message');
        return;
      }
      checked = true;
      to(connection.listener);
    }
  }

  #notify(group: GroupName, joined: readonly CpgMember[], left: readonly CpgMember[]): void {
    const isLeft = ({ nodeId, pid }: Process): boolean =>
      left.some((gone) => gone.nodeId === nodeId && gone.pid === pid);
    const members = this.#processes
      .ofGroup(group)
      .filter((process) => !isLeft(process))
      .map(({ nodeId, pid }) => ({ nodeId, pid, reason: 0 }));
    const own = this.#ring.nodeId;
    for (const entry of joined) {
      if (entry.nodeId !== own) continue;
      for (const connection of this.#connections) {
        if (connection.pid === entry.pid && connection.group === group && connection.state === 'join-started') {
          connection.state = 'join-completed';
        }
      }
    }
    for (const connection of this.#connections) {
      if (!receives(connection, group)) continue;
      connection.transitions += 1;
      const ownLeave =
        connection.state === 'leave-started' && left.some((gone) => gone.nodeId === own && gone.pid === connection.pid);
      connection.listener.configurationChange(members, left, joined, ownLeave);
    }
    for (const connection of this.#connections) {
      if (!connection.wantsInitialTotem || connection.initialTotemSent || connection.closed) continue;
      connection.initialTotemSent = true;
      connection.listener.totemConfiguration(this.#ringId, this.#oldMembers);
    }
  }

  #syncInit(transitional: readonly number[], members: readonly number[], ringId: RingId): void {
    this.#left = this.#oldMembers.filter((id) => !transitional.includes(id));
    this.#members = members;
    this.#ringId = ringId;
    this.#joinlists = [];
    this.#downlistSent = false;
  }

  #syncProcess(): boolean {
    if (!this.#downlistSent && !this.#ring.trySend(encodeDownlist(this.#oldMembers.length, this.#left))) return false;
    this.#downlistSent = true;
    const own = this.#processes.all.filter((process) => process.nodeId === this.#ring.nodeId);
    return own.length === 0 || this.#ring.trySend(encodeJoinlist(own));
  }

  #syncActivate(): void {
    this.#oldMembers = this.#members;
    const left = this.#processes.removeNodes(new Set(this.#left));
    this.#notifyByGroup(left, (group, members) => this.#notify(group, [], members), cpgReason.nodedown);
    const joined: Process[] = [];
    // A joinlist may come twice: one that was left in the send queue by a sync that was given up.
    for (const { sender, nodeId, pid, group } of this.#joinlists) {
      if (sender === this.#ring.nodeId || this.#processes.has(nodeId, pid, group)) continue;
      const process = { nodeId, pid, group };
      this.#processes.add(process);
      joined.push(process);
    }
    this.#notifyByGroup(joined, (group, members) => this.#notify(group, members, []), cpgReason.nodeup);
    this.#removeZombies();
    this.#joinlists = [];
    for (const connection of this.#connections) {
      if (!connection.closed) connection.listener.totemConfiguration(this.#ringId, this.#members);
    }
  }

  #notifyByGroup(
    processes: readonly Process[],
    notify: (group: GroupName, members: readonly CpgMember[]) => void,
    reason: number,
  ): void {
    const groups = new Map<GroupName, CpgMember[]>();
    for (const { nodeId, pid, group } of processes) {
      const members = groups.get(group) ?? [];
      members.push({ nodeId, pid, reason });
      groups.set(group, members);
    }
    const sorted = [...groups].sort(([a], [b]) => compareNames(a, b));
    for (const [group, members] of sorted) notify(group, members);
  }

  #removeZombies(): void {
    const listed = ({ nodeId, pid, group }: Process): boolean =>
      this.#joinlists.some((entry) => entry.nodeId === nodeId && entry.pid === pid && entry.group === group);
    const zombies = this.#processes.all.filter((entry) => entry.nodeId !== this.#ring.nodeId && !listed(entry));
    for (const zombie of zombies) this.#leftGroup(zombie, cpgReason.procdown);
  }
}

function receives(connection: Connection, group: GroupName): boolean {
  if (connection.group !== group || connection.closed) return false;
  return connection.state === 'join-completed' || connection.state === 'leave-started';
}

/** Order of group names: as C strings, up to the first NUL. */
function compareNames(a: GroupName, b: GroupName): number {
  const left = a.split('\0', 1)[0] as string;
  const right = b.split('\0', 1)[0] as string;
  return left < right ? -1 : left > right ? 1 : 0;
}
