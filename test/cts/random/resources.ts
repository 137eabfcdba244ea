import { type Element, element } from '@sanode/xml';
import { randomBundle } from './bundles.ts';
import { commonMeta, randomUtilization } from './meta.ts';
import { type Agent, attributeSet, type Home, type Leaf, type Model, on, topLevel } from './model.ts';
import { randomOperations } from './operations.ts';
import { randomGuest, randomRemote } from './remotes.ts';
import { randomRule } from './rules.ts';

const noOperations: Leaf['operations'] = [];

export function randomResources(model: Model): Element[] {
  const { dice } = model;
  const resources: Element[] = [];
  if (on(model, 'templates')) {
    for (let at = 0; at <= dice.below(2); at += 1) resources.push(randomTemplate(model, `t${at}`));
  }
  for (let at = 0; at < (dice.hits(0.65) ? 1 + dice.below(2) : 0); at += 1)
    resources.push(randomFenceDevice(model, at));
  const count = 1 + dice.below(5);
  for (let at = 0; at < count; at += 1) resources.push(randomTop(model, at));
  if (on(model, 'remotes')) for (let at = 1; at <= 1 + dice.below(2); at += 1) resources.push(randomRemote(model, at));
  if (on(model, 'guests')) for (let at = 1; at <= 1 + dice.below(2); at += 1) resources.push(randomGuest(model, at));
  if (on(model, 'bundles'))
    for (let at = 0; at <= dice.below(2); at += 1) resources.push(randomBundle(model, `bu${at}`));
  const isTemplate = (resource: Element) => resource.name === 'template';
  const others = resources.filter((resource) => !isTemplate(resource));
  return [...resources.filter(isTemplate), ...(dice.hits(0.3) ? dice.shuffled(others) : others)];
}

function randomTemplate(model: Model, id: string): Element {
  const { dice } = model;
  model.templates.push(id);
  return element('template', { id, class: 'ocf', provider: 'pacemaker', type: 'Dummy' }, [
    attributeSet('meta_attributes', `${id}-meta`, {
      priority: dice.maybe(0.3, '2'),
      'resource-stickiness': dice.maybe(0.4, '3'),
      'migration-threshold': dice.maybe(0.2, '1'),
    }),
    attributeSet('instance_attributes', `${id}-i`, { fake: dice.maybe(0.4, 'template') }),
    element('operations', {}, randomOperations(model, id, false).elements),
  ]);
}

function randomFenceDevice(model: Model, at: number): Element {
  const { dice } = model;
  const id = `Fencing${at}`;
  const agent = { class: 'stonith', type: dice.pick(['fence_dummy', 'fence_xvm']) };
  model.tops.push({ id, promotable: false, clone: false });
  const operations: Leaf['operations'] = dice.hits(0.4)
    ? [{ name: 'monitor', intervalMs: 10_000, role: undefined, timeoutMs: 20_000 }]
    : noOperations;
  model.leaves.push({ id, agent, operations, parameters: {}, migratable: false, home: topLevel });
  return element('primitive', { id, ...agent }, [
    attributeSet('meta_attributes', `${id}-meta`, {
      provides: on(model, 'unfencing') ? dice.maybe(0.7, 'unfencing') : undefined,
      ...commonMeta(model, false),
    }),
    operations.length === 0
      ? undefined
      : element('operations', {}, [element('op', { id: `${id}-m`, name: 'monitor', interval: '10s', timeout: '20s' })]),
  ]);
}

function randomTop(model: Model, at: number): Element {
  const { dice } = model;
  const roll = dice.next();
  if (roll < 0.4) {
    model.tops.push({ id: `r${at}`, promotable: false, clone: false });
    return randomPrimitive(model, `r${at}`, topLevel);
  }
  if (roll < 0.6) {
    model.tops.push({ id: `g${at}`, promotable: false, clone: false });
    return randomGroup(model, `g${at}`, topLevel);
  }
  return randomClone(model, `c${at}`);
}

function randomClone(model: Model, id: string): Element {
  const { dice } = model;
  const promotable = dice.hits(model.topics.has('promotables') ? 0.8 : 0.25);
  const unique = dice.hits(model.topics.has('unique') ? 0.6 : 0.05);
  const cloneMax = dice.hits(0.4) ? dice.below(4) : model.nodes.length;
  const home: Home = { inClone: true, inGroup: false, promotable, cloneMax, unique };
  model.tops.push({ id, promotable, clone: true });
  const inside = dice.hits(0.35) ? randomGroup(model, `${id}g`, home) : randomPrimitive(model, `${id}r`, home);
  const legacy = dice.hits(0.15);
  const meta = attributeSet('meta_attributes', `${id}-meta`, {
    promotable: promotable ? 'true' : undefined,
    'clone-max': cloneMax === model.nodes.length ? undefined : cloneMax,
    'clone-node-max': dice.maybe(unique ? 0.6 : 0.05, '2', '3', '0'),
    'globally-unique': unique ? dice.maybe(0.85, 'true') : dice.maybe(0.1, 'false'),
    interleave: dice.maybe(0.4, 'true'),
    ordered: dice.maybe(0.2, 'true'),
    notify: dice.maybe(model.topics.has('notify') ? 0.7 : 0.08, 'true'),
    [legacy ? 'master-max' : 'promoted-max']: promotable ? dice.maybe(0.3, '2', '0', '5') : undefined,
    [legacy ? 'master-node-max' : 'promoted-node-max']: promotable ? dice.maybe(0.1, '2') : undefined,
    'clone-min': dice.maybe(0.15, '1', '2'),
    'resource-stickiness': dice.maybe(0.15, '0', '10', '-5'),
    ...commonMeta(model, promotable),
  });
  return element('clone', { id }, [meta, inside]);
}

