export { Executor } from './executor.ts';
export type { ExecutorHost } from './executor-host.ts';
export { nativePolicy } from './native-agents.ts';
export type { ActionRequest, ActionResult, ResourceDefinition } from './operation.ts';
export { AlertRunner } from './runner/alerts.ts';
export { Runner } from './runner/runner.ts';
export { Watcher } from './worker/watcher.ts';
