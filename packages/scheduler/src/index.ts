export { type Action, ActionFlag } from './model/action.ts';
export type { Colocation, LocationConstraint, Ticket, TicketConstraint } from './model/constraint.ts';
export {
  type ClusterNode,
  isBundleNode,
  isGuestNode,
  isRemoteNode,
  type NodeEntry,
  ProbeMode,
} from './model/node.ts';
export {
  type BundleData,
  type BundleReplica,
  type CloneData,
  definitionId,
  type GroupData,
  isBundled,
  primitivesOf,
  printableId,
  Resource,
  topOf,
  topWithBundle,
  type Variant,
  withDescendants,
} from './model/resource.ts';
export { parseRole, Role, roleText } from './model/role.ts';
export type { FailedOperation, Message, PrintedLine, WorkingSet } from './model/working-set.ts';
export { showClusterStatus } from './output/cluster-status.ts';
export { dotText } from './output/dot.ts';
export { ListText } from './output/text.ts';
export { transitionSummary } from './output/transition-summary.ts';
export { type ScheduleOptions, type ScheduleResult, schedule, scheduleWorkingSet, unpack } from './schedule.ts';
export { operationDigest } from './status/digests.ts';
