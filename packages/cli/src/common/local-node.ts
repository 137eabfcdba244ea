import { hostname } from 'node:os';
import { CorosyncError, connectCmap } from '@sanode/cluster/client';
import { IpcError } from '@sanode/ipc';
import { namesFromNodelist } from '@sanode/peers';
import type { ToolIo } from '../io.ts';

/** Name of this node: what the executor told an agent, else corosync's node list, else the host's name. */
export async function localNodeName(io: ToolIo): Promise<string> {
  const told = io.env['OCF_RESKEY_CRM_meta_on_node'];
  if (told !== undefined && told !== '') return told;
  try {
    const cmap = await connectCmap();
    try {
      const id = await cmap.get('runtime.votequorum.this_node_id');
      const nodes = namesFromNodelist(await cmap.list('nodelist.'));
      const own = nodes.find((node) => node.id === Number(id?.value));
      if (own !== undefined) return own.name;
    } finally {
      cmap.close();
    }
  } catch (error) {
    if (!(error instanceof IpcError || error instanceof CorosyncError)) throw error;
  }
  return hostname();
}
