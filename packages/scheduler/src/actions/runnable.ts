import { type Action, ActionFlag } from '../model/action.ts';
import { isGuestNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { isActive } from '../status/active.ts';
import { canFence, fenceNode } from './fence-node.ts';

/** Decides anew whether a resource's action can be done, first matching rule (scheduler-3 2.5). */
export function updateRunnable(set: WorkingSet, action: Action, resource: Resource): void {
  if (action.pseudo) return;
  const { node } = action;
  const onDc = action.has(ActionFlag.onDc);
  if (node === undefined) {
    action.clear(ActionFlag.runnable);
  } else if (!onDc && !node.online && (!isGuestNode(node) || node.remoteReset)) {
    action.clear(ActionFlag.runnable);
    if (resource.managed && action.task === 'stop' && !node.unclean) {
      fenceNode(set, node, 'stop is unrunnable', false);
    }
  } else if (!onDc && node.pending) {
    action.clear(ActionFlag.runnable);
  } else if (action.needs === 'nothing') {
    action.reason = undefined;
    if (isGuestNode(node) && !canFence(set, node)) action.clear(ActionFlag.runnable);
    else action.set(ActionFlag.runnable);
  } else {
    applyQuorumPolicy(set, action, resource);
  }
}

function applyQuorumPolicy(set: WorkingSet, action: Action, resource: Resource): void {
  switch (effectivePolicy(set, resource)) {
    case 'stop':
      action.clear(ActionFlag.runnable);
      action.reason = 'no quorum';
      break;
    case 'freeze':
      if (!isActive(resource, true) || resource.nextRole > resource.origRole) {
        action.clear(ActionFlag.runnable);
        action.reason = 'quorum freeze';
      }
      break;
    default:
      action.set(ActionFlag.runnable);
  }
}

function effectivePolicy(set: WorkingSet, resource: Resource): string {
  if (set.quorate) return 'ignore';
  const policy = set.options.noQuorumPolicy;
  if (policy !== 'demote') return policy;
  if (resource.origRole !== Role.promoted && resource.origRole !== Role.unpromoted) return 'stop';
  if (resource.nextRole > Role.unpromoted) resource.nextRole = Role.unpromoted;
  return 'ignore';
}
