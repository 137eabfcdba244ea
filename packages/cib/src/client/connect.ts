import { paths } from '@sanode/runtime';
import { CibSession } from './session.ts';
import type { CibClient } from './types.ts';

/** Settings of {@link connectCib}. */
export interface ConnectCibOptions {
  /** Name the daemon logs, and writes into `update-client`. */
  clientName: string;
  /** Whether changes will be asked for (socket cib_rw, root and group haclient) or only queries (cib_ro). */
  writable: boolean;
  /** Called once when the daemon goes away; not after `close()`. */
  onClose?: (reason: string) => void;
  /** Environment that CIB_file, CIB_shadow and CIB_shadow_dir are read from. Default: that of the process. */
  env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Connects to the CIB: the file that CIB_shadow or CIB_file names, else the daemon of this node (cli-crm.md 1.1).
 * @throws {import('@sanode/ipc').IpcError} IPC_CONNECT when the daemon can't be reached
 * @throws {import('./file.ts').CibFileError} when the file can't be read
 */
export async function connectCib(options: ConnectCibOptions): Promise<CibClient> {
  const env = options.env ?? process.env;
  const { cibFileOf, openCibFile } = await import('./file.ts');
  const file = cibFileOf(env);
  if (file !== undefined) return openCibFile(file, options);
  if (env['CIB_port'] !== undefined || env['CIB_encrypted_port'] !== undefined) {
    const { CibFileError } = await import('./file.ts');
    throw new CibFileError('REMOTE', 'a remote CIB (CIB_port, CIB_encrypted_port) is not supported yet');
  }
  return CibSession.open(paths.socket(options.writable ? 'cib_rw' : 'cib_ro'), options);
}
