import { evaluateSets } from '@sanode/rules';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { ruleInput } from './rule-input.ts';

/** A resource's instance attributes, as a node's attributes make them; ancestors' fill the gaps (scheduler-1 6.13). */
export function parametersOf(set: WorkingSet, resource: Resource, node: ClusterNode | undefined): Map<string, string> {
  if (node !== undefined && resource.parametersAnywhere !== undefined) return resource.parametersAnywhere;
  const key = node?.name.toLowerCase() ?? '';
  const cached = resource.parameterCache.get(key);
  if (cached !== undefined) return cached;
  const parameters = new Map<string, string>();
  let nodeMatters = false;
  const input = {
    ...ruleInput(set),
    get nodeAttributes() {
      nodeMatters = true;
      return node?.attributes;
    },
  };
  for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) {
    evaluateSets(at.xml, 'instance_attributes', input, parameters);
  }
  if (node !== undefined && !nodeMatters) resource.parametersAnywhere = parameters;
  resource.parameterCache.set(key, parameters);
  return parameters;
}
