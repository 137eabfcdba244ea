import type { ConfKeys } from '@sanode/conf';
import type { Icmap } from '../cmap/icmap.ts';

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

/**
 * Takes over the keys of a configuration read again (corosync-services.md 6.3 steps 4, 5 and 7).
 * @returns log lines about keys that cannot change at run time
 */
export function reloadKeys(icmap: Icmap, keys: ConfKeys): string[] {
  const fresh = new Map(keys);
  for (const prefix of reloadedPrefixes) {
    for (const [key] of icmap.list(prefix)) if (!fresh.has(key)) icmap.delete(key);
  }
  const notices: string[] = [];
  for (const key of fixedKeys) {
    const value = fresh.get(key);
    const live = icmap.get(key);
    if (value === undefined || (live?.type === value.type && live.value === value.value)) continue;
    fresh.delete(key);
    notices.push(`Modified entry '${key}' in corosync.conf cannot be changed at run-time`);
  }
  for (const [key, value] of fresh) icmap.set(key, value);
  return notices;
}
