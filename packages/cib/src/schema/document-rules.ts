import { clusterBan, nvset, type SchemaNumber } from './common-rules.ts';
import { constraintsRule } from './constraint-rules.ts';
import { opMetaBanOf, resourceMetaBanOf, resourcesRule } from './resource-rules.ts';
import { child, countOf, type Rule, type RuleChoice } from './rule.ts';
import { type AttributeType, bool, devices, nonNegative, oneOf, oneToNine, positive, score, text } from './types.ts';

/** The rule for the whole document but its status (cib-schema.md 4.1, 5). @param version 300 to 310, or 400 */
export function documentRule(version: SchemaNumber, known: readonly string[]): Rule {
  return {
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
      'update-origin': text,
      'update-client': text,
      'update-user': text,
      'execution-date': text,
    },
    children: { configuration: child('1', configurationRule(version)), status: child('?', {}) },
    order: ['configuration', 'status'],
  };
}

function configurationRule(version: SchemaNumber): Rule {
  const options = (ban?: Parameters<typeof nvset>[2]) => nvset(version, 'options', ban);
  return {
    children: {
      crm_config: child('1', { children: { cluster_property_set: child('*', options(clusterBan(version))) } }),
      rsc_defaults: child('?', { children: { meta_attributes: child('*', options(resourceMetaBanOf(version))) } }),
      op_defaults: child('?', { children: { meta_attributes: child('*', options(opMetaBanOf(version))) } }),
      nodes: child('1', { children: { node: child('*', nodeRule(version)) } }),
      resources: child('1', resourcesRule(version)),
      constraints: child('1', constraintsRule(version)),
      'fencing-topology': child('?', { children: { 'fencing-level': child('*', fencingLevel(version)) } }),
      acls: child('?', aclsRule(version)),
      tags: child('?', { children: { tag: child('*', tagRule(version)) } }),
      alerts: child('?', { children: { alert: child('*', alertRule(version)) } }),
    },
  };
}

function nodeRule(version: SchemaNumber): Rule {
  const types = ['member', 'remote', ...(version < 400 ? ['ping'] : [])];
  return {
    required: { id: text, uname: text },
    optional: { type: oneOf(...types), description: text, score },
    children: {
      instance_attributes: child('*', nvset(version, 'options')),
      utilization: child('*', nvset(version, 'options')),
    },
  };
}

function fencingLevel(version: SchemaNumber): RuleChoice {
  const required = { id: 'ID', index: version >= 400 ? oneToNine : positive, devices } as const;
  return (node): Rule => {
    if (node.attributes.has('target')) return { required: { ...required, target: text } };
    if (node.attributes.has('target-pattern')) return { required: { ...required, 'target-pattern': text } };
    return { required: { ...required, 'target-attribute': text, 'target-value': text } };
  };
}

function aclsRule(version: SchemaNumber): Rule {
  const named: Record<string, AttributeType> = version >= 308 ? { name: text } : {};
  const roles = { role: child('*', { required: { id: 'IDREF' } }) } as const;
  const permission: Rule = {
    required: { id: 'ID', kind: oneOf('read', 'write', 'deny') },
    optional: { xpath: text, reference: 'IDREF', 'object-type': text, attribute: text, description: text },
    check: (node) => {
      const has = (name: string): boolean => node.attributes.has(name);
      if (countOf(has('xpath'), has('reference'), has('object-type')) !== 1) {
        return 'exactly one of xpath, reference and object-type is needed';
      }
      return has('attribute') && !has('object-type') ? 'attribute goes with object-type only' : undefined;
    },
  };
  return {
    children: {
      acl_target: child('*', { required: { id: text }, optional: named, children: roles }),
      acl_group: child('*', { required: { id: 'ID' }, optional: named, children: roles }),
      acl_role: child('*', {
        required: { id: 'ID' },
        optional: { description: text },
        children: { acl_permission: child('*', permission) },
      }),
    },
  };
}

function tagRule(version: SchemaNumber): Rule {
  return {
    required: { id: 'ID' },
    children: { obj_ref: child('+', { required: { id: version >= 303 ? text : 'IDREF' } }) },
  };
}

function alertRule(version: SchemaNumber): Rule {
  const sets = {
    meta_attributes: child('*', nvset(version, 'alerts')),
    instance_attributes: child('*', nvset(version, 'alerts')),
  };
  const select: Rule = {
    children: {
      select_attributes: child('?', {
        children: { attribute: child('*', { required: { id: 'ID', name: text } }) },
      }),
      select_fencing: child('?', {}),
      select_nodes: child('?', {}),
      select_resources: child('?', {}),
    },
  };
  return {
    required: { id: 'ID', path: text },
    optional: { description: text },
    children: {
      ...sets,
      select: child('?', select),
      recipient: child('*', { required: { id: 'ID', value: text }, optional: { description: text }, children: sets }),
    },
  };
}
