import { constraintsRule } from './constraint-rules.ts';
import { clusterBan, defaultOpMetaBan, metaBan, nvset, type SchemaNumber } from './option-rules.ts';
import { resourcesRule } from './resource-rules.ts';
import { anyOrder, type ElementRule, each, inOrder, type Occurs, particle, rule, since } from './rule.ts';
import { aclsRule, alertsRule, fencingRule, nodesRule, tagsRule } from './section-rules.ts';
import { bool, nonNegative, oneOf, text } from './types.ts';

/** A section of `configuration`. */
export interface SectionRule {
  readonly element: string;
  /** First part of the file names that the reference keeps this section's grammar under. */
  readonly file: string;
  readonly occurs: Occurs;
  /** The first schema that has it. */
  readonly since: SchemaNumber;
  readonly make: (version: SchemaNumber) => ElementRule;
}

/** The sections of `configuration` (cib-schema.md 1, 4.1). */
export const sectionRules: readonly SectionRule[] = [
  {
    element: 'crm_config',
    file: 'options',
    occurs: '1',
    since: 100,
    make: (version) => sets('cluster_property_set', nvset(version, 'options', clusterBan)),
  },
  {
    element: 'rsc_defaults',
    file: 'options',
    occurs: '?',
    since: 100,
    make: (version) => sets('meta_attributes', nvset(version, 'options', metaBan)),
  },
  {
    element: 'op_defaults',
    file: 'options',
    occurs: '?',
    since: 100,
    make: (version) => sets('meta_attributes', nvset(version, 'options', defaultOpMetaBan)),
  },
  { element: 'nodes', file: 'nodes', occurs: '1', since: 100, make: nodesRule },
  { element: 'resources', file: 'resources', occurs: '1', since: 100, make: resourcesRule },
  { element: 'constraints', file: 'constraints', occurs: '1', since: 100, make: constraintsRule },
  { element: 'fencing-topology', file: 'fencing', occurs: '?', since: 102, make: fencingRule },
  { element: 'acls', file: 'acls', occurs: '?', since: 102, make: aclsRule },
  { element: 'tags', file: 'tags', occurs: '?', since: 103, make: tagsRule },
  { element: 'alerts', file: 'alerts', occurs: '?', since: 205, make: alertsRule },
];

function sets(name: string, set: ElementRule): ElementRule {
  return rule({ content: anyOrder(particle('*', { [name]: set })) });
}

/**
 * The rule for the whole document (cib-schema.md 4.1, 5); `status` is not looked into.
 * @param version 100 to 310, or 400
 * @param known values of validate-with
 */
export function documentRule(version: SchemaNumber, known: readonly string[]): ElementRule {
  const sections = sectionRules.filter((section) => version >= section.since);
  const configuration = rule({
    content: anyOrder(...sections.flatMap(({ element, occurs, make }) => each(occurs, { [element]: make(version) }))),
  });
  return rule({
    required: {
      'validate-with': oneOf(...known),
      admin_epoch: nonNegative,
      epoch: nonNegative,
      num_updates: nonNegative,
    },
    optional: {
      crm_feature_set: text,
      'remote-tls-port': nonNegative,
      'remote-clear-port': nonNegative,
      'have-quorum': bool,
      'dc-uuid': text,
      'cib-last-written': text,
      'no-quorum-panic': bool,
      ...since(version >= 102, {
        'update-origin': text,
        'update-client': text,
        'update-user': text,
        'execution-date': text,
      }),
    },
    content: inOrder(particle('1', { configuration }), particle('?', { status: { forms: [{}], anything: true } })),
  });
}
