import { evaluateSets, type RuleInput } from '@sanode/rules';
import { attr, type Element } from '@sanode/xml';
import type { Resource } from '../model/resource.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { addDefaults, ruleInput } from './rule-input.ts';

/** Rule input for meta attributes of a resource: its agent can be asked for. */
export function agentInput(set: WorkingSet, xml: Element): RuleInput {
  const agent = { class: attr(xml, 'class'), provider: attr(xml, 'provider'), type: attr(xml, 'type') };
  return ruleInput(set, { agent });
}

/** Builds a resource's meta table: own values, then ancestors', defaults, and the parent's table (scheduler-1 6.3). */
export function buildMeta(set: WorkingSet, resource: Resource): Map<string, string> {
  const meta = new Map<string, string>();
  const input = agentInput(set, resource.xml);
  insertAbsent(meta, resource.xml.attributes);
  evaluateSets(resource.xml, 'meta_attributes', input, meta);
  if (resource.parent !== undefined) {
    const inherited = new Map<string, string>();
    for (let at: Resource | undefined = resource.parent; at !== undefined; at = at.parent) {
      evaluateSets(at.xml, 'meta_attributes', input, inherited);
    }
    insertAbsent(meta, inherited);
  }
  addDefaults(set, 'rsc_defaults', input, meta);
  if (resource.parent !== undefined) insertAbsent(meta, resource.parent.meta);
  return meta;
}

function insertAbsent(meta: Map<string, string>, values: ReadonlyMap<string, string>): void {
  for (const [name, value] of values) {
    if (!meta.has(name) && value.toLowerCase() !== '#default') meta.set(name, value);
  }
}
