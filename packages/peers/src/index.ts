export { type ConnectClusterDeps, type ConnectClusterOptions, connectCluster } from './connect-cluster.ts';
export type {
  ClusterConnection,
  ClusterGroup,
  ClusterHandlers,
  ClusterMessage,
  ConfiguredNode,
  Peer,
} from './connection-types.ts';
export { Election, type ElectionHost, type ElectionOptions, type ElectionState, electionState } from './election.ts';
export { namesFromNodelist } from './node-names.ts';
export { isActive, PeerCache, type PeerCacheDeps, type PeerCacheOptions } from './peer-cache.ts';
export {
  SimulatedCluster,
  type SimulatedClusterOptions,
  type SimulatedConnectOptions,
} from './simulated-cluster.ts';
export { SimulatedTime } from './simulated-time.ts';
