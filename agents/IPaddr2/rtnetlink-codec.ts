/** Formats of rtnetlink(7), host byte order (ocf-agents.md 8.3). Only what the agent needs. */

export const messageType = {
  newLink: 16,
  delLink: 17,
  newAddress: 20,
  delAddress: 21,
  getAddress: 22,
  getRoute: 26,
  getLink: 18,
  newAddressLabel: 72,
  delAddressLabel: 73,
} as const;

export const addressFlag = {
  secondary: 1,
  noDad: 2,
  dadFailed: 8,
  deprecated: 0x20,
  tentative: 0x40,
  permanent: 0x80,
  noPrefixRoute: 0x200,
} as const;

export const linkFlag = { up: 1, loopback: 8, noArp: 0x80 } as const;
export const family = { inet: 2, inet6: 10 } as const;
export const scope = { universe: 0, link: 253, host: 254 } as const;
export const table = { main: 254, local: 255 } as const;

export interface AddressEntry {
  readonly family: number;
  readonly prefix: number;
  readonly flags: number;
  readonly scope: number;
  readonly index: number;
  readonly local: Buffer;
  readonly broadcast: Buffer | undefined;
  readonly label: string | undefined;
}

export interface RouteEntry {
  readonly family: number;
  readonly prefix: number;
  readonly scope: number;
  readonly type: number;
  readonly table: number;
  /** Network; zero bytes for the default route. */
  readonly destination: Buffer;
  readonly index: number | undefined;
  readonly preferredSource: Buffer | undefined;
}

export interface LinkEntry {
  readonly index: number;
  /** ARPHRD_ number: 1 Ethernet, 772 loopback. */
  readonly hardwareType: number;
  readonly flags: number;
  readonly name: string;
  readonly hardwareAddress: Buffer | undefined;
}

const attributeAlign = 4;

function* attributesOf(data: Buffer, offset: number): Generator<[number, Buffer]> {
  let at = offset;
  while (at + 4 <= data.length) {
    const length = data.readUInt16LE(at);
    if (length < 4 || at + length > data.length) return;
    // The two top bits are flags (nested, network byte order).
    yield [data.readUInt16LE(at + 2) & 0x3fff, data.subarray(at + 4, at + length)];
    at += Math.ceil(length / attributeAlign) * attributeAlign;
  }
}

function text(value: Buffer | undefined): string | undefined {
  return value?.toString('utf8').replace(/\0.*$/, '');
}

/** One attribute: length, type, value, padding. */
export function attribute(type: number, value: Buffer): Buffer {
  const size = 4 + value.length;
  const buffer = Buffer.alloc(Math.ceil(size / attributeAlign) * attributeAlign);
  buffer.writeUInt16LE(size, 0);
  buffer.writeUInt16LE(type, 2);
  value.copy(buffer, 4);
  return buffer;
}

export function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value >>> 0);
  return buffer;
}

/** Reads RTM_NEWADDR or RTM_DELADDR; undefined if it is too short or has no address. */
export function parseAddressMessage(data: Buffer): AddressEntry | undefined {
  if (data.length < 8) return undefined;
  const found = new Map(attributesOf(data, 8));
  // Point-to-point: ADDRESS is the peer, LOCAL our own; IPv6 has usually only ADDRESS.
  const local = found.get(2) ?? found.get(1);
  if (local === undefined) return undefined;
  return {
    family: data.readUInt8(0),
    prefix: data.readUInt8(1),
    flags: found.get(8)?.readUInt32LE(0) ?? data.readUInt8(2),
    scope: data.readUInt8(3),
    index: data.readUInt32LE(4),
    local,
    broadcast: found.get(4),
    label: text(found.get(3)),
  };
}

export function parseRouteMessage(data: Buffer): RouteEntry | undefined {
  if (data.length < 12) return undefined;
  const found = new Map(attributesOf(data, 12));
  const routeFamily = data.readUInt8(0);
  return {
    family: routeFamily,
    prefix: data.readUInt8(1),
    table: found.get(15)?.readUInt32LE(0) ?? data.readUInt8(4),
    scope: data.readUInt8(6),
    type: data.readUInt8(7),
    destination: found.get(1) ?? Buffer.alloc(routeFamily === family.inet ? 4 : 16),
    index: found.get(4)?.readUInt32LE(0),
    preferredSource: found.get(7),
  };
}

export function parseLinkMessage(data: Buffer): LinkEntry | undefined {
  if (data.length < 16) return undefined;
  const found = new Map(attributesOf(data, 16));
  return {
    hardwareType: data.readUInt16LE(2),
    index: data.readInt32LE(4),
    flags: data.readUInt32LE(8),
    name: text(found.get(3)) ?? '',
    hardwareAddress: found.get(1),
  };
}

/** An address to be added. */
export interface NewAddress {
  readonly bytes: Buffer;
  readonly prefix: number;
  readonly index: number;
  readonly scope: number;
  readonly broadcast?: Buffer | undefined;
  readonly label?: string | undefined;
  readonly flags?: number;
  /** IPv6 preferred lifetime in seconds; absent: for ever. */
  readonly preferredSeconds?: number | undefined;
}

const forever = 0xffffffff;

/** Body of RTM_NEWADDR, RTM_DELADDR. */
export function formatAddressMessage(address: NewAddress): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(address.bytes.length === 4 ? family.inet : family.inet6, 0);
  header.writeUInt8(address.prefix, 1);
  header.writeUInt8((address.flags ?? 0) & 0xff, 2);
  header.writeUInt8(address.scope, 3);
  header.writeUInt32LE(address.index, 4);
  const parts = [header, attribute(2, address.bytes), attribute(1, address.bytes)];
  if (address.broadcast !== undefined) parts.push(attribute(4, address.broadcast));
  if (address.label !== undefined) parts.push(attribute(3, Buffer.from(`${address.label}\0`)));
  if (address.flags !== undefined) parts.push(attribute(8, uint32(address.flags)));
  if (address.preferredSeconds !== undefined) {
    parts.push(attribute(6, Buffer.concat([uint32(address.preferredSeconds), uint32(forever), uint32(0), uint32(0)])));
  }
  return Buffer.concat(parts);
}

/** Body of RTM_NEWLINK that sets an interface up. */
export function formatLinkUp(index: number): Buffer {
  const header = Buffer.alloc(16);
  header.writeInt32LE(index, 4);
  header.writeUInt32LE(linkFlag.up, 8);
  header.writeUInt32LE(linkFlag.up, 12);
  return header;
}

/** Body of RTM_NEWADDRLABEL, RTM_DELADDRLABEL (struct ifaddrlblmsg, attributes IFAL_ADDRESS 1, IFAL_LABEL 2). */
export function formatAddressLabel(bytes: Buffer, label: number): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt8(family.inet6, 0);
  header.writeUInt8(128, 2);
  return Buffer.concat([header, attribute(1, bytes), attribute(2, uint32(label))]);
}
