export type { Agent, AgentAction, AgentParameter, BackgroundTask, Operation, Watch } from './agent.ts';
export { logDate, logLine } from './agent-log.ts';
export { isDecimal, isOcfTrue, squeeze } from './booleans.ts';
export { type OcfCode, ocf } from './codes.ts';
export type { AgentContext, LogLevel, ParameterSource, WatchContext } from './context.ts';
export { metadataElement, metadataXml } from './metadata.ts';
export { parameterSource } from './parameters.ts';
export { type CommandOptions, type CommandResult, runCommand } from './run-command.ts';
export {
  exitReasonOf,
  makeContext,
  type OperationHost,
  type OperationResult,
  type RerunResult,
  runOperation,
} from './run-operation.ts';
