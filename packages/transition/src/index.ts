export { type DiffEvent, type HistoryEvent, readDiff } from './diff.ts';
export { type FencingOutcome, TransitionEngine } from './engine.ts';
export {
  type ActionKind,
  actionAttribute,
  blankGraph,
  type GraphAction,
  GraphError,
  parseAction,
  parseGraph,
  type Synapse,
  type TransitionGraph,
} from './graph.ts';
export {
  type Abort,
  type ActionRequest,
  type CompletionAction,
  type ControllerState,
  completionActions,
  type FailureUpdate,
  type GraphOutcome,
  type TransitionHost,
} from './host.ts';
export {
  decodeOperationKey,
  decodeTransitionKey,
  encodeTransitionKey,
  encodeTransitionMagic,
  type OperationKey,
  type TransitionKey,
} from './keys.ts';
export { jobMaximum, type LoadSample, loadMode, type ThrottleMode, ThrottleTable, throttleMode } from './throttle.ts';
