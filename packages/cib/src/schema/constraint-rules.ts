import { childElements, type Element } from '@sanode/xml';
import { ruleRule, type SchemaNumber } from './common-rules.ts';
import { child, type Rule, type RuleChoice } from './rule.ts';
import { type AttributeType, bool, oneOf, score, text } from './types.ts';

const action = oneOf('start', 'promote', 'demote', 'stop');
const kind = oneOf('Optional', 'Mandatory', 'Serialize');

function roleOf(version: SchemaNumber) {
  return oneOf('Stopped', 'Started', 'Master', 'Slave', ...(version >= 307 ? ['Promoted', 'Unpromoted'] : []));
}

function exclude(node: Element, a: string, b: string): string | undefined {
  return node.attributes.has(a) && node.attributes.has(b) ? `${a} and ${b} exclude each other` : undefined;
}

/** The rules for `constraints` (cib-schema.md 4.7, 5). */
export function constraintsRule(version: SchemaNumber): Rule {
  const sets = child('+', resourceSet(version));
  return {
    children: {
      rsc_location: child('*', locationRule(version, sets)),
      rsc_colocation: child('*', colocationRule(version, sets)),
      rsc_order: child('*', orderRule(version, sets)),
      rsc_ticket: child('*', ticketRule(version, sets)),
    },
  };
}

type Child = { readonly occurs: '1' | '?' | '*' | '+'; readonly rule: RuleChoice };

function resourceSet(version: SchemaNumber): RuleChoice {
  return (node): Rule =>
    node.attributes.has('id-ref')
      ? { required: { 'id-ref': 'IDREF' } }
      : {
          required: { id: 'ID' },
          optional: {
            sequential: bool,
            'require-all': bool,
            ordering: oneOf('group', 'listed'),
            action,
            role: roleOf(version),
            score,
            kind,
          },
          children: { resource_ref: child('+', { required: { id: 'IDREF' } }) },
          check: (element) => exclude(element, 'score', 'kind'),
        };
}

function lifetime(version: SchemaNumber): Record<string, Child> {
  if (version >= 400) return {};
  return { lifetime: child('?', { children: { rule: child('+', ruleRule(version, 'constraints')) } }) };
}

function hasSets(node: Element): boolean {
  return childElements(node, 'resource_set').length > 0;
}

function locationRule(version: SchemaNumber, sets: Child): RuleChoice {
  return (node): Rule => {
    const withSets = hasSets(node);
    const withRules = childElements(node, 'rule').length > 0;
    const required: Record<string, AttributeType> = { id: 'ID' };
    const optional: Record<string, AttributeType> = { 'resource-discovery': oneOf('always', 'never', 'exclusive') };
    if (!withSets) {
      if (node.attributes.has('rsc-pattern')) required['rsc-pattern'] = text;
      else required['rsc'] = 'IDREF';
      optional['role'] = roleOf(version);
    }
    if (!withRules) {
      required['score'] = score;
      required['node'] = text;
    }
    return {
      required,
      optional,
      children: {
        ...(withSets ? { resource_set: sets } : {}),
        rule: child(version >= 400 ? '?' : '*', ruleRule(version, 'constraints')),
        ...lifetime(version),
      },
      order: ['resource_set', 'rule', 'lifetime'],
    };
  };
}

function colocationRule(version: SchemaNumber, sets: Child): RuleChoice {
  return (node): Rule => {
    const optional: Record<string, AttributeType> = { score, ...(version >= 306 ? { influence: text } : {}) };
    if (hasSets(node)) {
      return {
        required: { id: 'ID' },
        optional,
        children: { ...lifetime(version), resource_set: sets },
        order: ['lifetime', 'resource_set'],
      };
    }
    const role = roleOf(version);
    return {
      required: { id: 'ID', rsc: 'IDREF', 'with-rsc': 'IDREF' },
      optional: { ...optional, 'node-attribute': text, 'rsc-role': role, 'with-rsc-role': role },
      children: lifetime(version),
    };
  };
}

function orderRule(version: SchemaNumber, sets: Child): RuleChoice {
  const optional = { symmetrical: bool, 'require-all': bool, score, kind };
  const check = (element: Element): string | undefined => exclude(element, 'score', 'kind');
  return (node): Rule =>
    hasSets(node)
      ? {
          required: { id: 'ID' },
          optional,
          children: { ...lifetime(version), resource_set: sets },
          order: ['lifetime', 'resource_set'],
          check,
        }
      : {
          required: { id: 'ID', first: 'IDREF', then: 'IDREF' },
          optional: { ...optional, 'first-action': action, 'then-action': action },
          children: lifetime(version),
          check,
        };
}

function ticketRule(version: SchemaNumber, sets: Child): RuleChoice {
  const optional = { 'loss-policy': oneOf('stop', 'demote', 'fence', 'freeze') };
  return (node): Rule =>
    hasSets(node)
      ? { required: { id: 'ID', ticket: text }, optional, children: { resource_set: sets } }
      : {
          required: { id: 'ID', ticket: text, rsc: 'IDREF' },
          optional: { ...optional, 'rsc-role': roleOf(version) },
        };
}
