import { closeSync, openSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Agent } from '@sanode/ocf';
import { paths } from '@sanode/runtime';

/**
 * A program under resource.d that contains these bytes is our own agent's launcher (scripts/build.ts writes it), not
 * another implementation.
 */
export const nativeMarker = '// sanode launcher';
/** How far into an installed program the marker is looked for. */
const markerSearchBytes = 4096;

const loaders: ReadonlyMap<string, () => Promise<Agent>> = new Map([
  ['heartbeat:IPaddr2', async () => (await import('@sanode/agent-ipaddr2')).ipaddr2Agent],
  ['heartbeat:nginx', async () => (await import('@sanode/agent-nginx')).nginxAgent],
  ['heartbeat:Dummy', async () => (await import('@sanode/agent-dummy')).heartbeatDummyAgent],
  ['pacemaker:Dummy', async () => (await import('@sanode/agent-dummy')).dummyAgent],
]);

/** Agents that exist as TypeScript modules, as `PROVIDER:TYPE`. */
export const nativeAgentNames: readonly string[] = [...loaders.keys()];

/** Loads a TypeScript agent; undefined where there is none. */
export async function loadNativeAgent(provider: string, type: string): Promise<Agent | undefined> {
  return await loaders.get(`${provider}:${type}`)?.();
}

/** When TypeScript agents are taken instead of installed programs. */
export type NativePolicy = 'auto' | 'always' | 'never';

/** Reads SANODE_NATIVE_AGENTS: `auto` (default), `always`, `never`. @throws {Error} on another word */
export function nativePolicy(value: string | undefined): NativePolicy {
  if (value === undefined || value === '') return 'auto';
  if (value === 'auto' || value === 'always' || value === 'never') return value;
  throw new Error(`SANODE_NATIVE_AGENTS is "${value}"; it must be auto, always or never`);
}

/** Path of an OCF agent's program. */
export function agentPath(provider: string, type: string): string {
  return `${paths.ocfRoot}/resource.d/${provider}/${type}`;
}

/**
 * Whether a resource's operations are run by our TypeScript agent in a warm worker. With policy `auto`: our module
 * exists, and the installed program is absent or is our own wrapper (it contains {@link nativeMarker}); an agent that
 * the administrator installed from elsewhere is respected.
 */
export function usesNativeAgent(provider: string, type: string, policy: NativePolicy): boolean {
  if (policy === 'never' || !loaders.has(`${provider}:${type}`)) return false;
  if (policy === 'always') return true;
  const head = readHead(agentPath(provider, type));
  return head === undefined || head.includes(nativeMarker);
}

/** The first bytes of a file, undefined if it does not exist. */
function readHead(path: string): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : '';
  }
  try {
    const buffer = Buffer.alloc(markerSearchBytes);
    return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, markerSearchBytes, 0));
  } catch {
    return '';
  } finally {
    closeSync(descriptor);
  }
}

const programModules: Readonly<Record<string, string>> = {
  'heartbeat:IPaddr2': '@sanode/agent-ipaddr2',
  'heartbeat:nginx': '@sanode/agent-nginx',
  'heartbeat:Dummy': '@sanode/agent-dummy',
  'pacemaker:Dummy': '@sanode/agent-dummy',
};

/** Command (program and first arguments) that runs a TypeScript agent standalone, to be followed by the action. */
export function nativeProgram(provider: string, type: string): string[] {
  // In a bundle the agents' programs lie beside this module's chunk.
  if (!import.meta.url.endsWith('.ts'))
    return [process.execPath, fileURLToPath(new URL(`./agent-${type}.mjs`, import.meta.url))];
  const module = programModules[`${provider}:${type}`] ?? '';
  return [process.execPath, fileURLToPath(new URL('./main.ts', import.meta.resolve(module)))];
}
