import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import { confNodes, parseCorosyncTree } from './corosync-conf.ts';

/** The name this host has in a corosync.conf: that of the host, else of the node with one of its addresses. */
export async function localNodeName(conf: string, hostName: string): Promise<string | undefined> {
  const nodes = confNodes(parseCorosyncTree(conf));
  const byName = nodes.find((node) => node.name === hostName || node.name === hostName.split('.')[0]);
  if (byName !== undefined) return byName.name;
  const own = new Set(Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((entry) => entry.address)));
  for (const node of nodes) {
    for (const address of node.addresses) {
      const found = await lookup(address, { all: true }).catch(() => []);
      if (found.some((entry) => own.has(entry.address))) return node.name;
    }
  }
  return undefined;
}
