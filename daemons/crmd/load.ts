import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';

/** What the controller's throttling goes by. The cib's own share of a CPU is not measured yet: undefined. */
export function systemLoad(): { cpuCores: number; average: number; cibCpuFraction: number | undefined } {
  return { cpuCores: Math.max(1, cpus().length), average: loadavg()[0] ?? 0, cibCpuFraction: undefined };
}

/** Whether sbd runs on this node (property have-watchdog). */
export function sbdRuns(): boolean {
  for (const file of ['/run/sbd.pid', '/var/run/sbd.pid']) {
    try {
      const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
      return pid > 0 && readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'sbd';
    } catch {
      // No such file, or no such process: not running.
    }
  }
  return false;
}
