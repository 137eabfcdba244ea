import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { metadataXml, runCommand } from '@sanode/ocf';
import { paths } from '@sanode/runtime';
import { type Element, parseXml } from '@sanode/xml';
import { agentPath, loadNativeAgent, nativeAgentNames, nativePolicy, usesNativeAgent } from './native-agents.ts';

/** An agent's meta-data as it printed it, and parsed. */
export interface AgentMetadata {
  readonly xml: string;
  /** `<resource-agent>` (ocf-agents.md 1.8). */
  readonly root: Element;
}

/** No meta-data: no such agent, it failed, or printed something else. The message is a sentence for the user. */
export class MetadataError extends Error {
  readonly code: 'NOT_FOUND' | 'FAILED' | 'MALFORMED' | 'NOT_SUPPORTED';

  constructor(code: MetadataError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** How long an agent may take to print its meta-data (ocf-agents.md 1.8). */
const metadataTimeoutMs = 30_000;
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/;

/**
 * Meta-data of an agent, without the executor: for pcs and the like. Runs the agent where it is a program.
 * @throws {MetadataError}
 */
export async function agentMetadata(standard: string, provider: string, type: string): Promise<AgentMetadata> {
  if (standard !== 'ocf') {
    throw new MetadataError('NOT_SUPPORTED', `Agents of the standard '${standard}' have no meta-data here yet.`);
  }
  const name = `ocf:${provider}:${type}`;
  if (!namePattern.test(provider) || !namePattern.test(type)) {
    throw new MetadataError('NOT_FOUND', `Agent '${name}' is not installed: invalid name.`);
  }
  const xml = usesNativeAgent(provider, type, nativePolicy(process.env['SANODE_NATIVE_AGENTS']))
    ? await nativeMetadata(provider, type)
    : await programMetadata(name, provider, type);
  try {
    const root = parseXml(xml);
    if (root.name !== 'resource-agent') throw new Error(`the root element is <${root.name}>`);
    return { xml, root };
  } catch (error) {
    throw new MetadataError('MALFORMED', `Agent '${name}' printed no valid meta-data: ${(error as Error).message}`);
  }
}

async function nativeMetadata(provider: string, type: string): Promise<string> {
  const agent = await loadNativeAgent(provider, type);
  if (agent === undefined) throw new MetadataError('NOT_FOUND', `Agent 'ocf:${provider}:${type}' is not installed.`);
  return metadataXml(agent);
}

async function programMetadata(name: string, provider: string, type: string): Promise<string> {
  const result = await runCommand(agentPath(provider, type), ['meta-data'], {
    env: { ...inheritedEnvironment(), OCF_ROOT: paths.ocfRoot, OCF_RESOURCE_INSTANCE: type, LC_ALL: 'C' },
    detached: true,
    timeoutMs: metadataTimeoutMs,
  });
  if (result.startError !== undefined) throw new MetadataError('NOT_FOUND', `Agent '${name}' is not installed.`);
  if (result.timedOut) throw new MetadataError('FAILED', `Agent '${name}' did not print its meta-data within 30 s.`);
  if (result.code !== 0) {
    throw new MetadataError('FAILED', `Agent '${name}' failed to print its meta-data (exit code ${result.code}).`);
  }
  return result.stdout;
}

function inheritedEnvironment(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  return env;
}

/** Providers of OCF agents on this node: directories under resource.d, and our own agents'. Sorted. */
export function listProviders(): string[] {
  const found = new Set(nativeAgentNames.map((name) => name.slice(0, name.indexOf(':'))));
  const base = `${paths.ocfRoot}/resource.d`;
  for (const entry of readNames(base)) if (isDirectory(`${base}/${entry}`)) found.add(entry);
  return [...found].sort();
}

/** Agents of one provider: executable regular files whose name has no dot in front, and our own. Sorted. */
export function listAgents(provider: string): string[] {
  const own = nativeAgentNames.filter((name) => name.startsWith(`${provider}:`));
  const found = new Set(own.map((name) => name.slice(provider.length + 1)));
  if (namePattern.test(provider)) {
    const base = `${paths.ocfRoot}/resource.d/${provider}`;
    for (const entry of readNames(base)) if (isExecutableFile(`${base}/${entry}`)) found.add(entry);
  }
  return [...found].sort();
}

function readNames(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
