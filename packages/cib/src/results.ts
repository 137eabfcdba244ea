/** Results of CIB operations: 0, or negative: -errno or a code of the CIB protocol (cib.md 3.2). */
export const cibResult = {
  ok: 0,
  notPermitted: -1,
  noSuchObject: -6,
  accessDenied: -13,
  exists: -17,
  invalid: -22,
  notSupported: -95,
  protocolNotSupported: -93,
  notConnected: -107,
  timedOut: -110,
  generic: -201,
  schemaValidation: -203,
  transformFailed: -204,
  oldData: -205,
  diffFailed: -206,
  diffResync: -207,
  modifiedOnDisk: -208,
  notSaved: -210,
  corrupt: -212,
  schemaUnchanged: -211,
} as const;

const texts: ReadonlyMap<number, string> = new Map([
  [0, 'OK'],
  [-1, 'Operation not permitted'],
  [-2, 'No such file or directory'],
  [-5, 'Input/output error'],
  [-6, 'No such device or address'],
  [-13, 'Permission denied'],
  [-17, 'File exists'],
  [-22, 'Invalid argument'],
  [-62, 'Timer expired'],
  [-93, 'Protocol not supported'],
  [-95, 'Operation not supported'],
  [-104, 'Connection reset by peer'],
  [-107, 'Transport endpoint is not connected'],
  [-110, 'Connection timed out'],
  [-111, 'Connection refused'],
  [-201, 'Generic Pacemaker error'],
  [-202, 'Operation requires quorum'],
  [-203, 'Update does not conform to the configured schema'],
  [-204, 'Schema transform failed'],
  [-205, 'Update was older than existing configuration'],
  [-206, 'Application of an update diff failed'],
  [-207, 'Application of an update diff failed, requesting a full refresh'],
  [-208, 'On-disk configuration was manually modified'],
  [-209, 'Could not archive the previous configuration'],
  [-210, 'Could not save the new configuration to disk'],
  [-211, 'Schema is already the latest available'],
  [-212, 'Could not parse on-disk configuration'],
]);

/** What a result code means, in the reference's words. */
export function cibResultText(rc: number): string {
  return texts.get(rc) ?? `Unknown error ${-rc}`;
}
