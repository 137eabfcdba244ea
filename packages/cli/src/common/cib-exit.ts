import { IpcError } from '@sanode/ipc';

/** Exit codes of the Pacemaker tools (cli-crm.md 2) that several tools use. */
export const exitCode = {
  ok: 0,
  error: 1,
  invalidParameter: 2,
  unimplemented: 3,
  insufficientPrivileges: 4,
  usage: 64,
  dataError: 65,
  noInput: 66,
  noHost: 68,
  softwareError: 70,
  osError: 71,
  protocol: 76,
  config: 78,
  disconnect: 102,
  old: 103,
  noSuchObject: 105,
  unsafe: 107,
  exists: 108,
  multiple: 109,
  timeout: 124,
} as const;

const byResult: ReadonlyMap<number, number> = new Map([
  [0, 0],
  [-2, 105],
  [-5, 74],
  [-6, 105],
  [-11, 113],
  [-12, 71],
  [-13, 4],
  [-14, 70],
  [-16, 113],
  [-17, 108],
  [-19, 105],
  [-22, 70],
  [-38, 70],
  [-42, 76],
  [-62, 124],
  [-71, 76],
  [-93, 76],
  [-95, 3],
  [-103, 102],
  [-104, 102],
  [-107, 102],
  [-110, 124],
  [-111, 102],
  [-202, 106],
  [-203, 78],
  [-204, 78],
  [-205, 103],
]);

/** Exit code for a result of a CIB operation (cli-crm.md 2, `rc2exit`). @param rc 0 or negative */
export function exitCodeOf(rc: number): number {
  return byResult.get(rc) ?? exitCode.error;
}

/** Result code for a daemon that can't be reached or does not answer. Other errors are thrown on. */
export function resultOfConnectionError(error: unknown): number {
  if (!(error instanceof IpcError)) throw error;
  if (error.code === 'IPC_TIMEOUT') return -62;
  return error.errno === 'EACCES' ? -13 : -107;
}
