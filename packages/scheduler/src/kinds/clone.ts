import { cloneConstraints, createCloneActions } from '../actions/clone.ts';
import { createCloneProbe } from '../actions/probes.ts';
import { addCloneMeta } from '../graph/action-element.ts';
import { addCloneToGraph } from '../graph/insert.ts';
import type { Kind } from '../model/kind.ts';
import type { Resource } from '../model/resource.ts';
import { collectiveFlags, updateCollective } from '../orderings/collective.ts';
import { addUtilizationOfClone, applyColocationOfClone, assignClone } from '../placement/clone.ts';
import { addThisWithOfClone, addWithThisOfClone } from '../placement/colocation-lists.ts';
import { addColocatedScores } from '../placement/flow.ts';
import { applyLocationToClone } from '../placement/locations.ts';
import { collectColocated } from '../placement/utilization.ts';

/** A resource that runs in several instances. */
export const clone: Kind = {
  assign: assignClone,
  applyColocation: applyColocationOfClone,
  addThisWith: addThisWithOfClone,
  addWithThis: addWithThisOfClone,
  addColocated: addColocatedScores,
  colocatedResources: collectColocated,
  addUtilization: addUtilizationOfClone,
  applyLocation: applyLocationToClone,
  internalConstraints: cloneConstraints,
  createProbe: createCloneProbe,
  createActions: createCloneActions,
  actionFlags: (action, node) => collectiveFlags(action, (action.resource as Resource).children, node),
  updateOrdering: updateCollective,
  addToGraph: addCloneToGraph,
  addGraphMeta: addCloneMeta,
};
