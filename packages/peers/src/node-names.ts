import { isIPv4 } from 'node:net';
import type { CmapValue } from '@sanode/cluster/client';
import type { ConfiguredNode } from './connection-types.ts';

/**
 * Names of the nodes from cmap's `nodelist.` keys (controller.md 1.3): `name`, else `ring0_addr` where that is a name
 * and no address.
 */
export function namesFromNodelist(values: ReadonlyMap<string, CmapValue>): ConfiguredNode[] {
  const entries = new Map<number, { id?: number; name?: string; address?: string }>();
  for (const [key, value] of values) {
    const match = /^nodelist\.node\.(\d+)\.(nodeid|name|ring0_addr)$/.exec(key);
    if (match === null) continue;
    const index = Number(match[1]);
    const entry = entries.get(index) ?? {};
    entries.set(index, entry);
    if (match[2] === 'nodeid') entry.id = Number(value.value);
    else if (value.type === 'str' && match[2] === 'name') entry.name = value.value;
    else if (value.type === 'str') entry.address = value.value;
  }
  const nodes: ConfiguredNode[] = [];
  for (const [, entry] of [...entries].sort(([a], [b]) => a - b)) {
    const name = entry.name ?? addressAsName(entry.address);
    if (entry.id !== undefined && name !== undefined && name !== '') nodes.push({ id: entry.id, name });
  }
  return nodes;
}

function addressAsName(address: string | undefined): string | undefined {
  return address === undefined || isIPv4(address) || address.includes(':') ? undefined : address;
}
