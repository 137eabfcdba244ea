import type { CmapValue } from '@sanode/cluster/client';
import type { TotemGroup } from '@sanode/totem';
import type { SchedulingMiss } from './scheduling.ts';

const narrow = /^(continuous_gather|continuous_sendmsg_failures|mtt_rx_token|avg_.*)$/;

/** Values of the statistics map that come from the ring and this process (corosync-services.md 7.5), by key. */
export function daemonStatistics(
  ring: ReturnType<TotemGroup['stats']> | undefined,
  misses: readonly SchedulingMiss[],
): Map<string, CmapValue> {
  const statistics = new Map<string, CmapValue>();
  for (const [name, value] of Object.entries(ring?.srp ?? {})) {
    const key = `stats.srp.${name}`;
    if (narrow.test(name)) statistics.set(key, { type: 'u32', value: Math.trunc(value) });
    else if (name === 'firewall_enabled_or_nic_failure') statistics.set(key, { type: 'u8', value });
    else statistics.set(key, { type: 'u64', value: BigInt(Math.max(0, Math.trunc(value))) });
  }
  for (const [name, value] of Object.entries(ring?.pg ?? {})) {
    statistics.set(`stats.pg.${name}`, { type: 'u32', value });
  }
  // Ours, not the reference's (docs/operations.md).
  for (const part of ['peers', 'pauses', 'suspects', 'trouble'] as const) {
    for (const [name, value] of Object.entries(ring?.[part] ?? {})) {
      statistics.set(`stats.${part}.${name}`, { type: 'u64', value: BigInt(value) });
    }
  }
  for (const [index, { atMs, delayMs }] of misses.entries()) {
    statistics.set(`stats.schedmiss.${index}.timestamp`, { type: 'u64', value: BigInt(atMs) });
    statistics.set(`stats.schedmiss.${index}.delay`, { type: 'flt', value: Math.fround(delayMs) });
  }
  return statistics;
}
