import { readFileSync } from 'node:fs';
import { isIPv6, SocketAddress } from 'node:net';

/** The kernel's list of IPv6 addresses, one a line: 32 hexadecimal digits, index, prefix length, scope, flags, name. */
const IPV6_ADDRESSES_FILE = '/proc/net/if_inet6';

/**
 * A numeric address as the kernel writes it, without a zone: `FD00:0::1` is `fd00::1`, `fe80::1%eth0` is `fe80::1`
 * (the reference drops the zone too). What is no IPv6 address comes back as it is.
 */
export function canonicalAddress(address: string): string {
  const bare = address.split('%', 1)[0] as string;
  return isIPv6(bare) ? new SocketAddress({ address: bare, family: 'ipv6' }).address : address;
}

/** Whether an IPv6 address means something only on one interface: of the link, or multicast within interface or link. */
export function belongsToInterface(address: string): boolean {
  return /^(fe[89ab]|ff[0-9a-f][12])/i.test(address) && isIPv6(address);
}

/** An IPv6 address that an interface of this machine has. */
export interface Ipv6Address {
  readonly address: string;
  readonly prefixLength: number;
  readonly interfaceName: string;
}

/** All IPv6 addresses of this network namespace, those of interfaces without carrier included; none where IPv6 is off. */
export function ipv6Addresses(): Ipv6Address[] {
  let text: string;
  try {
    text = readFileSync(IPV6_ADDRESSES_FILE, 'latin1');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const [digits, , prefix, , , interfaceName] = line.trim().split(/\s+/);
    if (digits?.length !== 32 || prefix === undefined || interfaceName === undefined) return [];
    const address = canonicalAddress((digits.match(/.{4}/g) as string[]).join(':'));
    return [{ address, prefixLength: Number.parseInt(prefix, 16), interfaceName }];
  });
}

/** Whether two IPv6 addresses have the same first `prefixLength` bits. */
export function samePrefix(a: string, b: string, prefixLength: number): boolean {
  const shift = BigInt(128 - prefixLength);
  return toBits(a) >> shift === toBits(b) >> shift;
}

/** The 128 bits of an IPv6 address. */
function toBits(address: string): bigint {
  let text = canonicalAddress(address);
  // An IPv4 address in its last 32 bits, as in ::ffff:10.0.0.1.
  const embedded = text.match(/^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/);
  if (embedded !== null) {
    const [, head, a, b, c, d] = embedded;
    text = `${head}${((Number(a) << 8) | Number(b)).toString(16)}:${((Number(c) << 8) | Number(d)).toString(16)}`;
  }
  const [head = '', tail] = text.split('::');
  const words = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const before = words(head);
  const after = words(tail ?? '');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...Array<string>(zeros).fill('0'), ...after];
  return all.reduce((bits, word) => (bits << 16n) | BigInt(Number.parseInt(word, 16)), 0n);
}
