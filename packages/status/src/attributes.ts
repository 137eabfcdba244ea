import type { ClusterNode, Resource } from '@sanode/scheduler';
import { attr, childElements, walk } from '@sanode/xml';
import type { Report } from './report.ts';

/** A node attribute as it is shown. */
export interface ShownAttribute {
  readonly name: string;
  readonly value: string;
  /** What a ping resource would set with all hosts reached; undefined when no such resource keeps it. */
  readonly expected: number | undefined;
}

const hidden = ['fail-count', 'last-failure', 'shutdown', 'terminate', 'standby', '#'];

/** A node's attributes that are shown, by name (cli-crm.md 4.4.5). */
export function shownAttributes(report: Report, node: ClusterNode): ShownAttribute[] {
  const names = [...node.attributes.keys()].filter((name) => !hidden.some((prefix) => name.startsWith(prefix)));
  return names.sort().map((name) => {
    const value = node.attributes.get(name) ?? '';
    return { name, value, expected: expectedValue(report, node, name) };
  });
}

function expectedValue(report: Report, node: ClusterNode, name: string): number | undefined {
  for (const resource of report.runningOn(node)) {
    const type = attr(resource.xml, 'type');
    if (type !== 'ping' && type !== 'pingd') continue;
    const parameters = parametersOf(resource);
    if ((parameters.get('name') ?? 'pingd') !== name) continue;
    const hosts = (parameters.get('host_list') ?? '').split(/\s+/).filter((host) => host !== '').length;
    return hosts * (Number.parseInt(parameters.get('multiplier') ?? '1', 10) || 1);
  }
  return undefined;
}

function parametersOf(resource: Resource): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const set of childElements(resource.xml, 'instance_attributes')) {
    for (const pair of walk(set)) {
      const name = pair.name === 'nvpair' ? attr(pair, 'name') : undefined;
      if (name !== undefined && !parameters.has(name)) parameters.set(name, attr(pair, 'value') ?? '');
    }
  }
  return parameters;
}
