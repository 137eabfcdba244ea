import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Account, type Logger, paths } from '@sanode/runtime';

/** Makes the folders that the daemons need and gives them to their account. A folder that can't be made is said. */
export function prepareFolders(account: Account | undefined, log: Logger): void {
  makeFolder(paths.runDir, 0o770, account === undefined ? undefined : { ...account, uid: 0 }, log);
  for (const folder of [paths.cibDir, paths.schedulerInputDir, paths.executorWorkDir]) {
    makeFolder(dirname(folder), 0o750, account, log);
    makeFolder(folder, 0o750, account, log);
  }
  makeFolder(dirname(paths.pacemakerLog), 0o770, account, log);
}

function makeFolder(path: string, mode: number, owner: Account | undefined, log: Logger): void {
  try {
    mkdirSync(path, { recursive: true, mode });
    if (owner === undefined) return;
    chmodSync(path, mode);
    chownSync(path, owner.uid, owner.gid);
  } catch (error) {
    log.warn({ err: error, path }, `folder ${path} can't be prepared`);
  }
}
