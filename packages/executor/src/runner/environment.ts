import { paths } from '@sanode/runtime';
import type { ActionRequest } from '../operation.ts';

/** The daemon's own variables that are not for agents. */
const ownVariables: ReadonlySet<string> = new Set([
  'NOTIFY_SOCKET',
  'NODE_CHANNEL_FD',
  'NODE_CHANNEL_SERIALIZATION_MODE',
]);

/** Environment of an OCF action (executor-fencer-attrd.md 2.2, ocf-agents.md 1.2). */
export function ocfEnvironment(
  request: Pick<ActionRequest, 'resource' | 'parameters'>,
  inherited: NodeJS.ProcessEnv,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(inherited)) {
    if (value !== undefined && !ownVariables.has(name)) env[name] = value;
  }
  const { resource, parameters } = request;
  env['OCF_RA_VERSION_MAJOR'] = '1';
  env['OCF_RA_VERSION_MINOR'] = '1';
  env['OCF_ROOT'] = paths.ocfRoot;
  env['OCF_EXIT_REASON_PREFIX'] = 'ocf-exit-reason:';
  env['OCF_RESOURCE_INSTANCE'] = resource.id;
  env['OCF_RESOURCE_TYPE'] = resource.type;
  if (resource.provider !== '') env['OCF_RESOURCE_PROVIDER'] = resource.provider;
  env['OCF_OUTPUT_FORMAT'] = 'text';
  env['LC_ALL'] = 'C';
  env['PCMK_service'] = 'pacemaker-execd';
  env['PATH'] ??= '/sbin:/bin:/usr/sbin:/usr/bin';
  for (const [name, value] of parameters) {
    // A NUL can't be in an environment; such a value can't come from XML either.
    if (name.includes('=') || name.includes('\0') || value.includes('\0')) continue;
    env[name === 'OCF_CHECK_LEVEL' ? name : `OCF_RESKEY_${name}`] = value;
  }
  return env;
}
