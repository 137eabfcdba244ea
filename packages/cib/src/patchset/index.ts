export { type ApplyOptions, type ApplyResult, applyPatchset } from './apply.ts';
export { type CreateOptions, createPatchset } from './create.ts';
