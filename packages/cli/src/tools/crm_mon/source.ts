import { type CibClient, connectCib } from '@sanode/cib';
import { connectXmlIpc, IpcError } from '@sanode/ipc';
import { paths } from '@sanode/runtime';
import { attr, type Element, element } from '@sanode/xml';

const launcherTimeoutMs = 10_000;

/** The state of pacemakerd. */
export interface LauncherState {
  readonly state: string;
  /** Epoch seconds since when, or of the answer. */
  readonly sinceSeconds: number;
}

/** The cluster can't be asked. */
export class SourceError extends Error {
  /** What the system says: Connection refused, ... */
  readonly reason: string;
  /** Whether it was pacemakerd that could not be asked. */
  readonly atLauncher: boolean;

  constructor(reason: string, atLauncher: boolean) {
    super(reason);
    this.reason = reason;
    this.atLauncher = atLauncher;
  }
}

/** Asks pacemakerd how it is. @throws {SourceError} */
export async function launcherState(): Promise<LauncherState> {
  try {
    const client = await connectXmlIpc({ path: paths.socket('pacemakerd') });
    try {
      const answer = await client.request(
        element('ping', { crm_task: 'ping', crm_sys_to: 'pacemakerd', crm_sys_from: 'crm_mon' }),
        launcherTimeoutMs,
      );
      const sinceSeconds = Number.parseInt(attr(answer, 'crm-timestamp') ?? '0', 10) || 0;
      return { state: attr(answer, 'pacemakerd_state') ?? 'invalid', sinceSeconds };
    } finally {
      client.close();
    }
  } catch (error) {
    throw new SourceError(reasonOf(error), true);
  }
}

/** Connects to the CIB of the environment. @throws {SourceError} */
export async function openCib(
  env: Readonly<Record<string, string | undefined>>,
  onClose: (reason: string) => void = () => {},
): Promise<CibClient> {
  try {
    return await connectCib({ clientName: 'crm_mon', writable: false, env, onClose });
  } catch (error) {
    throw new SourceError(reasonOf(error), false);
  }
}

/** The whole CIB. @throws {SourceError} */
export async function queryCib(client: CibClient): Promise<Element> {
  const localOnly = 0x100;
  const reply = await client.call({ operation: 'cib_query', options: localOnly });
  if (reply.rc !== 0 || reply.data === undefined) throw new SourceError(`CIB query failed (${reply.rc})`, false);
  return reply.data;
}

function reasonOf(error: unknown): string {
  if (error instanceof IpcError) {
    if (error.code === 'IPC_TIMEOUT') return 'Connection timed out';
    if (error.errno === 'EACCES') return 'Permission denied';
    return 'Connection refused';
  }
  if (error instanceof Error) return error.message;
  throw error;
}
