import { CorosyncError, connectCpg } from '@sanode/cluster/client';
import { type GroupHandlers, type GroupMember, joinWithLibcpg } from './libcpg.ts';

/** Joins a group of the local daemon. @param library `libcpg`, or `sanode` for our own client */
export async function joinGroup(
  library: string | undefined,
  group: string,
  handlers: GroupHandlers,
): Promise<GroupMember> {
  return library === 'libcpg' ? joinWithLibcpg(group, handlers) : joinWithSanode(group, handlers);
}

async function joinWithSanode(group: string, handlers: GroupHandlers): Promise<GroupMember> {
  const connection = await connectCpg(group, {
    deliver: (nodeId, _pid, body) => handlers.deliver(nodeId, body),
    configurationChange: (change) => handlers.membersChanged(change.members.length),
    closed: (reason) => {
      throw new Error(reason);
    },
  });
  return {
    send: async (body) => {
      try {
        await connection.mcast(body);
        return true;
      } catch (error) {
        if (error instanceof CorosyncError && error.code === 'TRY_AGAIN') return false;
        throw error;
      }
    },
    close: () => connection.close(),
  };
}
