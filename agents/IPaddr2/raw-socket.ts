const AF_PACKET = 17;
const AF_INET6 = 10;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const ETH_P_ARP = 0x0806;
const IPPROTO_ICMPV6 = 58;
const IPPROTO_IPV6 = 41;
const IPV6_MULTICAST_IF = 17;
const IPV6_MULTICAST_HOPS = 18;
const MSG_DONTWAIT = 0x40;

interface Calls {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: Buffer, length: number): number;
  sendto(fd: number, data: Buffer, size: number, flags: number, address: Buffer, length: number): number;
  recv(fd: number, data: Buffer, size: number, flags: number): number;
  close(fd: number): number;
  errno(): number;
}

let calls: Calls | undefined;

async function libc(): Promise<Calls> {
  if (calls !== undefined) return calls;
  const { default: koffi } = await import('koffi');
  const library = koffi.load('libc.so.6');
  calls = {
    socket: library.func('int socket(int domain, int type, int protocol)'),
    bind: library.func('int bind(int fd, void *address, uint length)'),
    setsockopt: library.func('int setsockopt(int fd, int level, int name, void *value, uint length)'),
    sendto: library.func('long sendto(int fd, void *data, size_t size, int flags, void *address, uint length)'),
    recv: library.func('long recv(int fd, void *data, size_t size, int flags)'),
    close: library.func('int close(int fd)'),
    errno: () => koffi.errno(),
  } as unknown as Calls;
  return calls;
}

/** A raw socket that sends whole frames or ICMPv6 messages out of one interface. */
export interface RawSocket {
  /** @throws {Error} when the kernel does not take it (link down, no permission) */
  send(data: Buffer): void;
  /** A frame that has arrived, undefined if none waits. */
  receive(): Buffer | undefined;
  close(): void;
}

function check(result: number, what: string, { errno }: Calls): number {
  if (result < 0) throw new Error(`${what} failed (errno ${errno()})`);
  return result;
}

function linkAddress(index: number): Buffer {
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeUInt16BE(ETH_P_ARP, 2);
  address.writeInt32LE(index, 4);
  address.writeUInt8(6, 11);
  address.fill(0xff, 12, 18);
  return address;
}

/** Opens an AF_PACKET socket for ARP frames. @param receiving whether ARP frames of others are to be heard */
export async function openArpSocket(index: number, receiving = false): Promise<RawSocket> {
  const c = await libc();
  const protocol = receiving ? ((ETH_P_ARP & 0xff) << 8) | (ETH_P_ARP >> 8) : 0;
  const fd = check(c.socket(AF_PACKET, SOCK_RAW_CLOEXEC, protocol), 'packet socket', c);
  const address = linkAddress(index);
  if (receiving && c.bind(fd, address, address.length) < 0) {
    c.close(fd);
    throw new Error('packet socket: bind failed');
  }
  return makeSocket(c, fd, address);
}

function inet6Address(bytes: Buffer, scopeId: number): Buffer {
  const address = Buffer.alloc(28);
  address.writeUInt16LE(AF_INET6, 0);
  bytes.copy(address, 8);
  address.writeUInt32LE(scopeId, 24);
  return address;
}

/** Opens a raw ICMPv6 socket bound to `ip`, sending to all nodes (ff02::1) of the interface's link with hop limit 255. */
export async function openNeighborSocket(index: number, ip: Buffer): Promise<RawSocket> {
  const c = await libc();
  const fd = check(c.socket(AF_INET6, SOCK_RAW_CLOEXEC, IPPROTO_ICMPV6), 'ICMPv6 socket', c);
  try {
    const value = Buffer.alloc(4);
    value.writeInt32LE(index);
    check(c.setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, value, 4), 'IPV6_MULTICAST_IF', c);
    value.writeInt32LE(255);
    check(c.setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, value, 4), 'IPV6_MULTICAST_HOPS', c);
    const isLinkLocal = ip[0] === 0xfe && ((ip[1] ?? 0) & 0xc0) === 0x80;
    const own = inet6Address(ip, isLinkLocal ? index : 0);
    check(c.bind(fd, own, own.length), 'bind to the address', c);
  } catch (error) {
    c.close(fd);
    throw error;
  }
  const allNodes = Buffer.from('ff020000000000000000000000000001', 'hex');
  return makeSocket(c, fd, inet6Address(allNodes, index));
}

function makeSocket(c: Calls, fd: number, destination: Buffer): RawSocket {
  const buffer = Buffer.alloc(2048);
  return {
    send(data) {
      check(c.sendto(fd, data, data.length, 0, destination, destination.length), 'send', c);
    },
    receive() {
      const size = c.recv(fd, buffer, buffer.length, MSG_DONTWAIT);
      return size > 0 ? Buffer.from(buffer.subarray(0, size)) : undefined;
    },
    close() {
      c.close(fd);
    },
  };
}
