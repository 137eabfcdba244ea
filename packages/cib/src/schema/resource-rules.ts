import { roleOf } from './constraint-rules.ts';
import {
  deviceBan,
  metaBan,
  nvset,
  opInstanceBan,
  opMetaBan,
  primitiveMetaBan,
  type SchemaNumber,
} from './option-rules.ts';
import { type Attributes, anyOrder, type ElementRule, each, particle, rule, since } from './rule.ts';
import { bool, ID, IDREF, int, oneOf, range, text } from './types.ts';

/** The rules for `resources` (cib-schema.md 4.6, 5). */
export function resourcesRule(version: SchemaNumber): ElementRule {
  const primitive = primitiveRule(version, false);
  const group = rule({
    required: { id: ID },
    optional: { description: text },
    content: anyOrder(...setsOf(version), particle('+', { primitive })),
  });
  const clone = rule({
    required: { id: ID },
    optional: { description: text },
    content: anyOrder(...setsOf(version), particle('1', { primitive, group })),
  });
  return rule({
    content: anyOrder(
      ...each('*', {
        primitive,
        ...(version >= 102 ? { template: primitiveRule(version, true) } : {}),
        group,
        clone,
        ...(version < 400 ? { master: clone } : {}),
        ...(version >= 208 ? { bundle: bundleRule(version, primitive) } : {}),
      }),
    ),
  });
}

function setsOf(version: SchemaNumber) {
  return each('*', {
    instance_attributes: nvset(version, 'objects'),
    meta_attributes: nvset(version, 'objects', metaBan),
  });
}

/** Resource classes besides ocf. */
function classesOf(version: SchemaNumber, isTemplate: boolean): string[] {
  if (version < 102 || (isTemplate && version < 207)) return ['lsb', 'heartbeat', 'stonith', 'upstart'];
  const gone = version < 400 ? ['upstart', 'nagios'] : [];
  return ['lsb', 'heartbeat', 'stonith', 'service', 'systemd', ...gone];
}

function primitiveRule(version: SchemaNumber, isTemplate: boolean): ElementRule {
  const agent: readonly Attributes[] = [
    { required: { class: oneOf('ocf'), provider: text, type: text } },
    { required: { class: oneOf(...classesOf(version, isTemplate)), type: text } },
  ];
  const content = anyOrder(
    ...each('*', {
      instance_attributes: nvset(version, 'objects', deviceBan),
      meta_attributes: nvset(version, 'objects', primitiveMetaBan),
      ...(version >= 102 ? { utilization: nvset(version, 'objects') } : {}),
    }),
    particle('?', { operations: operationsRule(version) }),
  );
  const byTemplate: Attributes[] = !isTemplate && version >= 102 ? [{ required: { template: IDREF } }] : [];
  return rule({
    required: { id: ID },
    optional: { description: text },
    choices: [[...agent, ...byTemplate]],
    content,
  });
}

function operationsRule(version: SchemaNumber): ElementRule {
  const onFail = ['ignore', 'block', 'stop', 'restart', 'standby', 'fence'];
  const later = [...(version >= 102 ? ['restart-container'] : []), ...(version >= 304 ? ['demote'] : [])];
  const op = rule({
    required: { id: ID, name: text, interval: text },
    optional: {
      description: text,
      timeout: text,
      enabled: bool,
      'record-pending': bool,
      role: roleOf(version),
      'on-fail': oneOf(...onFail, ...later),
      ...since(version < 300, {
        requires: oneOf('nothing', 'quorum', 'fencing', ...(version >= 103 ? ['unfencing'] : [])),
      }),
    },
    choices: [[{ required: { 'start-delay': text } }, { required: { 'interval-origin': text } }, {}]],
    content: anyOrder(
      ...each('*', {
        instance_attributes: nvset(version, 'objects', opInstanceBan),
        meta_attributes: nvset(version, 'objects', opMetaBan),
      }),
    ),
  });
  return rule({ optional: { id: ID, 'id-ref': IDREF }, content: anyOrder(particle('*', { op })) });
}

function containerRule(version: SchemaNumber): ElementRule {
  const limits: Attributes[] = [{ required: { 'promoted-max': int } }, { required: { masters: int } }, {}];
  return rule({
    required: { image: text },
    optional: {
      replicas: int,
      'replicas-per-host': int,
      'run-command': text,
      network: text,
      options: text,
      ...since(version < 300, { masters: int }),
      ...since(version >= 400, { 'promoted-max': int }),
    },
    ...(version >= 300 && version < 400 ? { choices: [limits] } : {}),
  });
}

function bundleRule(version: SchemaNumber, primitive: ElementRule): ElementRule {
  const container = containerRule(version);
  return rule({
    required: { id: ID },
    optional: { description: text },
    content: anyOrder(
      ...setsOf(version),
      particle('1', {
        docker: container,
        ...(version >= 302 ? { podman: container } : {}),
        ...(version >= 210 && version < 400 ? { rkt: container } : {}),
      }),
      ...each('?', { network: networkRule(version), storage: storageRule(), primitive }),
    ),
  });
}

function storageRule(): ElementRule {
  const mapping = rule({
    required: { id: ID, 'target-dir': text },
    optional: { options: text },
    choices: [[{ required: { 'source-dir': text } }, { required: { 'source-dir-root': text } }]],
  });
  return rule({ content: anyOrder(particle('*', { 'storage-mapping': mapping })) });
}

function networkRule(version: SchemaNumber): ElementRule {
  const mapping = rule({
    required: { id: ID },
    choices: [[{ required: { port: int }, optional: { 'internal-port': int } }, { required: { range } }]],
  });
  return rule({
    optional: {
      'ip-range-start': text,
      'control-port': int,
      'host-interface': text,
      'host-netmask': int,
      ...since(version >= 300, { 'add-host': bool }),
    },
    content: anyOrder(particle('*', { 'port-mapping': mapping })),
  });
}
