import type { ClusterNode } from '../model/node.ts';
import { Role } from '../model/role.ts';
import { currentNode } from '../placement/current-node.ts';

export type RemoteState = 'unknown' | 'alive' | 'resting' | 'failed' | 'stopped';

/** What can be expected of a remote node, from its connection (scheduler-3 17.1). */
export function remoteState(node: ClusterNode): RemoteState {
  const { connection } = node;
  if (connection === undefined) return 'unknown';
  const host = currentNode(connection);
  if (connection.nextRole === Role.stopped || connection.assigned === undefined) {
    if (host?.unclean === true) return 'failed';
    if (!connection.failed) return 'stopped';
    const shutdown = node.attributes.get('shutdown');
    const noShutdown = shutdown === undefined || shutdown === '0';
    const reconnects = connection.nextRole === Role.stopped && connection.remoteReconnectMs > 0;
    return reconnects && node.remoteFenced && noShutdown ? 'unknown' : 'failed';
  }
  if (host === undefined) return 'unknown';
  if (host.unclean || !host.online) return 'resting';
  const migrating = connection.partialMigrationSource !== undefined && connection.partialMigrationTarget !== undefined;
  return connection.activeNodes.length > 1 && migrating ? 'resting' : 'alive';
}
