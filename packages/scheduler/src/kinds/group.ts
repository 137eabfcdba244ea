import { createGroupActions, groupActionFlags, groupConstraints } from '../actions/group.ts';
import { createGroupProbe } from '../actions/probes.ts';
import { addToGraph } from '../graph/insert.ts';
import type { Kind } from '../model/kind.ts';
import { updateGroup } from '../orderings/update.ts';
import { applyColocationOfGroup } from '../placement/apply-colocation.ts';
import { addThisWithOfGroup, addWithThisOfGroup } from '../placement/colocation-lists.ts';
import { addColocatedScoresOfGroup } from '../placement/flow.ts';
import { addUtilizationOfGroup, assignGroup, colocatedResourcesOfGroup } from '../placement/group.ts';
import { applyLocationToGroup } from '../placement/locations.ts';

/** Primitives that start one after the other on one node. */
export const group: Kind = {
  assign: assignGroup,
  applyColocation: applyColocationOfGroup,
  addThisWith: addThisWithOfGroup,
  addWithThis: addWithThisOfGroup,
  addColocated: addColocatedScoresOfGroup,
  colocatedResources: colocatedResourcesOfGroup,
  addUtilization: addUtilizationOfGroup,
  applyLocation: applyLocationToGroup,
  internalConstraints: groupConstraints,
  createProbe: createGroupProbe,
  createActions: createGroupActions,
  actionFlags: groupActionFlags,
  updateOrdering: updateGroup,
  addToGraph,
  addGraphMeta() {},
};
