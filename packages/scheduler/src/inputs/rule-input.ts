import { evaluateSets, type RuleInput } from '@sanode/rules';
import { descend, type Element } from '@sanode/xml';
import { offerRecheck, type WorkingSet } from '../model/working-set.ts';
import { resolveReference } from './cib-index.ts';

/** What rules always see: the time, references, and someone to tell about the next change. */
export function ruleInput(set: WorkingSet, more: Partial<RuleInput> = {}): RuleInput {
  return {
    now: set.now,
    noteChange: (epochSeconds) => offerRecheck(set, epochSeconds),
    resolve: (name, id) => resolveReference(set.index, name, id),
    ...more,
  };
}

/** Adds a defaults section's meta attributes (`rsc_defaults`, `op_defaults`) that a table does not have. */
export function addDefaults(
  set: WorkingSet,
  section: 'rsc_defaults' | 'op_defaults',
  input: RuleInput,
  table: Map<string, string>,
): void {
  const defaults: Element | undefined = descend(set.cib, 'configuration', section);
  if (defaults !== undefined) evaluateSets(defaults, 'meta_attributes', input, table);
}
