import { attr, childElements, type Element } from '@sanode/xml';
import { names, nvset, type SchemaNumber } from './common-rules.ts';
import { child, countOf, type Rule, type RuleChoice } from './rule.ts';
import { type AttributeType, bool, int, oneOf, range, text, tokenOf } from './types.ts';

const metaBanIn3 = names('isolation', 'isolation-host', 'isolation-instance', 'isolation-wrapper');
const opMetaBanIn3 = names('requires');
const opMetaBan = names('can_fail', 'role_after_failure');
const resourceMetaBan = names('restart-type');
const pcmkBan = names(
  'pcmk_arg_map',
  'pcmk_list_cmd',
  'pcmk_monitor_cmd',
  'pcmk_off_cmd',
  'pcmk_on_cmd',
  'pcmk_reboot_cmd',
  'pcmk_status_cmd',
);
const opInstanceBan = names(
  'interval-origin',
  'start-delay',
  'enabled',
  'on-fail',
  'record-pending',
  'role',
  'timeout',
  'requires',
);

export const opMetaBanOf = (version: SchemaNumber) => (version >= 400 ? opMetaBan : undefined);
export const resourceMetaBanOf = (version: SchemaNumber) => (version >= 400 ? resourceMetaBan : undefined);

/** The rules for `resources` (cib-schema.md 4.6, 5). */
export function resourcesRule(version: SchemaNumber): Rule {
  const primitive = primitiveRule(version, false);
  const group = groupRule(version, primitive);
  const clone = cloneRule(version, primitive, group);
  return {
    children: {
      primitive: child('*', primitive),
      template: child('*', primitiveRule(version, true)),
      group: child('*', group),
      clone: child('*', clone),
      ...(version < 400 ? { master: child('*', clone) } : {}),
      bundle: child('*', bundleRule(version, primitive)),
    },
  };
}

function primitiveRule(version: SchemaNumber, isTemplate: boolean): RuleChoice {
  const classes = [
    'lsb',
    'heartbeat',
    'stonith',
    'service',
    'systemd',
    ...(version < 400 ? ['upstart', 'nagios'] : []),
  ];
  const children = {
    instance_attributes: child('*', nvset(version, 'options', version === 300 ? pcmkBan : undefined)),
    meta_attributes: child('*', nvset(version, 'options', version >= 400 ? resourceMetaBan : metaBanIn3)),
    utilization: child('*', nvset(version, 'options')),
    operations: child('?', operationsRule(version)),
  };
  const optional = { description: text };
  return (node): Rule => {
    if (!isTemplate && node.attributes.has('template')) {
      return { required: { id: 'ID', template: 'IDREF' }, optional, children };
    }
    const isOcf = tokenOf(attr(node, 'class') ?? '') === 'ocf';
    const required: Record<string, AttributeType> = isOcf
      ? { id: 'ID', class: oneOf('ocf'), provider: text, type: text }
      : { id: 'ID', class: oneOf(...classes), type: text };
    return { required, optional, children };
  };
}

function operationsRule(version: SchemaNumber): Rule {
  const roles = ['Stopped', 'Started', 'Slave', 'Master', ...(version >= 307 ? ['Promoted', 'Unpromoted'] : [])];
  const onFail = ['ignore', 'block', 'stop', 'restart', 'standby', 'fence', 'restart-container'];
  const op: Rule = {
    required: { id: 'ID', name: text, interval: text },
    optional: {
      description: text,
      'start-delay': text,
      'interval-origin': text,
      timeout: text,
      enabled: bool,
      'record-pending': bool,
      role: oneOf(...roles),
      'on-fail': oneOf(...onFail, ...(version >= 304 ? ['demote'] : [])),
    },
    children: {
      instance_attributes: child('*', nvset(version, 'options', version === 300 ? opInstanceBan : undefined)),
      meta_attributes: child('*', nvset(version, 'options', version >= 400 ? opMetaBan : opMetaBanIn3)),
    },
    check: (node) =>
      node.attributes.has('start-delay') && node.attributes.has('interval-origin')
        ? 'start-delay and interval-origin exclude each other'
        : undefined,
  };
  return { optional: { id: 'ID', 'id-ref': 'IDREF' }, children: { op: child('*', op) } };
}

function setsOf(version: SchemaNumber) {
  return {
    instance_attributes: child('*', nvset(version, 'options')),
    meta_attributes: child('*', nvset(version, 'options', resourceMetaBanOf(version))),
  };
}

function groupRule(version: SchemaNumber, primitive: RuleChoice): Rule {
  return {
    required: { id: 'ID' },
    optional: { description: text },
    children: { ...setsOf(version), primitive: child('+', primitive) },
  };
}

function cloneRule(version: SchemaNumber, primitive: RuleChoice, group: RuleChoice): Rule {
  return {
    required: { id: 'ID' },
    optional: { description: text },
    children: { ...setsOf(version), primitive: child('?', primitive), group: child('?', group) },
    check: (node) =>
      childElements(node, 'primitive').length + childElements(node, 'group').length === 1
        ? undefined
        : 'exactly one primitive or group is needed',
  };
}

function bundleRule(version: SchemaNumber, primitive: RuleChoice): Rule {
  const container: Rule = {
    required: { image: text },
    optional: {
      replicas: int,
      'replicas-per-host': int,
      'promoted-max': int,
      'run-command': text,
      network: text,
      options: text,
      ...(version < 400 ? { masters: int } : {}),
    },
    check: (node) =>
      node.attributes.has('masters') && node.attributes.has('promoted-max')
        ? 'masters and promoted-max exclude each other'
        : undefined,
  };
  const containers = ['docker', ...(version >= 302 ? ['podman'] : []), ...(version < 400 ? ['rkt'] : [])];
  return {
    required: { id: 'ID' },
    optional: { description: text },
    children: {
      ...setsOf(version),
      ...Object.fromEntries(containers.map((name) => [name, child('?', container)])),
      network: child('?', networkRule()),
      storage: child('?', { children: { 'storage-mapping': child('*', storageMapping) } }),
      primitive: child('?', primitive),
    },
    check: (node) =>
      childElements(node).filter((each) => containers.includes(each.name)).length === 1
        ? undefined
        : `exactly one of ${containers.join(', ')} is needed`,
  };
}

const storageMapping: Rule = {
  required: { id: 'ID', 'target-dir': text },
  optional: { 'source-dir': text, 'source-dir-root': text, options: text },
  check: (node) =>
    countOf(node.attributes.has('source-dir'), node.attributes.has('source-dir-root')) === 1
      ? undefined
      : 'exactly one of source-dir and source-dir-root is needed',
};

function networkRule(): Rule {
  const portMapping: RuleChoice = (node: Element): Rule =>
    node.attributes.has('range')
      ? { required: { id: 'ID', range } }
      : { required: { id: 'ID', port: int }, optional: { 'internal-port': int } };
  return {
    optional: {
      'ip-range-start': text,
      'control-port': int,
      'host-interface': text,
      'host-netmask': int,
      'add-host': bool,
    },
    children: { 'port-mapping': child('*', portMapping) },
  };
}
