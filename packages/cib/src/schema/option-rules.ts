import { type Attributes, anyOrder, type ElementRule, type Form, particle, rule, since } from './rule.ts';
import { anyBut, type DataType, exactly, ID, IDREF, oneOf, score, text } from './types.ts';

/** Version of a schema as a number: 3.9 is 309, 4.0 is 400. */
export type SchemaNumber = number;

/** Where a rule or an nvset stands: crm_config and defaults, nodes and resources, constraints, alerts. */
export type Place = 'options' | 'objects' | 'constraints' | 'alerts';

const dateFields = ['years', 'months', 'monthdays', 'hours', 'weekyears', 'weeks', 'weekdays', 'yearsdays'];

function texts(names: readonly string[]): Record<string, DataType> {
  return Object.fromEntries(names.map((name) => [name, text]));
}

function durationRule(version: SchemaNumber): ElementRule {
  const later = version >= 309 ? ['minutes', 'seconds', 'days'] : [];
  return rule({ required: { id: ID }, optional: texts([...dateFields, 'moon', ...later]) });
}

function dateSpecRule(version: SchemaNumber): ElementRule {
  const later = version >= 309 ? ['minutes', 'seconds', 'yeardays'] : [];
  const moon = version < 400 ? ['moon'] : [];
  return rule({ required: { id: ID }, optional: texts([...dateFields, ...later, ...moon]) });
}

function dateExpressionRule(version: SchemaNumber): ElementRule {
  const inRange = oneOf('in_range');
  const duration = durationRule(version);
  const ranges: Form[] =
    version >= 309
      ? [
          {
            required: { id: ID, operation: inRange },
            choices: [[{ required: { start: text }, optional: { end: text } }, { required: { end: text } }]],
            content: anyOrder(particle('?', { duration })),
          },
        ]
      : [
          { required: { id: ID, operation: inRange, end: text }, optional: { start: text } },
          {
            required: { id: ID, operation: inRange, start: text },
            content: anyOrder(particle('1', { duration })),
          },
        ];
  return rule(
    ...ranges,
    { required: { id: ID, operation: oneOf('gt'), start: text } },
    { required: { id: ID, operation: oneOf('lt'), end: text } },
    {
      required: { id: ID, operation: oneOf('date_spec') },
      content: anyOrder(particle('1', { date_spec: dateSpecRule(version) })),
    },
  );
}

/** `rule` (cib-schema.md 4.4, 5). */
export function ruleRule(version: SchemaNumber, place: Place): ElementRule {
  const types = ['string', ...(version >= 305 ? ['integer'] : []), 'number', 'version'];
  const hasValueSource = version >= (place === 'options' ? 300 : 209);
  const hasAgentExpressions = version >= (place === 'options' || place === 'objects' ? 304 : 305);
  const expression = rule({
    required: {
      id: ID,
      attribute: text,
      operation: oneOf('lt', 'gt', 'lte', 'gte', 'eq', 'ne', 'defined', 'not_defined'),
    },
    optional: {
      value: text,
      type: oneOf(...types),
      ...since(hasValueSource, { 'value-source': oneOf('literal', 'param', 'meta') }),
    },
  });
  const forms: Form[] = [{ required: { 'id-ref': IDREF } }];
  const made: ElementRule = { forms };
  const scores: Attributes[] = [{ required: { score } }, { required: { 'score-attribute': text } }];
  const agentExpressions = {
    rsc_expression: rule({ required: { id: ID }, optional: { class: text, provider: text, type: text } }),
    op_expression: rule({ required: { id: ID, name: text }, optional: { interval: text } }),
  };
  forms.push({
    required: { id: ID },
    optional: { 'boolean-op': oneOf('or', 'and'), role: text },
    choices: [version >= 309 ? [...scores, {}] : scores],
    content: anyOrder(
      particle('+', {
        expression,
        date_expression: dateExpressionRule(version),
        ...(hasAgentExpressions ? agentExpressions : {}),
        rule: made,
      }),
    ),
  });
  return made;
}

/** Names that an nvset's pairs must not have. */
export type Ban = (version: SchemaNumber) => Form[] | undefined;

