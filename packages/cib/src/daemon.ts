/** What daemons/cib needs; not for others. */
export { CibManager, type CibManagerSettings } from './manager/cib-manager.ts';
export type { CibClientIdentity, CibHost } from './manager/host.ts';
export { cibResult } from './results.ts';
export { validateCib } from './schema/index.ts';
export { readCibDirectory } from './store/read.ts';
export { CibWriter } from './store/writer.ts';
