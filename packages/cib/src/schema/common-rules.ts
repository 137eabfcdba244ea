import { attr, type Element } from '@sanode/xml';
import { child, type Rule, type RuleChoice } from './rule.ts';
import { oneOf, score, text, tokenOf } from './types.ts';

/** Version of a schema as a number: 3.9 is 309, 4.0 is 400. */
export type SchemaNumber = number;

const dateSpecFields = ['years', 'months', 'monthdays', 'hours', 'weekyears', 'weeks', 'weekdays', 'yearsdays'];

function optionalTexts(names: readonly string[]): Record<string, typeof text> {
  return Object.fromEntries(names.map((name) => [name, text]));
}

function durationRule(version: SchemaNumber): Rule {
  const fields = [...dateSpecFields, 'moon', ...(version >= 309 ? ['minutes', 'seconds', 'days'] : [])];
  return { required: { id: 'ID' }, optional: optionalTexts(fields) };
}

function dateSpecRule(version: SchemaNumber): Rule {
  const later = version >= 309 ? ['minutes', 'seconds', 'yeardays'] : [];
  const moon = version < 400 ? ['moon'] : [];
  return { required: { id: 'ID' }, optional: optionalTexts([...dateSpecFields, ...later, ...moon]) };
}

function dateExpression(version: SchemaNumber): RuleChoice {
  const base = { id: 'ID' } as const;
  return (node): Rule => {
    switch (tokenOf(attr(node, 'operation') ?? '')) {
      case 'gt':
        return { required: { ...base, operation: oneOf('gt'), start: text } };
      case 'lt':
        return { required: { ...base, operation: oneOf('lt'), end: text } };
      case 'date_spec':
        return {
          required: { ...base, operation: oneOf('date_spec') },
          children: { date_spec: child('1', dateSpecRule(version)) },
        };
      default:
        return {
          required: { ...base, operation: oneOf('in_range') },
          optional: { start: text, end: text },
          children: { duration: child('?', durationRule(version)) },
          check: (element) => checkRange(element, version),
        };
    }
  };
}

function checkRange(node: Element, version: SchemaNumber): string | undefined {
  const start = node.attributes.has('start');
  const end = node.attributes.has('end');
  const duration = node.children.some((each) => each.type === 'element');
  if (version >= 309) return start || end ? undefined : 'start or end is needed';
  if (end && duration) return 'a duration goes with start alone';
  if (!end && !(start && duration)) return 'end, or start and a duration, is needed';
  return undefined;
}

/** `rule` (cib-schema.md 4.4). @param where constraints and alerts know some expressions only from 3.5 on */
export function ruleRule(version: SchemaNumber, where: 'options' | 'constraints' | 'alerts'): RuleChoice {
  const typesSince = where === 'options' ? 304 : 305;
  const types = ['string', ...(version >= 305 ? ['integer'] : []), 'number', 'version'];
  const expression: Rule = {
    required: {
      id: 'ID',
      attribute: text,
      operation: oneOf('lt', 'gt', 'lte', 'gte', 'eq', 'ne', 'defined', 'not_defined'),
    },
    optional: { value: text, type: oneOf(...types), 'value-source': oneOf('literal', 'param', 'meta') },
  };
  const choice: RuleChoice = (node): Rule =>
    node.attributes.has('id-ref')
      ? { required: { 'id-ref': 'IDREF' } }
      : {
          required: { id: 'ID' },
          optional: { 'boolean-op': oneOf('or', 'and'), role: text, score, 'score-attribute': text },
          children: {
            expression: child('*', expression),
            date_expression: child('*', dateExpression(version)),
            ...(version >= typesSince
              ? {
                  rsc_expression: child('*', {
                    required: { id: 'ID' },
                    optional: { class: text, provider: text, type: text },
                  }),
                  op_expression: child('*', { required: { id: 'ID', name: text }, optional: { interval: text } }),
                }
              : {}),
            rule: child('*', (nested) => (typeof choice === 'function' ? choice(nested) : choice)),
          },
          check: (element) => checkRule(element, version),
        };
  return choice;
}

function checkRule(node: Element, version: SchemaNumber): string | undefined {
  const scores = Number(node.attributes.has('score')) + Number(node.attributes.has('score-attribute'));
  if (scores > 1) return 'score and score-attribute exclude each other';
  if (version < 309 && scores === 0) return 'score or score-attribute is needed';
  return node.children.some((each) => each.type === 'element') ? undefined : 'an expression is needed';
}

/** Which nvpairs a set may not hold; a sentence when one is banned. */
export type Ban = (name: string, value: string | undefined, rawName: string) => boolean;

/** An nvset: cluster_property_set, instance_attributes, meta_attributes, utilization (cib-schema.md 4.3). */
export function nvset(version: SchemaNumber, where: 'options' | 'constraints' | 'alerts', banned?: Ban): RuleChoice {
  const pair: RuleChoice = (node): Rule => {
    if (node.attributes.has('id-ref')) {
      return version >= 400
        ? { required: { 'id-ref': 'IDREF' } }
        : { required: { 'id-ref': 'IDREF' }, optional: { name: text } };
    }
    return {
      required: version >= 400 ? { id: 'ID', name: text, value: text } : { id: 'ID', name: text },
      optional: version >= 400 ? {} : { value: text },
      check: (element) => {
        const name = attr(element, 'name') ?? '';
        return banned?.(tokenOf(name), attr(element, 'value'), name) === true
          ? `the name ${name} is not allowed here`
          : undefined;
      },
    };
  };
  return (node): Rule =>
    node.attributes.has('id-ref')
      ? { required: { 'id-ref': 'IDREF' } }
      : {
          required: { id: 'ID' },
          optional: { score },
          children: { rule: child('?', ruleRule(version, where)), nvpair: child('*', pair) },
        };
}

export function names(...list: readonly string[]): Ban {
  const set = new Set(list);
  return (name) => set.has(name);
}

const olderClusterNames = new Set(
  (
    'cluster_recheck_interval dc_deadtime default-action-timeout default_action_timeout default-migration-threshold ' +
    'default_migration_threshold default-resource-failure-stickiness default_resource_failure_stickiness ' +
    'default-resource-stickiness default_resource_stickiness election_timeout expected-quorum-votes is-managed-default ' +
    'is_managed_default no_quorum_policy notification-agent notification-recipient remove_after_stop ' +
    'shutdown_escalation startup_fencing stonith_action stonith_enabled stop_orphan_actions stop_orphan_resources ' +
    'symmetric_cluster transition_idle_timeout'
  ).split(' '),
);
const olderStacks = ['heartbeat', 'openais', 'classic openais', 'classic openais (with plugin)', 'cman'];

/** Cluster options that a schema bans. */
export function clusterBan(version: SchemaNumber): Ban {
  if (version >= 400) {
    const gone = names(
      'crmd-finalization-timeout',
      'crmd-integration-timeout',
      'crmd-transition-delay',
      'remove-after-stop',
    );
    return (name, value, rawName) => {
      if (gone(name, value, rawName)) return true;
      if (name !== 'stonith-action') return false;
      return rawName !== 'stonith-action' || tokenOf(value ?? '') === 'poweroff';
    };
  }
  return (name, value, rawName) => {
    if (rawName === 'cluster-infrastructure') return value === undefined || olderStacks.includes(tokenOf(value));
    return olderClusterNames.has(name);
  };
}
