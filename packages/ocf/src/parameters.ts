import type { Agent } from './agent.ts';
import { isOcfTrue } from './booleans.ts';
import type { ParameterSource } from './context.ts';

const parameterPrefix = 'OCF_RESKEY_';
const metaPrefix = 'OCF_RESKEY_CRM_meta_';

/** Reads an agent's parameters out of the OCF environment (ocf-agents.md 1.2). */
export function parameterSource(agent: Agent, env: Readonly<Record<string, string>>): ParameterSource {
  // Without a version the agent was called by hand: the instance name is then `default`.
  const instance = env['OCF_RESOURCE_INSTANCE'] ?? (env['OCF_RA_VERSION_MAJOR'] === undefined ? 'default' : '');
  const param = (name: string): string => {
    const value = env[parameterPrefix + name];
    if (value !== undefined) return value;
    const preset = agent.parameters.find((parameter) => parameter.name === name)?.default;
    return typeof preset === 'function' ? preset(instance) : (preset ?? '');
  };
  return {
    instance,
    env,
    param,
    hasParam: (name) => env[parameterPrefix + name] !== undefined,
    flag: (name) => isOcfTrue(param(name)),
    meta: (name) => env[metaPrefix + name],
  };
}

/** OCF_CHECK_LEVEL: the variable, else a parameter of that name, else 0. */
export function checkLevelOf(env: Readonly<Record<string, string>>): number {
  const value = env['OCF_CHECK_LEVEL'] ?? env[`${parameterPrefix}OCF_CHECK_LEVEL`] ?? '0';
  const level = Number(value);
  return Number.isInteger(level) && level > 0 ? level : 0;
}

/** A monitor without interval is a probe (ocf-agents.md 1.5). */
export function isProbeCall(action: string, env: Readonly<Record<string, string>>): boolean {
  return action === 'monitor' && (env[`${metaPrefix}interval`] ?? '0') === '0';
}
