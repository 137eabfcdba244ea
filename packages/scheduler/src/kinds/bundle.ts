import { bundleConstraints, createBundleActions } from '../actions/bundle.ts';
import { complexTask } from '../actions/keys.ts';
import { createBundleProbe } from '../actions/probes.ts';
import { addBundleToGraph } from '../graph/insert.ts';
import type { Action } from '../model/action.ts';
import type { Kind } from '../model/kind.ts';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { collectiveFlags, updateCollective } from '../orderings/collective.ts';
import { addUtilizationOfBundle, applyColocationOfBundle, assignBundle } from '../placement/bundle.ts';
import { addThisWithOfBundle, addWithThisOfBundle } from '../placement/colocation-lists.ts';
import { addColocatedScores } from '../placement/flow.ts';
import { instancesOf } from '../placement/instances.ts';
import { applyLocationToBundle } from '../placement/locations.ts';
import { collectColocated } from '../placement/utilization.ts';

const insideTasks = new Set(['no_action', 'notify', 'notified', 'promote', 'promoted', 'demote', 'demoted']);

/** What is about roles is about what runs inside; the rest about the containers (scheduler-3 11.3). */
function bundleActionFlags(action: Action, node: ClusterNode | undefined): number {
  const bundle = action.resource as Resource;
  const bundled = bundle.bundle?.bundled;
  const inside = bundled !== undefined && insideTasks.has(complexTask(action.task, false));
  return collectiveFlags(action, inside ? bundled.children : instancesOf(bundle), node);
}

/** A containerized service: containers, addresses, connections, and what runs inside. */
export const bundle: Kind = {
  assign: assignBundle,
  applyColocation: applyColocationOfBundle,
  addThisWith: addThisWithOfBundle,
  addWithThis: addWithThisOfBundle,
  addColocated: addColocatedScores,
  colocatedResources: collectColocated,
  addUtilization: addUtilizationOfBundle,
  applyLocation: applyLocationToBundle,
  internalConstraints: bundleConstraints,
  createProbe: createBundleProbe,
  createActions: createBundleActions,
  actionFlags: bundleActionFlags,
  updateOrdering: updateCollective,
  addToGraph: addBundleToGraph,
  addGraphMeta() {},
};
