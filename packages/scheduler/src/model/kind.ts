import type { Action } from './action.ts';
import type { Colocation, LocationConstraint } from './constraint.ts';
import type { ClusterNode, NodeEntry, NodeTable } from './node.ts';
import type { Resource } from './resource.ts';
import type { WorkingSet } from './working-set.ts';

/** What changed while a relation between two actions was applied; bits. */
export const Changed = { none: 0, firstChanged: 1, thenChanged: 2 } as const;

/** Flags of a walk along colocations (scheduler-2 10.3). */
export interface WalkFlags {
  readonly thisWith: boolean;
  readonly nonNegative: boolean;
  readonly active: boolean;
}

/** A table that a callee may replace. */
export interface TableRef {
  table: NodeTable | undefined;
}

export interface UpdateArguments {
  readonly node: ClusterNode | undefined;
  readonly flags: number;
  readonly filter: number;
  readonly type: number;
}

/** What every kind of resource can do; a file of `kinds/` for each. */
export interface Kind {
  /** Chooses nodes for the resource and all below it (scheduler-2 12 to 15). */
  assign(
    set: WorkingSet,
    resource: Resource,
    prefer: ClusterNode | undefined,
    stopIfFail: boolean,
  ): NodeEntry | undefined;
  /** Applies a colocation to a primitive dependent, or hands it on to the primary's kind; returns a priority delta. */
  applyColocation(
    set: WorkingSet,
    dependent: Resource,
    primary: Resource,
    colocation: Colocation,
    forDependent: boolean,
  ): number;
  /** Adds the colocations that count for `original` where the resource is the dependent. */
  addThisWith(resource: Resource, original: Resource, list: Colocation[]): void;
  addWithThis(resource: Resource, original: Resource, list: Colocation[]): void;
  /** Lets a dependent's preferences flow into a table (scheduler-2 10.3). */
  addColocated(
    set: WorkingSet,
    source: Resource,
    target: Resource | undefined,
    ref: TableRef,
    colocation: Colocation | undefined,
    factor: number,
    flags: WalkFlags,
  ): void;
  colocatedResources(resource: Resource, original: Resource, list: Resource[]): void;
  addUtilization(resource: Resource, list: readonly Resource[], need: Map<string, number>): void;
  applyLocation(resource: Resource, location: LocationConstraint): void;
  internalConstraints(set: WorkingSet, resource: Resource): void;
  createProbe(set: WorkingSet, resource: Resource, node: ClusterNode): boolean;
  createActions(set: WorkingSet, resource: Resource): void;
  actionFlags(action: Action, node: ClusterNode | undefined): number;
  /** Applies a relation where the resource is the second's (or first's); returns bits of `Changed`. */
  updateOrdering(set: WorkingSet, resource: Resource, first: Action, then: Action, args: UpdateArguments): number;
  addToGraph(set: WorkingSet, resource: Resource): void;
  addGraphMeta(resource: Resource, attributes: Map<string, string>): void;
}