function randomGroup(model: Model, id: string, home: Home): Element {
  const { dice } = model;
  const inside = { ...home, inGroup: true };
  const members = Array.from({ length: 1 + dice.below(3) }, (_, at) => {
    model.inner.push({ id: `${id}m${at}`, promotable: false, clone: false });
    return randomPrimitive(model, `${id}m${at}`, inside);
  });
  const meta = attributeSet('meta_attributes', `${id}-meta`, {
    ...(home.inClone ? {} : commonMeta(model, false)),
    ordered: on(model, 'oddities') ? dice.maybe(0.3, 'false') : undefined,
    collocated: on(model, 'oddities') ? dice.maybe(0.3, 'false') : undefined,
    'resource-stickiness': dice.maybe(0.1, '2', '50'),
  });
  return element('group', { id }, [meta, ...members]);
}

export function randomPrimitive(model: Model, id: string, home: Home): Element {
  const { dice } = model;
  const { promotable } = home;
  if (home.inClone && !home.inGroup) model.inner.push({ id, promotable, clone: false });
  const fromTemplate = !promotable && on(model, 'templates', 0.5) ? dice.pick(model.templates) : undefined;
  const agent = fromTemplate === undefined ? randomAgent(model, promotable) : ocf('Dummy');
  const parameters: Record<string, string> =
    on(model, 'parameters', 0.6) || (fromTemplate !== undefined && dice.hits(0.3))
      ? { fake: dice.pick(['x', `"q"&<a>`, "it's", 'ümlaut']), ...(dice.hits(0.3) ? { passwd: 'secret' } : {}) }
      : {};
  const { elements, operations } = randomOperations(model, id, promotable);
  const migratable = dice.hits(model.topics.has('migration') ? 0.7 : 0.1);
  model.leaves.push({ id, agent, operations, parameters, migratable, home });
  const plain = {
    id,
    ...(fromTemplate === undefined ? agent : { template: fromTemplate }),
    description: dice.maybe(0.03, 'about it'),
  };
  return element('primitive', plain, [
    ...primitiveMeta(model, id, home, migratable),
    attributeSet('instance_attributes', `${id}-i`, parameters),
    on(model, 'rules') && on(model, 'parameters', 0.4)
      ? attributeSet(
          'instance_attributes',
          `${id}-ruled`,
          { fake: 'ruled' },
          { score: dice.maybe(0.6, '2', '-2'), rule: randomRule(model, `${id}-ruled-rule`, 'other') },
        )
      : undefined,
    on(model, 'utilization', 0.7) ? randomUtilization(model, `${id}-u`, 3) : undefined,
    fromTemplate !== undefined && dice.hits(0.4) ? undefined : element('operations', {}, elements),
  ]);
}

function primitiveMeta(model: Model, id: string, home: Home, migratable: boolean): (Element | undefined)[] {
  const { dice } = model;
  const container = on(model, 'containers', 0.4) && !home.inClone ? dice.pick(model.leaves).id : undefined;
  const base = attributeSet('meta_attributes', `${id}-meta`, {
    'resource-stickiness': dice.maybe(0.3, '1', '100', 'INFINITY', '0', '-10', 'default'),
    'migration-threshold': dice.maybe(0.2, '1', '2', '3', '0', 'x'),
    'failure-timeout': dice.maybe(model.topics.has('failures') ? 0.4 : 0.1, '30s', '1h', '10', '1500ms', 'P1D'),
    'allow-migrate': migratable ? 'true' : undefined,
    requires: dice.maybe(0.1, 'nothing', 'quorum', 'fencing', 'unfencing'),
    container: container === id ? undefined : container,
    ...(home.inClone || (home.inGroup && dice.hits(0.7)) ? {} : commonMeta(model, false)),
  });
  const ruled = on(model, 'rules', 0.2)
    ? attributeSet(
        'meta_attributes',
        `${id}-meta2`,
        { 'resource-stickiness': '42', 'target-role': dice.maybe(0.4, 'Stopped') },
        { score: dice.maybe(0.6, '2', '-2'), rule: randomRule(model, `${id}-meta2-rule`, 'other') },
      )
    : undefined;
  return [base, ruled];
}

function ocf(type: string): Agent {
  return { class: 'ocf', provider: 'pacemaker', type };
}

function randomAgent(model: Model, promotable: boolean): Agent {
  if (promotable) return on(model, 'oddities', 0.05) ? { class: 'lsb', type: 'thing' } : ocf('Stateful');
  const roll = model.dice.next();
  if (roll < 0.06) return { class: 'systemd', type: 'thing' };
  if (roll < 0.1) return { class: 'lsb', type: 'thing' };
  return roll < 0.15 ? { class: 'ocf', provider: 'heartbeat', type: 'IPaddr2' } : ocf('Dummy');
}
