import { shownHealth } from '../constraints/health.ts';
import { type ClusterNode, isGuestNode, isRemoteNode } from '../model/node.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { isActive } from '../status/active.ts';
import { showResource } from './resource-status.ts';
import type { ListText } from './text.ts';

/** Prints nodes and resources as crm_simulate does (scheduler-3 20.6). */
export function showClusterStatus(set: WorkingSet, text: ListText, showPending: boolean): void {
  if (showNodes(set, text)) text.spacer();
  showResources(set, text, showPending);
}

function kindOf(node: ClusterNode): string {
  if (isGuestNode(node)) return 'GuestNode';
  return isRemoteNode(node) && node.variant === 'remote' ? 'RemoteNode' : 'Node';
}

/** A node's state in words. */
function statusOf(set: WorkingSet, node: ClusterNode): string {
  const health = shownHealth(set, node);
  return `${stateOf(node)}${health < 0 ? ' (health is RED)' : health === 0 ? ' (health is YELLOW)' : ''}`;
}

function stateOf(node: ClusterNode): string {
  if (node.unclean) {
    if (node.online) return 'UNCLEAN (online)';
    return node.pending ? 'UNCLEAN (pending)' : 'UNCLEAN (offline)';
  }
  if (node.pending) return 'pending';
  if (node.failStandby && node.online) return 'standby (on-fail)';
  if (node.standby) {
    if (!node.online) return 'OFFLINE (standby)';
    return node.running.length > 0 ? 'standby (with active resources)' : 'standby';
  }
  if (node.maintenance) return node.online ? 'maintenance' : 'OFFLINE (maintenance)';
  return node.online ? 'online' : 'OFFLINE';
}

function showNodes(set: WorkingSet, text: ListText): boolean {
  if (set.nodes.length === 0) return false;
  text.begin('Node List');
  const groups = new Map<string, string[]>(
    ['Online', 'OFFLINE', 'RemoteOnline', 'RemoteOFFLINE', 'GuestOnline'].map((name) => [name, []]),
  );
  for (const node of set.nodes) {
    const special =
      node.unclean ||
      node.pending ||
      (node.failStandby && node.online) ||
      node.standby ||
      node.maintenance ||
      shownHealth(set, node) <= 0;
    if (special) {
      text.item(`${kindOf(node)} ${node.name}: ${statusOf(set, node)}`);
      continue;
    }
    const prefix = isGuestNode(node) ? 'Guest' : node.variant === 'remote' ? 'Remote' : '';
    groups.get(`${prefix}${node.online ? 'Online' : 'OFFLINE'}`)?.push(node.name);
  }
  for (const [label, names] of groups) if (names.length > 0) text.item(`[ ${names.join(' ')} ]`, label);
  text.end();
  return true;
}

function showResources(set: WorkingSet, text: ListText, showPending: boolean): void {
  let shown = false;
  const open = () => {
    if (!shown) text.begin('Full List of Resources');
    shown = true;
  };
  for (const resource of set.resources) {
    if (resource.removed && !isActive(resource, true)) continue;
    if (isActive(resource, false) && resource.activeNodes.length === 0) continue;
    showResource(set, resource, { text, showPending, open });
  }
  if (!shown) {
    open();
    text.item('No resources');
  }
  text.end();
}
