export type { CfgHost } from './cfg/cfg-service.ts';
export { Icmap } from './cmap/icmap.ts';
export {
  addressFamilies,
  addressNames,
  type ClusterConfig,
  ClusterConfigError,
  interpretConf,
  type MachineView,
  readTimings,
  runtimeKeys,
} from './config/interpret.ts';
export { changedAddress, keepFixedKeys, type RunningKeys, reloadKeys, storeKeys } from './config/reload.ts';
export { ClusterCore, type ClusterDeps, type ClusterSettings } from './engine/cluster-core.ts';
export { type ClusterServer, serveCluster } from './server/server.ts';
export type { ServerDaemon } from './server/session.ts';
export { type ExpectedVotesStore, VotequorumConfigError } from './votequorum/config.ts';
export { csResult } from './wire/results.ts';
