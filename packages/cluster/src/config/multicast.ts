import { isIP, isIPv6 } from 'node:net';
import { type ConfKeys, type ConfValue, numberValue, textValue } from '@sanode/conf';
import { type MulticastOptions, multicastGroupOf } from '@sanode/totem';
import { ClusterConfigError } from './config-error.ts';

const broadcastAddress = '255.255.255.255';
const defaultTtl = 1;
const maxTtl = 255;

/**
 * How a ring with `transport: udp` reaches everybody (totem.md 4, corosync-services.md 9.4).
 * @param bindAddress this node's numeric address on link 0
 * @throws {ClusterConfigError}
 */
export function readMulticast(keys: ConfKeys, bindAddress: string): MulticastOptions {
  const ttl = numberValue(keys, 'totem.interface.0.ttl') ?? defaultTtl;
  if (ttl < 0 || ttl > maxTtl) throw new ClusterConfigError('Invalid TTL (should be 0..255) for interface 0');
  const broadcast = textValue(keys, 'totem.interface.0.broadcast') === 'yes';
  const groupAddress = broadcast ? broadcastAddress : groupOf(keys, bindAddress);
  if (isIP(groupAddress) !== isIP(bindAddress)) {
    // The reference refuses an mcastaddr in these words; broadcast over IPv6 it takes, and then cannot send.
    throw broadcast
      ? new ClusterConfigError('Multicast address family does not match bind address family for interface 0')
      : new ClusterConfigError(`failed to parse mcast address '${groupAddress}'`);
  }
  if (!broadcast && !isMulticast(groupAddress)) {
    throw new ClusterConfigError('mcastaddr is not a correct multicast address for interface 0');
  }
  return { groupAddress, broadcast, ttl };
}

/** The keys that a ring over multicast adds to the map (corosync-services.md 7.4). */
export function multicastKeys({ groupAddress }: MulticastOptions, port: number): [string, ConfValue][] {
  return [
    ['totem.interface.0.mcastaddr', { type: 'str', value: groupAddress }],
    ['totem.interface.0.mcastport', { type: 'u16', value: port }],
  ];
}

function groupOf(keys: ConfKeys, bindAddress: string): string {
  const written = textValue(keys, 'totem.interface.0.mcastaddr');
  if (written !== undefined) return written;
  const clusterName = textValue(keys, 'totem.cluster_name');
  if (clusterName === undefined) throw new ClusterConfigError('No multicast address specified for interface 0');
  return multicastGroupOf(clusterName, 0, isIPv6(bindAddress) ? 6 : 4);
}

function isMulticast(address: string): boolean {
  if (isIPv6(address)) return /^ff/i.test(address);
  const first = Number(address.split('.')[0]);
  return first >= 224 && first <= 239;
}
