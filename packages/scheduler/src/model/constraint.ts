import type { NodeEntry, ProbeMode } from './node.ts';
import type { Resource } from './resource.ts';
import type { Role } from './role.ts';

/** Scores of nodes for a resource (scheduler-2 5.1). */
export interface LocationConstraint {
  readonly id: string;
  readonly resource: Resource;
  /** Unknown: any role. */
  readonly role: Role;
  readonly probeMode: ProbeMode;
  /** Newest first. */
  readonly nodes: readonly NodeEntry[];
}

/** "Dependent with primary" (scheduler-2 7.1). */
export interface Colocation {
  readonly id: string;
  /** Node attribute that must be equal; normally `#uname`. */
  readonly attribute: string;
  readonly score: number;
  readonly dependent: Resource;
  readonly primary: Resource;
  readonly dependentRole: Role;
  readonly primaryRole: Role;
  readonly influence: boolean;
  /** Configured by the user. */
  readonly explicit: boolean;
}

export interface Ticket {
  readonly id: string;
  granted: boolean;
  standby: boolean;
  /** Epoch seconds; -1: never. */
  lastGranted: number;
  readonly state: Map<string, string>;
}

export type LossPolicy = 'stop' | 'demote' | 'freeze' | 'fence';

export interface TicketConstraint {
  readonly id: string;
  readonly ticket: Ticket;
  readonly resource: Resource;
  readonly role: Role;
  readonly lossPolicy: LossPolicy;
}
