import { attr, childElements, descend, type Element, firstChild, textContent } from '@sanode/xml';
import type { AgentSource } from './context.ts';
import { quoteList, type Reports } from './errors.ts';

/** An agent's name in its parts. */
export interface AgentName {
  readonly standard: string;
  readonly provider: string | undefined;
  readonly type: string;
}

export interface AgentParameter {
  readonly name: string;
  readonly required: boolean;
  readonly unique: boolean;
  readonly shortdesc: string;
  readonly longdesc: string;
  /** Content type: string, integer, boolean, ... */
  readonly type: string;
  /** The parameter that replaces this one; '' when it is only deprecated; undefined when it is not. */
  readonly deprecatedBy: string | undefined;
}

export interface AgentAction {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

export interface AgentDescription {
  readonly name: AgentName;
  readonly parameters: readonly AgentParameter[];
  readonly actions: readonly AgentAction[];
  readonly shortdesc: string;
  readonly longdesc: string;
}

export function agentText(name: AgentName): string {
  return [name.standard, name.provider, name.type].filter((part) => part !== undefined).join(':');
}

const standards = new Set(['ocf', 'lsb', 'systemd', 'service', 'stonith', 'upstart', 'nagios']);

/** Splits `ocf:heartbeat:nginx`, `systemd:nginx`; undefined for a bare type or nonsense. */
export function parseAgentName(text: string): AgentName | undefined {
  const parts = text.split(':');
  if (parts[0] === undefined || !standards.has(parts[0]) || parts.includes('')) return undefined;
  if (parts[0] === 'ocf') {
    return parts.length === 3 ? { standard: 'ocf', provider: parts[1], type: parts[2] as string } : undefined;
  }
  return parts.length < 2 ? undefined : { standard: parts[0], provider: undefined, type: parts.slice(1).join(':') };
}

/** Reads what pcs needs out of an agent's meta-data (ocf-agents.md 1.8). */
export function describeAgent(name: AgentName, root: Element): AgentDescription {
  const parameters = childElements(firstChild(root, 'parameters') ?? root, 'parameter').map(readParameter);
  const actions = childElements(firstChild(root, 'actions') ?? root, 'action').map((action) => ({
    name: attr(action, 'name') ?? '',
    attributes: action.attributes,
  }));
  return { name, parameters, actions, shortdesc: textOf(root, 'shortdesc'), longdesc: textOf(root, 'longdesc') };
}

function readParameter(parameter: Element): AgentParameter {
  const deprecated = firstChild(parameter, 'deprecated');
  const replacement = descend(parameter, 'deprecated', 'replaced-with');
  const old = deprecated !== undefined || attr(parameter, 'deprecated') === '1';
  return {
    name: attr(parameter, 'name') ?? '',
    required: isTrue(attr(parameter, 'required')),
    unique: isTrue(attr(parameter, 'unique')) || attr(parameter, 'unique-group') !== undefined,
    shortdesc: textOf(parameter, 'shortdesc'),
    longdesc: textOf(parameter, 'longdesc'),
    type: attr(firstChild(parameter, 'content') ?? parameter, 'type') ?? 'string',
    deprecatedBy: old ? ((replacement && attr(replacement, 'name')) ?? attr(parameter, 'obsoletes') ?? '') : undefined,
  };
}

function isTrue(text: string | undefined): boolean {
  return text === '1' || text?.toLowerCase() === 'true' || text === 'yes' || text === 'on';
}

function textOf(node: Element, name: string): string {
  const child = firstChild(node, name);
  return child === undefined ? '' : textContent(child).trim().replace(/\s+/g, ' ');
}

/**
 * Finds the agent a user named, in full or by its type alone. Reports what is wrong; undefined then, or when an unknown
 * agent was forced.
 */
export async function findAgent(
  source: AgentSource,
  text: string,
  reports: Reports,
  say: (line: string) => void,
): Promise<{ name: AgentName; description: AgentDescription | undefined } | undefined> {
  const name = text.includes(':') ? parseAgentName(text) : await deduce(source, text, reports, say);
  if (name === undefined) {
    if (text.includes(':')) {
      reports.error(
        `Invalid resource agent name '${text}'. Use standard:provider:type when standard is 'ocf' or standard:type otherwise.`,
      );
    }
    return undefined;
  }
  try {
    const root = await source.metadata(name.standard, name.provider ?? '', name.type);
    return { name, description: describeAgent(name, root) };
  } catch (error) {
    const reason = (error as Error).message.replace(/\.$/, '');
    reports.forceable(`Agent '${agentText(name)}' is not installed or does not provide valid metadata: ${reason}`);
    return { name, description: undefined };
  }
}

async function deduce(
  source: AgentSource,
  type: string,
  reports: Reports,
  say: (line: string) => void,
): Promise<AgentName | undefined> {
  const found = (await source.list()).filter((full) => full.endsWith(`:${type}`) && !full.startsWith('stonith:'));
  if (found.length === 0) {
    reports.error(`Unable to find agent '${type}', try specifying its full name`);
  } else if (found.length > 1) {
    reports.error(`Multiple agents match '${type}', please specify full name: ${quoteList(found, ' or ')}`);
  } else {
    say(`Assumed agent name '${found[0]}' (deduced from '${type}')`);
    return parseAgentName(found[0] as string);
  }
  return undefined;
}

/** Options that every OCF agent takes besides its own. */
export const traceOptions = ['trace_file', 'trace_ra'];
