import type { ConfKeys } from '@sanode/conf';
import type { Icmap } from '../cmap/icmap.ts';
import type { ClusterNode } from './interpret.ts';

const reloadedPrefixes = ['logging.', 'totem.', 'nodelist.', 'quorum.', 'uidgid.config.', 'nozzle.'];

const fixedKeys = [
  ...'version threads ip_version rrp_mode netmtu transport cluster_name'.split(' ').map((name) => `totem.${name}`),
  'quorum.provider',
  ...'move_to_root_cgroup allow_knet_handle_fallback sched_rr priority qb_ipc_type state_dir'
    .split(' ')
    .map((name) => `system.${name}`),
];

/** Puts a configuration's keys into the map at start. */
export function storeKeys(icmap: Icmap, keys: ConfKeys): void {
  for (const [key, value] of keys) icmap.set(key, value);
}

/** A configuration read again, as far as it can be taken over. */
export interface RunningKeys {
  /** The new keys; those that cannot change at run time have the values that the node started with. */
  readonly keys: ConfKeys;
  /** One log line for each key that was put back. */
  readonly notices: readonly string[];
}

/**
 * Puts back what cannot change at run time (corosync-services.md 6.3 step 5).
 * @param started the keys that the node started with
 */
export function keepFixedKeys(started: ConfKeys, fresh: ConfKeys): RunningKeys {
  const keys = new Map(fresh);
  const notices: string[] = [];
  for (const key of fixedKeys) {
    const wanted = fresh.get(key);
    const running = started.get(key);
    if (running?.type === wanted?.type && running?.value === wanted?.value) continue;
    if (wanted !== undefined) notices.push(`Modified entry '${key}' in corosync.conf cannot be changed at run-time`);
    if (running === undefined) keys.delete(key);
    else keys.set(key, running);
  }
  return { keys, notices };
}

/**
 * A node's address cannot change while the node stays in the nodelist (corosync-services.md 6.3 step 6).
 * @returns undefined when none changes, else why the reload is refused
 */
export function changedAddress(running: readonly ClusterNode[], fresh: readonly ClusterNode[]): string | undefined {
  for (const { nodeId, addresses } of fresh) {
    const before = running.find((node) => node.nodeId === nodeId)?.addresses[0];
    if (before !== undefined && before !== addresses[0]) {
      const change = `(addr changed from ${before} to ${addresses[0]})`;
      return `new config has different address for link 0 ${change}. Internal value was NOT changed.`;
    }
  }
  return undefined;
}

/** Takes over the keys of a configuration read again (corosync-services.md 6.3 steps 4 and 7). */
export function reloadKeys(icmap: Icmap, keys: ConfKeys): void {
  for (const prefix of reloadedPrefixes) {
    for (const [key] of icmap.list(prefix)) if (!keys.has(key)) icmap.delete(key);
  }
  for (const [key, value] of keys) icmap.set(key, value);
}
