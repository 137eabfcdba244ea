export { type AgentMetadata, agentMetadata, listAgents, listProviders, MetadataError } from './agent-metadata.ts';
export { connectExecutor } from './client/connect.ts';
export { type ExecutorClient, type ExecutorClientOptions, executionStatus, lrmdCallOption } from './client/types.ts';
export { type NativePolicy, nativeMarker, nativePolicy, usesNativeAgent } from './native-agents.ts';
