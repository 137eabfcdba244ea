import { type Element, element } from '@sanode/xml';
import { attributeSet, type Model, on, type Values } from './model.ts';
import { randomRule } from './rules.ts';

export function randomOptions(model: Model): Element {
  const { dice } = model;
  const base = attributeSet('cluster_property_set', 'cib-bootstrap-options', {
    ...commonOptions(model),
    ...(on(model, 'options') ? rareOptions(model) : {}),
    ...(on(model, 'health') ? healthOptions(model) : {}),
    ...(on(model, 'maintenance') ? { 'maintenance-mode': dice.maybe(0.25, 'true') } : {}),
    ...(on(model, 'locks')
      ? { 'shutdown-lock': dice.maybe(0.8, 'true'), 'shutdown-lock-limit': dice.maybe(0.5, '5min', '60', '10d', '1m') }
      : {}),
    ...(on(model, 'pending') ? { 'node-pending-timeout': dice.maybe(0.6, '60s', '1h', '2min') } : {}),
  });
  const ruled = on(model, 'rules', 0.4)
    ? attributeSet(
        'cluster_property_set',
        'ruled-options',
        dice.hits(0.5) ? { 'symmetric-cluster': 'false' } : { 'stop-all-resources': 'true', 'cluster-name': 'ruled' },
        { score: dice.maybe(0.5, '10', 'INFINITY', '-1'), rule: randomRule(model, 'ruled-options-rule', 'other') },
      )
    : undefined;
  return element('crm_config', {}, dice.hits(0.5) ? [base, ruled] : [ruled, base]);
}

function commonOptions(model: Model): Values {
  const { dice } = model;
  const fencing = dice.hits(0.55) ? 'true' : 'false';
  return {
    [dice.hits(0.8) ? 'stonith-enabled' : 'fencing-enabled']: fencing,
    'no-quorum-policy': dice.maybe(0.4, 'stop', 'freeze', 'ignore', 'demote', 'suicide', 'fence'),
    'symmetric-cluster': dice.maybe(0.07, 'false'),
    'start-failure-is-fatal': dice.maybe(0.1, 'false'),
    'placement-strategy': on(model, 'utilization')
      ? dice.maybe(0.85, 'utilization', 'balanced', 'minimal', 'default')
      : undefined,
  };
}

function rareOptions(model: Model): Values {
  const { dice } = model;
  return {
    'stop-all-resources': dice.maybe(0.06, 'true'),
    [dice.hits(0.5) ? 'stop-orphan-resources' : 'stop-removed-resources']: dice.maybe(0.2, 'false', 'true', 'x'),
    [dice.hits(0.5) ? 'stop-orphan-actions' : 'cancel-removed-actions']: dice.maybe(0.2, 'false'),
    'enable-startup-probes': dice.maybe(0.12, 'false'),
    'concurrent-fencing': dice.maybe(0.3, 'true', 'false'),
    'startup-fencing': dice.maybe(0.15, 'false'),
    'priority-fencing-delay': dice.maybe(0.3, '15s', '500ms', 'PT1M'),
    [dice.hits(0.5) ? 'stonith-action' : 'fencing-action']: dice.maybe(0.25, 'off', 'reboot'),
    'stonith-timeout': dice.maybe(0.15, '30', '2min', 'bad'),
    'have-watchdog': dice.maybe(0.2, 'true'),
    'fence-remote-without-quorum': dice.maybe(0.2, 'true'),
    'cluster-name': dice.maybe(0.3, 'mine'),
    'cluster-delay': dice.maybe(0.15, '90s', '-3'),
    'batch-limit': dice.maybe(0.15, '5', '-1'),
    'migration-limit': dice.maybe(0.15, '2', '0', '-1'),
  };
}

function healthOptions(model: Model): Values {
  const { dice } = model;
  return {
    'node-health-strategy': dice.maybe(0.9, 'migrate-on-red', 'only-green', 'progressive', 'custom', 'none'),
    'node-health-base': dice.maybe(0.3, '10', '-5'),
    'node-health-green': dice.maybe(0.3, '5', '-1'),
    'node-health-yellow': dice.maybe(0.4, '-10', '3', 'red'),
    'node-health-red': dice.maybe(0.4, '-100', '-INFINITY', '0'),
  };
}

/** Defaults of resources and operations, some under rules. */
export function randomDefaults(model: Model): Element[] {
  const { dice } = model;
  if (!on(model, 'defaults')) return [];
  const resource = [
    attributeSet('meta_attributes', 'rsc-defaults', {
      'resource-stickiness': dice.maybe(0.6, '1', '100', 'INFINITY', '0'),
      'migration-threshold': dice.maybe(0.4, '1', '2', '5'),
      'failure-timeout': dice.maybe(0.2, '30s', '1h'),
      'is-managed': dice.maybe(0.05, 'false'),
      requires: dice.maybe(0.1, 'nothing', 'quorum'),
      priority: dice.maybe(0.1, '3'),
      'allow-migrate': dice.maybe(0.1, 'true'),
      'target-role': dice.maybe(0.05, 'Stopped', 'Unpromoted'),
    }),
    on(model, 'rules', 0.6)
      ? attributeSet(
          'meta_attributes',
          'rsc-defaults-ruled',
          { 'resource-stickiness': '77', 'target-role': dice.maybe(0.3, 'Stopped') },
          { score: dice.maybe(0.6, '5', '-5'), rule: randomRule(model, 'rsc-defaults-rule', 'resource') },
        )
      : undefined,
  ];
  const operation = [
    attributeSet('meta_attributes', 'op-defaults', {
      timeout: dice.maybe(0.6, '7s', '1min', 'x'),
      'on-fail': dice.maybe(0.25, 'block', 'standby', 'ignore', 'stop', 'demote'),
      'record-pending': dice.maybe(0.2, 'false'),
      'start-delay': dice.maybe(0.1, '3s'),
    }),
    on(model, 'rules', 0.6)
      ? attributeSet(
          'meta_attributes',
          'op-defaults-ruled',
          { timeout: '8s' },
          { score: dice.maybe(0.6, '5', '-5'), rule: randomRule(model, 'op-defaults-rule', 'operation') },
        )
      : undefined,
  ];
  return [
    element('rsc_defaults', {}, dice.shuffled(resource)),
    element('op_defaults', {}, dice.shuffled(operation)),
  ].filter((section) => section.children.length > 0);
}
