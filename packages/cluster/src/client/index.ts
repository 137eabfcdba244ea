export { csResult } from '../wire/results.ts';
export {
  type CfgConnection,
  type CfgOptions,
  connectCfg,
  type LinkStatus,
  type NodeStatus,
  type RingStatus,
  type ShutdownMode,
} from './cfg.ts';
export { type CmapChange, type CmapMap, type CmapOptions, connectCmap, type FullCmapConnection } from './cmap.ts';
export { type CpgOptions, connectCpg } from './cpg.ts';
export { type CpgListEntry, listCpgGroups } from './cpg-list.ts';
export { getQuorum, trackQuorum } from './quorum.ts';
export type { ConnectOptions } from './session.ts';
export * from './types.ts';
export {
  connectVotequorum,
  type VotequorumConnection,
  type VotequorumHandlers,
  type VotequorumInfo,
} from './votequorum.ts';
