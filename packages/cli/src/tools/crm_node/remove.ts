import { connectAttrd } from '@sanode/attributes';
import { cibOption, cibResultText, connectCib } from '@sanode/cib';
import { IpcError } from '@sanode/ipc';
import { exitCode, exitCodeOf, resultOfConnectionError } from '../../common/cib-exit.ts';
import type { ControllerClient } from '../../common/controller-client.ts';
import { type ToolCall, ToolRefusal } from '../../common/tool-frame.ts';

const timeoutMs = 30_000;

/**
 * Removes a node that left the cluster for good: from the memory of the controllers and the attribute managers, then
 * from the configuration and the status. A node that is a member would come back at once, half known: refused.
 * @param node name, or id in decimal
 */
export async function removeNode(node: string, controller: ControllerClient, call: ToolCall): Promise<void> {
  if (!/^[^'"]{1,255}$/.test(node)) {
    throw new ToolRefusal('crm_node: a node name has no quotes, and 255 characters at most', exitCode.usage);
  }
  const known = (await controller.listNodes(timeoutMs)).find(
    (each) => each.name?.toLowerCase() === node.toLowerCase() || String(each.id) === node,
  );
  if (known?.state === 'member') {
    throw new ToolRefusal(
      `crm_node: ${node} is active: stop the cluster on it and remove it from corosync.conf first`,
      exitCode.unsafe,
    );
  }
  const id = known?.id ?? (/^[1-9]\d{0,9}$/.test(node) ? Number(node) : undefined);
  const name = known?.name ?? (id === undefined ? node : undefined);
  // The controllers first: the DC writes the state of every node it remembers, and would bring this one back.
  await controller.forgetNode({ id, name });
  // Answered after the order to forget was carried out: requests of one client keep their order.
  await controller.listNodes(timeoutMs);
  try {
    if (name !== undefined) {
      const attrd = await connectAttrd({ clientName: 'crm_node' });
      await attrd.removeNode(name).finally(() => attrd.close());
    }
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    throw new ToolRefusal(`crm_node: attrd could not be told to forget ${node}: ${error.message}`, exitCode.disconnect);
  }
  await removeFromCib(id, name, call);
}

async function removeFromCib(id: number | undefined, name: string | undefined, { io }: ToolCall): Promise<void> {
  try {
    const cib = await connectCib({ clientName: 'crm_node', writable: true, env: io.env });
    try {
      const match = name === undefined ? `@id='${id}'` : `@uname='${name}'`;
      for (const section of [`//nodes/node[${match}]`, `//status/node_state[${match}]`]) {
        const options = cibOption.syncCall | cibOption.xpath;
        const { rc } = await cib.call({ operation: 'cib_delete', section, options });
        if (rc !== 0 && rc !== -6) {
          throw new ToolRefusal(
            `crm_node: Could not remove ${name ?? id} from the CIB: ${cibResultText(rc)}`,
            exitCodeOf(rc),
          );
        }
      }
    } finally {
      cib.close();
    }
  } catch (error) {
    if (error instanceof ToolRefusal) throw error;
    const rc = resultOfConnectionError(error);
    throw new ToolRefusal(`crm_node: Could not connect to the CIB: ${cibResultText(rc)}`, exitCodeOf(rc));
  }
}
