import { connectXmlIpc } from '@sanode/ipc';
import { paths } from '@sanode/runtime';
import { attr, type Element, element, withAttributes } from '@sanode/xml';
import type { ExecutorClient, ExecutorClientOptions } from './types.ts';

/** Version of the executor's protocol that this client speaks. */
const protocolVersion = '1.1';
const registerTimeoutMs = 30_000;

/**
 * Connects to this node's executor (socket `lrmd`) and registers.
 * @throws {import('@sanode/ipc').IpcError} IPC_CONNECT when nobody listens
 * @throws {Error} when the executor refuses the registration
 */
export async function connectExecutor(options: ExecutorClientOptions): Promise<ExecutorClient> {
  let asyncId = 0;
  const client = await connectXmlIpc({
    path: paths.socket('lrmd'),
    onEvent: options.onNotify,
    onClose: options.onClose,
  });
  const complete = (command: Element): Element => {
    asyncId += 1;
    return withAttributes(command, {
      __name__: attr(command, '__name__') ?? 'lrmd_command',
      t: attr(command, 't') ?? 'lrmd',
      lrmd_async_id: attr(command, 'lrmd_async_id') ?? asyncId,
    });
  };
  const register = element('lrmd_command', {
    lrmd_op: 'register',
    lrmd_clientname: options.clientName,
    lrmd_protocol_version: protocolVersion,
  });
  const answer = await client.request(complete(register), registerTimeoutMs);
  const rc = Number(attr(answer, 'lrmd_rc') ?? '0');
  if (rc < 0) {
    client.close();
    throw new Error(`the executor refused the registration of ${options.clientName} (error ${rc})`);
  }
  return {
    clientId: attr(answer, 'lrmd_clientid') ?? '',
    request: (command) => client.request(complete(command)),
    close: () => client.close(),
  };
}
