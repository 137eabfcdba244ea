import type { PcsContext, RunResult } from './context.ts';
import { fail } from './errors.ts';

/** Runs `systemctl ACTION SERVICE.service`. @throws {PcsError} with its words when it fails */
export async function runService(
  context: PcsContext,
  action: 'start' | 'stop' | 'enable' | 'disable',
  service: string,
): Promise<void> {
  const result = await context.deps.systemctl([action, `${service}.service`]);
  if (result.code !== 0) fail(`Unable to ${action} ${service}: ${words(result)}`);
}

export function words(result: RunResult): string {
  return (result.stderr.trim() || result.stdout.trim() || `exit code ${result.code}`).split('\n').join(' ');
}

/** Whether a service runs, and whether it starts at boot. */
export async function serviceState(
  context: { deps: { systemctl(argv: readonly string[]): Promise<RunResult> } },
  service: string,
): Promise<{ running: boolean; enabled: boolean }> {
  const [active, enabled] = await Promise.all([
    context.deps.systemctl(['is-active', `${service}.service`]),
    context.deps.systemctl(['is-enabled', `${service}.service`]),
  ]);
  return { running: active.code === 0, enabled: enabled.code === 0 };
}
