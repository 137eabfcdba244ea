import type { Tool } from './io.ts';

/** Every tool by the name it is called with; loaded only when it is. */
export const tools: Readonly<Record<string, () => Promise<Tool>>> = {
  attrd_updater: () => import('./tools/attrd_updater/index.ts'),
  cibadmin: () => import('./tools/cibadmin/index.ts'),
  crm_attribute: () => import('./tools/crm_attribute/index.ts'),
  crm_failcount: () => import('./tools/crm_failcount/index.ts'),
  crm_mon: () => import('./tools/crm_mon/index.ts'),
  crm_node: () => import('./tools/crm_node/index.ts'),
  crm_resource: () => import('./tools/crm_resource/index.ts'),
  crm_simulate: () => import('./tools/crm_simulate/index.ts'),
  crm_standby: () => import('./tools/crm_standby/index.ts'),
  crm_verify: () => import('./tools/crm_verify/index.ts'),
  crmadmin: () => import('./tools/crmadmin/index.ts'),
  'corosync-blackbox': () => import('./tools/corosync-blackbox/index.ts'),
  'corosync-cfgtool': () => import('./tools/corosync-cfgtool/index.ts'),
  'corosync-cmapctl': () => import('./tools/corosync-cmapctl/index.ts'),
  'corosync-cpgtool': () => import('./tools/corosync-cpgtool/index.ts'),
  'corosync-keygen': () => import('./tools/corosync-keygen/index.ts'),
  'corosync-quorumtool': () => import('./tools/corosync-quorumtool/index.ts'),
  pcs: () => import('./tools/pcs/index.ts'),
};

/** Names of all tools. */
export function toolNames(): string[] {
  return Object.keys(tools).sort();
}

/** A tool by name, for tools that use another one; undefined when there is none of that name. */
export async function loadTool(name: string): Promise<Tool | undefined> {
  return tools[name]?.();
}