/** A ban of plain names in a range of versions. */
function names(first: SchemaNumber, last: SchemaNumber, ...list: readonly string[]): Ban {
  return (version): Form[] | undefined => {
    if (version < first || version > last) return undefined;
    const required = { id: ID, name: anyBut(list) };
    if (version >= 400) return [{ required: { ...required, value: text } }];
    return [{ required, optional: { value: text } }];
  };
}

const olderClusterNames = (
  'cluster_recheck_interval dc_deadtime default-action-timeout default_action_timeout default-migration-threshold ' +
  'default_migration_threshold default-resource-failure-stickiness default_resource_failure_stickiness ' +
  'default-resource-stickiness default_resource_stickiness election_timeout expected-quorum-votes is-managed-default ' +
  'is_managed_default no_quorum_policy notification-agent notification-recipient remove_after_stop ' +
  'shutdown_escalation startup_fencing stonith_action stonith_enabled stop_orphan_actions stop_orphan_resources ' +
  'symmetric_cluster transition_idle_timeout'
).split(' ');
const olderStacks = ['heartbeat', 'openais', 'classic openais', 'classic openais (with plugin)', 'cman'];
const goneIn4 = ['crmd-finalization-timeout', 'crmd-integration-timeout', 'crmd-transition-delay', 'remove-after-stop'];

/** Options of the cluster that a schema bans. */
export const clusterBan: Ban = (version): Form[] | undefined => {
  if (version < 300) return undefined;
  if (version < 400) {
    const stack = 'cluster-infrastructure';
    return [
      { required: { id: ID, name: exactly(stack), value: anyBut(olderStacks) } },
      { required: { id: ID, name: anyBut(olderClusterNames, [stack]) }, optional: { value: text } },
    ];
  }
  return [
    { required: { id: ID, name: exactly('stonith-action'), value: anyBut(['poweroff']) } },
    { required: { id: ID, name: anyBut([...goneIn4, 'stonith-action']), value: text } },
  ];
};
/** In meta-attributes of what is no primitive. */
export const metaBan = names(400, 400, 'restart-type');
const isolationBan = names(300, 310, 'isolation', 'isolation-host', 'isolation-instance', 'isolation-wrapper');
export const primitiveMetaBan: Ban = (version) => isolationBan(version) ?? metaBan(version);
export const defaultOpMetaBan = names(400, 400, 'can_fail', 'role_after_failure');
const requiresBan = names(300, 310, 'requires');
export const opMetaBan: Ban = (version) => requiresBan(version) ?? defaultOpMetaBan(version);
export const deviceBan = names(
  300,
  300,
  'pcmk_arg_map',
  'pcmk_list_cmd',
  'pcmk_monitor_cmd',
  'pcmk_off_cmd',
  'pcmk_on_cmd',
  'pcmk_reboot_cmd',
  'pcmk_status_cmd',
);
export const opInstanceBan = names(
  300,
  300,
  'interval-origin',
  'start-delay',
  'enabled',
  'on-fail',
  'record-pending',
  'role',
  'timeout',
  'requires',
);

/** An nvset: cluster_property_set, instance_attributes, meta_attributes, utilization (cib-schema.md 4.3). */
export function nvset(version: SchemaNumber, place: Place, ban?: Ban): ElementRule {
  const plain: Form =
    version >= 400
      ? { required: { id: ID, name: text, value: text } }
      : { required: { id: ID, name: text }, optional: { value: text } };
  const reference: Form =
    version >= 400 ? { required: { 'id-ref': IDREF } } : { required: { 'id-ref': IDREF }, optional: { name: text } };
  const hasReferences = version >= (place === 'options' ? 300 : 103);
  const nvpair = rule(...(ban?.(version) ?? [plain]), ...(hasReferences ? [reference] : []));
  return rule(
    { required: { 'id-ref': IDREF } },
    {
      required: { id: ID },
      optional: { score },
      content: anyOrder(particle('?', { rule: ruleRule(version, place) }), particle('*', { nvpair })),
    },
  );
}
