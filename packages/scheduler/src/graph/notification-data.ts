import type { Action } from '../model/action.ts';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';

export type NotificationTask = 'start' | 'stop' | 'promote' | 'demote';

export interface NotificationEntry {
  readonly resource: Resource;
  readonly node: ClusterNode | undefined;
}

/** One clone's notifications about one task (scheduler-3 12). */
export interface NotificationData {
  readonly task: NotificationTask;
  readonly pre: Action | undefined;
  readonly preDone: Action | undefined;
  readonly post: Action | undefined;
  readonly postDone: Action | undefined;
  readonly keys: Map<string, string>;
}

export type NotificationSets = Partial<Record<NotificationTask, NotificationData>>;
