import { createPrimitiveActions } from '../actions/primitive.ts';
import { primitiveConstraints } from '../actions/primitive-constraints.ts';
import { createPrimitiveProbe } from '../actions/probes.ts';
import { addPrimitiveMeta } from '../graph/action-element.ts';
import { addToGraph } from '../graph/insert.ts';
import type { Kind } from '../model/kind.ts';
import { updatePrimitive } from '../orderings/update.ts';
import { applyColocationOfPrimitive } from '../placement/apply-colocation.ts';
import { addThisWithOfPrimitive, addWithThisOfPrimitive } from '../placement/colocation-lists.ts';
import { addColocatedScores } from '../placement/flow.ts';
import { applyLocation } from '../placement/locations.ts';
import { assignPrimitive } from '../placement/primitive.ts';
import { addNeeds, collectColocated } from '../placement/utilization.ts';

/** One agent's resource. */
export const primitive: Kind = {
  assign: assignPrimitive,
  applyColocation: applyColocationOfPrimitive,
  addThisWith: addThisWithOfPrimitive,
  addWithThis: addWithThisOfPrimitive,
  addColocated: addColocatedScores,
  colocatedResources: collectColocated,
  addUtilization(resource, _list, need) {
    if (resource.unassigned) addNeeds(resource, need);
  },
  applyLocation,
  internalConstraints: primitiveConstraints,
  createProbe: createPrimitiveProbe,
  createActions: createPrimitiveActions,
  actionFlags: (action) => action.flags,
  updateOrdering: updatePrimitive,
  addToGraph,
  addGraphMeta: addPrimitiveMeta,
};
