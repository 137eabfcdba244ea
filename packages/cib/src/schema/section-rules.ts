import { nvset, type SchemaNumber } from './option-rules.ts';
import { type Attributes, anyOrder, type ElementRule, each, inOrder, particle, rule, since } from './rule.ts';
import { devices, ID, IDREF, oneOf, oneToNine, positive, score, text } from './types.ts';

/** The rules for `nodes` (cib-schema.md 4.5, 5). */
export function nodesRule(version: SchemaNumber): ElementRule {
  const type = oneOf(
    'member',
    ...(version >= 103 ? ['remote'] : []),
    ...(version < 300 ? ['normal'] : []),
    ...(version < 400 ? ['ping'] : []),
  );
  const node = rule({
    required: { id: text, uname: text, ...since(version < 102, { type }) },
    optional: { description: text, ...since(version >= 102, { type, score }) },
    content: anyOrder(
      ...each('*', {
        instance_attributes: nvset(version, 'objects'),
        ...(version >= 102 ? { utilization: nvset(version, 'objects') } : {}),
      }),
    ),
  });
  return rule({ content: anyOrder(particle('*', { node })) });
}

/** The rules for `fencing-topology` (cib-schema.md 4.8, 5). */
export function fencingRule(version: SchemaNumber): ElementRule {
  const byAttribute = version >= 204 ? [{ required: { 'target-attribute': text, 'target-value': text } }] : [];
  const level = rule({
    required: { id: ID, index: version >= 400 ? oneToNine : positive, devices },
    choices: [[{ required: { target: text } }, { required: { 'target-pattern': text } }, ...byAttribute]],
  });
  return rule({ content: anyOrder(particle('*', { 'fencing-level': level })) });
}

/** The rules for `acls` (cib-schema.md 4.8, 5). */
export function aclsRule(version: SchemaNumber): ElementRule {
  if (version < 200) return olderAclsRule();
  const optional = since(version >= 308, { name: text });
  const roles = anyOrder(particle('*', { role: rule({ required: { id: IDREF } }) }));
  const what: readonly Attributes[] = [
    { required: { xpath: text } },
    { required: { reference: IDREF } },
    { required: { 'object-type': text }, optional: { attribute: text } },
  ];
  const permission = rule({
    required: { id: ID, kind: oneOf('read', 'write', 'deny') },
    optional: { description: text },
    choices: [what],
  });
  return rule({
    content: anyOrder(
      ...each('*', {
        acl_target: rule({ required: { id: text }, optional, content: roles }),
        acl_group: rule({ required: { id: ID }, optional, content: roles }),
        acl_role: rule({
          required: { id: ID },
          optional: { description: text },
          content: anyOrder(particle('*', { acl_permission: permission })),
        }),
      }),
    ),
  });
}

function olderAclsRule(): ElementRule {
  const permission = rule({
    required: { id: ID },
    optional: { attribute: text },
    choices: [
      [
        { required: { tag: text }, optional: { ref: IDREF } },
        { required: { ref: IDREF } },
        { required: { xpath: text } },
      ],
    ],
  });
  const permissions = anyOrder(particle('*', { read: permission, write: permission, deny: permission }));
  const roles = anyOrder(particle('*', { role_ref: rule({ required: { id: IDREF } }) }));
  return rule({
    content: anyOrder(
      ...each('*', {
        acl_user: rule({ required: { id: ID }, content: roles }, { required: { id: ID }, content: permissions }),
        acl_role: rule({ required: { id: ID }, content: permissions }),
      }),
    ),
  });
}

/** The rules for `tags` (cib-schema.md 4.8, 5). */
export function tagsRule(version: SchemaNumber): ElementRule {
  const reference = rule({ required: { id: version >= 303 ? text : IDREF } });
  const tag = rule({ required: { id: ID }, content: anyOrder(particle('+', { obj_ref: reference })) });
  return rule({ content: anyOrder(particle('*', { tag })) });
}

/** The rules for `alerts` (cib-schema.md 4.8, 5). */
export function alertsRule(version: SchemaNumber): ElementRule {
  const set = nvset(version, 'alerts');
  const sets = { meta_attributes: set, instance_attributes: set };
  const recipientForm = { required: { id: ID, value: text }, optional: { description: text } };
  const alertForm = { required: { id: ID, path: text }, optional: { description: text } };
  const recipient = rule({ ...recipientForm, content: anyOrder(particle('*', sets)) });
  const alert =
    version >= 210
      ? rule({
          ...alertForm,
          content: anyOrder(particle('*', sets), particle('?', { select: selectRule() }), particle('*', { recipient })),
        })
      : rule({ ...alertForm, content: inOrder(particle('*', sets), particle('*', { recipient })) });
  return rule({ content: anyOrder(particle('*', { alert })) });
}

function selectRule(): ElementRule {
  const attribute = rule({ required: { id: ID, name: text } });
  return rule({
    content: anyOrder(
      ...each('?', {
        select_attributes: rule({ content: anyOrder(particle('*', { attribute })) }),
        select_fencing: rule({}),
        select_nodes: rule({}),
        select_resources: rule({}),
      }),
    ),
  });
}
