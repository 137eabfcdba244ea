import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { canonicalAddress, ipv6Addresses, samePrefix } from './ip-address.ts';

/** IFF_UP of /sys/class/net/NAME/flags. */
const FLAG_UP = 1;

/** An address to bind to, and the interface that has it where that is known. */
export interface LocalAddress {
  readonly address: string;
  readonly interfaceName: string | undefined;
}

/**
 * The local address for `wanted` (totem.md 3.1): itself when some interface has it, else the first address in the same
 * network under that interface's netmask; undefined when there is none.
 * @param knownInterface the interface that had it last. When it is given and the address is still there, the list of
 *   interfaces is not read: the kernel makes whoever reads it wait for every change of any interface, up to a second.
 */
export async function findLocalAddress(wanted: string, knownInterface?: string): Promise<LocalAddress | undefined> {
  if (isIPv6(wanted)) return findLocalIpv6(canonicalAddress(wanted));
  // Interfaces without carrier are not in the list; the address is there all the same (a pulled cable changes nothing).
  const present = await canBind(wanted);
  if (present && knownInterface !== undefined) return { address: wanted, interfaceName: knownInterface };
  const entries = Object.entries(networkInterfaces()).flatMap(([name, list]) =>
    (list ?? []).filter((entry) => entry.family === 'IPv4').map((entry) => ({ name, entry })),
  );
  const exact = entries.find(({ entry }) => entry.address === wanted);
  if (exact !== undefined) return { address: wanted, interfaceName: exact.name };
  if (present) return { address: wanted, interfaceName: undefined };
  const near = entries.find(({ entry }) => sameNetwork(entry.address, wanted, entry.netmask));
  return near === undefined ? undefined : { address: near.entry.address, interfaceName: near.name };
}

function findLocalIpv6(wanted: string): LocalAddress | undefined {
  const all = ipv6Addresses();
  return (
    all.find(({ address }) => address === wanted) ??
    all.find(({ address, prefixLength }) => samePrefix(address, wanted, prefixLength))
  );
}

/** Whether the interface is switched on, whatever its cable does. Unknown interfaces count as up. */
export function isSwitchedOn(interfaceName: string | undefined): boolean {
  if (interfaceName === undefined) return true;
  const path = `/sys/class/net/${interfaceName}/flags`;
  if (!existsSync(path)) return true;
  return (Number.parseInt(readFileSync(path, 'utf8'), 16) & FLAG_UP) !== 0;
}

function canBind(address: string): Promise<boolean> {
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    socket.once('error', () => {
      socket.close();
      resolve(false);
    });
    socket.bind(0, address, () => {
      socket.close();
      resolve(true);
    });
  });
}

function sameNetwork(a: string, b: string, netmask: string): boolean {
  const number = (address: string): number =>
    address.split('.').reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0);
  const mask = number(netmask);
  return (number(a) & mask) >>> 0 === (number(b) & mask) >>> 0;
}
