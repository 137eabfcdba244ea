import type { NetlinkSocket } from 'netlink';
import {
  type AddressEntry,
  addressFlag,
  family,
  formatAddressLabel,
  formatAddressMessage,
  formatLinkUp,
  type LinkEntry,
  messageType,
  type NewAddress,
  parseAddressMessage,
  parseLinkMessage,
  parseRouteMessage,
  type RouteEntry,
} from './rtnetlink-codec.ts';

const flagDump = 0x300;
const flagCreateExclusive = 0x600;
const flagDumpInterrupted = 0x10;
const requestTimeoutMs = 10_000;
const maxDumpTries = 5;
const receiveBufferBytes = 1024 * 1024;
/** RTNLGRP_ numbers: address changes of IPv4, IPv6. */
const addressGroups = [5, 9];

/** An answer of the kernel: what it refused and why. */
export class NetlinkError extends Error {
  /** errno, positive: 17 EEXIST, 99 EADDRNOTAVAIL ... */
  readonly errno: number;

  constructor(what: string, errno: number, detail: string) {
    super(`${what}: ${detail}`);
    this.errno = errno;
  }
}

type Groups = 'none' | 'addresses';

/** A route netlink socket: addresses, routes and links of this network namespace, without forking ip(8). */
export class Rtnetlink {
  readonly #socket: NetlinkSocket;

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** Opens a socket; with `addresses` it also hears of address changes ({@link onAddress}). */
  static async open(groups: Groups = 'none'): Promise<Rtnetlink> {
    // Loaded when needed: meta-data must work where the native module does not.
    const { createNetlink, Protocol } = (await import('netlink')).default;
    const socket = createNetlink(Protocol.ROUTE, {
      ref: false,
      recvBufferSize: receiveBufferBytes,
      sendBufferSize: 64 * 1024,
    });
    if (groups === 'addresses') for (const group of addressGroups) socket.addMembership(group);
    return new Rtnetlink(socket);
  }

  /** Calls `change` for every address that comes (or changes) or goes, `lost` when the kernel dropped messages. */
  onAddress(change: (gone: boolean, address: AddressEntry) => void, lost: (reason: string) => void): void {
    this.#socket.on('message', (messages, sender) => {
      if (sender.port !== 0) return;
      for (const message of messages) {
        if (message.type !== messageType.newAddress && message.type !== messageType.delAddress) continue;
        const entry = parseAddressMessage(message.data);
        if (entry !== undefined) change(message.type === messageType.delAddress, entry);
      }
    });
    this.#socket.on('error', (error) => lost(error.message));
    this.#socket.on('invalid', (error) => lost(String(error)));
  }

  /** Keeps the process alive as long as the socket is open. */
  ref(): void {
    this.#socket.ref(true);
  }

  close(): void {
    this.#socket.close();
  }

  async addresses(): Promise<AddressEntry[]> {
    return await this.#dump('list addresses', messageType.getAddress, Buffer.alloc(8), parseAddressMessage);
  }

  async links(): Promise<LinkEntry[]> {
    return await this.#dump('list links', messageType.getLink, Buffer.alloc(16), parseLinkMessage);
  }

  async routes(addressFamily: number): Promise<RouteEntry[]> {
    const header = Buffer.alloc(12);
    header.writeUInt8(addressFamily, 0);
    return await this.#dump('list routes', messageType.getRoute, header, parseRouteMessage);
  }

  /** @throws {NetlinkError} EEXIST when the interface has this address and prefix already */
  async addAddress(address: NewAddress): Promise<void> {
    await this.#request('add address', messageType.newAddress, formatAddressMessage(address), flagCreateExclusive);
  }

  /** @throws {NetlinkError} EADDRNOTAVAIL when it is not there */
  async deleteAddress(address: NewAddress): Promise<void> {
    await this.#request('delete address', messageType.delAddress, formatAddressMessage(address), 0);
  }

  async setLinkUp(index: number): Promise<void> {
    await this.#request('set link up', messageType.newLink, formatLinkUp(index), 0);
  }

  async addAddressLabel(bytes: Buffer, label: number): Promise<void> {
    await this.#request(
      'add address label',
      messageType.newAddressLabel,
      formatAddressLabel(bytes, label),
      flagCreateExclusive,
    );
  }

  async deleteAddressLabel(bytes: Buffer, label: number): Promise<void> {
    await this.#request('delete address label', messageType.delAddressLabel, formatAddressLabel(bytes, label), 0);
  }

  async #dump<T>(what: string, type: number, body: Buffer, parse: (data: Buffer) => T | undefined): Promise<T[]> {
    for (let tries = 0; tries < maxDumpTries; tries += 1) {
      const messages = await this.#request(what, type, body, flagDump);
      // Something changed while the kernel was listing: ask again.
      if (messages.some((message) => (message.flags & flagDumpInterrupted) !== 0)) continue;
      return messages.map((message) => parse(message.data)).filter((entry) => entry !== undefined);
    }
    throw new NetlinkError(what, 4, 'the list kept changing while it was read');
  }

  async #request(what: string, type: number, body: Buffer, flags: number): Promise<{ flags: number; data: Buffer }[]> {
    try {
      const [messages] = await this.#socket.request(type, body, { flags, timeout: requestTimeoutMs });
      return messages;
    } catch (error) {
      const { errno, message } = error as { errno?: number; message: string };
      throw new NetlinkError(what, Math.abs(errno ?? 0), message);
    }
  }
}

/** Whether an entry is this address with this prefix on this interface. */
export function isSameAddress(entry: AddressEntry, bytes: Buffer, prefix: number, index: number): boolean {
  return entry.index === index && entry.prefix === prefix && entry.local.equals(bytes);
}

/** Whether duplicate address detection of an IPv6 address still runs. */
export function isTentative(entry: AddressEntry): boolean {
  return (
    entry.family === family.inet6 &&
    (entry.flags & addressFlag.tentative) !== 0 &&
    (entry.flags & addressFlag.dadFailed) === 0
  );
}
