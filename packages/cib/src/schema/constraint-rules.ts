import { ruleRule, type SchemaNumber } from './option-rules.ts';
import {
  type Attributes,
  anyOrder,
  type ElementRule,
  each,
  type Form,
  inOrder,
  particle,
  rule,
  since,
} from './rule.ts';
import { bool, type DataType, ID, IDREF, oneOf, score, text } from './types.ts';

const action = oneOf('start', 'promote', 'demote', 'stop');
const kind = oneOf('Optional', 'Mandatory', 'Serialize');
const scoreOrKind: readonly Attributes[] = [{ required: { score } }, { required: { kind } }, {}];

/** Roles that a schema knows. */
export function roleOf(version: SchemaNumber): DataType {
  return oneOf('Stopped', 'Started', 'Master', 'Slave', ...(version >= 307 ? ['Promoted', 'Unpromoted'] : []));
}

/** The rules for `constraints` (cib-schema.md 4.7, 5). */
export function constraintsRule(version: SchemaNumber): ElementRule {
  const set = resourceSet(version);
  return rule({
    content: anyOrder(
      ...each('*', {
        rsc_location: locationRule(version, set),
        rsc_colocation: colocationRule(version, set),
        rsc_order: orderRule(version, set),
        ...(version >= 102 ? { rsc_ticket: ticketRule(version, set) } : {}),
      }),
    ),
  });
}

function resourceSet(version: SchemaNumber): ElementRule {
  return rule(
    { required: { 'id-ref': IDREF } },
    {
      required: { id: ID },
      optional: {
        sequential: bool,
        action,
        role: roleOf(version),
        ...since(version >= 102, { 'require-all': bool }),
        ...since(version >= 201, { ordering: oneOf('group', 'listed') }),
        ...since(version < 300, { score }),
      },
      ...(version >= 300 ? { choices: [scoreOrKind] } : {}),
      content: anyOrder(particle('+', { resource_ref: rule({ required: { id: IDREF } }) })),
    },
  );
}

function lifetime(version: SchemaNumber) {
  if (version >= 400) return [];
  const made = rule({ content: anyOrder(particle('+', { rule: ruleRule(version, 'constraints') })) });
  return [particle('?', { lifetime: made })];
}

function locationRule(version: SchemaNumber, set: ElementRule): ElementRule {
  const target: readonly Attributes[] = [
    { required: { rsc: IDREF } },
    ...(version >= 206 ? [{ required: { 'rsc-pattern': text } }] : []),
  ];
  const rules = particle(version >= 400 ? '1' : '+', { rule: ruleRule(version, 'constraints') });
  const sets = particle('+', { resource_set: set });
  const life = lifetime(version);
  const optional = since(version >= 202, { 'resource-discovery': oneOf('always', 'never', 'exclusive') });
  const forms: Form[] = [];
  for (const withSets of version >= 102 ? [false, true] : [false]) {
    for (const withRules of [false, true]) {
      forms.push({
        required: { id: ID, ...since(!withRules, { score, node: text }) },
        optional: { ...optional, ...since(!withSets && version >= 102, { role: roleOf(version) }) },
        ...(withSets ? {} : { choices: [target] }),
        content: inOrder(...(withSets ? [sets] : []), ...(withRules ? [rules] : []), ...life),
      });
    }
  }
  return rule(...forms);
}

function colocationRule(version: SchemaNumber, set: ElementRule): ElementRule {
  const optional = since(version >= 306, { influence: text });
  const older: Attributes[] = [
    { required: { score } },
    { required: { 'score-attribute': text } },
    { required: { 'score-attribute-mangle': text } },
    {},
  ];
  const choices: Attributes[][] = [version >= 300 ? [{ optional: { score } }] : older];
  const role = roleOf(version);
  return rule(
    {
      required: { id: ID, rsc: IDREF, 'with-rsc': IDREF },
      optional: { ...optional, 'node-attribute': text, 'rsc-role': role, 'with-rsc-role': role },
      choices,
      content: inOrder(...lifetime(version)),
    },
    {
      required: { id: ID },
      optional,
      choices,
      content: inOrder(...lifetime(version), particle('+', { resource_set: set })),
    },
  );
}

function orderRule(version: SchemaNumber, set: ElementRule): ElementRule {
  const optional = { symmetrical: bool, ...since(version >= 203, { 'require-all': bool }) };
  return rule(
    {
      required: { id: ID, first: IDREF, then: IDREF },
      optional: { ...optional, 'first-action': action, 'then-action': action },
      choices: [scoreOrKind],
      content: inOrder(...lifetime(version)),
    },
    {
      required: { id: ID },
      optional,
      choices: [scoreOrKind],
      content: inOrder(...lifetime(version), particle('+', { resource_set: set })),
    },
  );
}

function ticketRule(version: SchemaNumber, set: ElementRule): ElementRule {
  const optional = { 'loss-policy': oneOf('stop', 'demote', 'fence', 'freeze') };
  return rule(
    {
      required: { id: ID, ticket: text, rsc: IDREF },
      optional: { ...optional, 'rsc-role': roleOf(version) },
    },
    { required: { id: ID, ticket: text }, optional, content: anyOrder(particle('+', { resource_set: set })) },
  );
}
