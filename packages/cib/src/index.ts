export { type ConnectCibOptions, connectCib } from './client/connect.ts';
export { CibFileError, cibFileOf, readDocument, shadowDirectory } from './client/file.ts';
export { applyDiffNotification } from './client/mirror.ts';
export { type CibClient, type CibOperation, type CibReply, type CibRequest, cibOption } from './client/types.ts';
export { cibSection } from './document/sections.ts';
export {
  type CibVersion,
  cibVersion,
  compareCibVersions,
  emptyCib,
  formatCibVersion,
} from './document/version.ts';
export {
  type ApplyOptions,
  type ApplyResult,
  applyPatchset,
  type CreateOptions,
  createPatchset,
} from './patchset/index.ts';
export { cibResult, cibResultText } from './results.ts';
export { type SchemaProblem, schemaNames, schemaProblems, validateCib } from './schema/index.ts';
export { type AcceptableCib, acceptableCib } from './upgrade/acceptable.ts';
export { type UpgradeResult, upgradeCib } from './upgrade/index.ts';
