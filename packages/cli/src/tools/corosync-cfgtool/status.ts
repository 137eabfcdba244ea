import type { NodeStatus } from '@sanode/cluster/client';

/** Text of `corosync-cfgtool -s`: a link is shown as the last other node sees it, the reference's way. */
export function linkStatus(nodes: readonly NodeStatus[], localId: number, brief: boolean): string {
  const last = nodes.findLast((node) => node.nodeId !== localId) ?? nodes.at(-1);
  let text = '';
  for (const shown of last?.links ?? []) {
    if (!shown.enabled) continue;
    text += `LINK ID ${shown.link} \n\taddr\t= ${shown.source}\n`;
    if (brief) {
      const digits = nodes.map((node) => {
        if (node.nodeId === localId) return 'n';
        const link = node.links.find((other) => other.link === shown.link);
        return String((link?.enabled === true ? 1 : 0) + (link?.connected === true ? 2 : 0));
      });
      text += `\tstatus\t= ${digits.join('')}\n`;
      continue;
    }
    text += '\tstatus:\n';
    for (const node of nodes) {
      const link = node.links.find((other) => other.link === shown.link);
      const state = node.nodeId === localId ? 'localhost' : link?.connected === true ? 'connected' : 'disconnected';
      text += `\t\tnodeid: ${String(node.nodeId).padStart(10)}:\t${state}\n`;
    }
  }
  return text;
}

/** Text of `corosync-cfgtool -n`: the other nodes that can be reached. */
export function nodesStatus(nodes: readonly NodeStatus[], localId: number): string {
  let text = '';
  for (const node of nodes) {
    if (node.nodeId === localId || !node.reachable) continue;
    text += `nodeid: ${node.nodeId} reachable${node.remote ? ' remote' : ''}${node.external ? ' external' : ''}\n`;
    for (const link of node.links) {
      if (!link.enabled) continue;
      const path = link.destination === '' ? link.source : `${link.source}->${link.destination}`;
      const state = ` enabled${link.connected ? ' connected' : ''}${link.dynamicallyConnected ? ' dynconnected' : ''}`;
      text += `   LINK: ${link.link}  (${path})${state} mtu: ${link.mtu}\n`;
    }
    text += '\n';
  }
  return text;
}
