import { isIP } from 'node:net';

/** An address as bytes (4 or 16) with its family. */
export interface IpAddress {
  readonly family: 'inet' | 'inet6';
  readonly bytes: Buffer;
}

/** An IPv4 address as the agent accepts it: four octets, the first 1 to 255, no leading zeros (ocf-agents.md 2.3a). */
export function isAgentIpv4(text: string): boolean {
  const octets = text.split('.');
  return octets.length === 4 && octets.every((octet, index) => isOctet(octet) && (index > 0 || octet !== '0'));
}

function isOctet(text: string): boolean {
  return /^(0|[1-9][0-9]{0,2})$/.test(text) && Number(text) <= 255;
}

/** Parses an address; undefined if it is none. A text with `:` is IPv6. */
export function parseAddress(text: string): IpAddress | undefined {
  const version = isIP(text);
  if (version === 4) return { family: 'inet', bytes: Buffer.from(text.split('.').map(Number)) };
  if (version === 6 && !text.includes('%')) return { family: 'inet6', bytes: parseIpv6(text) };
  return undefined;
}

/** An address for a route lookup, where an IPv4 address may be cut short as for ip(8): 10.89.1 is 10.89.1.0. */
export function parseForLookup(text: string): IpAddress | undefined {
  const missing = /^[0-9]+(\.[0-9]+){0,2}$/.test(text) ? 4 - text.split('.').length : 0;
  return parseAddress(text + '.0'.repeat(missing));
}

function parseIpv6(text: string): Buffer {
  const dotted = /^(.*:)([0-9.]+)$/.exec(text);
  let source = text;
  if (dotted?.[2]?.includes('.') === true) {
    const [a = 0, b = 0, c = 0, d = 0] = dotted[2].split('.').map(Number);
    source = `${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  }
  const [head = '', tail] = source.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array<string>(zeros).fill('0'), ...right];
  const bytes = Buffer.alloc(16);
  for (const [index, group] of groups.entries()) bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  return bytes;
}

/** Text of an address: dotted quads, or RFC 5952. */
export function formatAddress(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start += 1) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  const hex = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (best.start < 0) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}

/** Whether the network `network/networkPrefix` covers `address` in its first bits. */
export function covers(network: Buffer, networkPrefix: number, address: Buffer): boolean {
  if (network.length !== address.length) return false;
  const whole = networkPrefix >> 3;
  if (!network.subarray(0, whole).equals(address.subarray(0, whole))) return false;
  const rest = networkPrefix & 7;
  if (rest === 0) return true;
  const mask = (0xff << (8 - rest)) & 0xff;
  return ((network[whole] ?? 0) & mask) === ((address[whole] ?? 0) & mask);
}

/** Broadcast address of an IPv4 network: host bits set (`+`) or clear (`-`). */
export function hostBits(address: Buffer, prefix: number, set: boolean): Buffer {
  const mask = prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
  const value = address.readUInt32BE(0);
  const result = Buffer.alloc(4);
  result.writeUInt32BE((set ? (value | ~mask) >>> 0 : value & mask) >>> 0);
  return result;
}

/** Prefix length of a dotted-quad netmask; undefined if its ones are not contiguous. */
export function prefixOfNetmask(mask: string): number | undefined {
  const bits = mask
    .split('.')
    .map((octet) => Number(octet).toString(2).padStart(8, '0'))
    .join('');
  if (!/^1*0*$/.test(bits) || bits.length !== 32) return undefined;
  return bits.replaceAll('0', '').length;
}
