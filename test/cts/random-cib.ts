import { type Element, element, type Node } from '@sanode/xml';

/** A stream of numbers that a seed determines (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** Whether something of this probability happens. */
  hits(probability: number): boolean {
    return this.next() < probability;
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }
}

/** Digest of no parameters, and of a timeout of 20 s alone. */
const emptyDigest = 'f2317cad3d54cec5d7d7aa7d0bf35cf8';
const timeoutDigest = '4811cef7f7f94e3a35a70be7916cb2fd';
const uuid = 'a5e85e43-f35a-4f75-8e15-f0ddc8d81812';
/** Time of every simulation, epoch seconds. */
const executionDate = 1_700_000_000;
const scores = ['INFINITY', '-INFINITY', '0', '1', '10', '100', '-1', '-50', '500000', '-500000'];

interface Leaf {
  readonly id: string;
  readonly inClone: boolean;
  readonly promotable: boolean;
  readonly cloneMax: number;
  readonly unique: boolean;
}

interface Model {
  readonly dice: Dice;
  readonly nodes: readonly string[];
  /** Ids that constraints may name. */
  readonly tops: { readonly id: string; readonly promotable: boolean; readonly clone: boolean }[];
  readonly leaves: Leaf[];
  /** Connections to remote, guest and bundle nodes. */
  readonly connections: string[];
  readonly guests: string[];
  readonly containers: string[];
}

function pair(owner: string, name: string, value: string): Element {
  return element('nvpair', { id: `${owner}-${name}`, name, value });
}

function metaSet(owner: string, values: Readonly<Record<string, string | undefined>>): Element | undefined {
  const pairs = Object.entries(values).filter(([, value]) => value !== undefined) as [string, string][];
  if (pairs.length === 0) return undefined;
  const id = `${owner}-meta`;
  return element(
    'meta_attributes',
    { id },
    pairs.map(([name, value]) => pair(id, name, value)),
  );
}

/** A random cluster that the schema accepts, with states, histories and constraints of many kinds. */
export function randomCib(seed: number): Element {
  const dice = new Dice(seed);
  const nodes = Array.from({ length: 1 + dice.below(4) }, (_, at) => `node${at + 1}`);
  const model: Model = { dice, nodes, tops: [], leaves: [], connections: [], guests: [], containers: [] };
  const resources = randomResources(model);
  const constraints = randomConstraints(model);
  return element(
    'cib',
    {
      crm_feature_set: '3.19.7',
      'validate-with': 'pacemaker-3.10',
      epoch: 1,
      num_updates: 0,
      admin_epoch: 0,
      'have-quorum': dice.hits(0.9) ? 1 : 0,
      'dc-uuid': '1',
      'execution-date': executionDate,
    },
    [
      element('configuration', {}, [
        element('crm_config', {}, [randomOptions(dice)]),
        element(
          'nodes',
          {},
          nodes.map((name, at) => randomNode(model, name, at)),
        ),
        element('resources', {}, resources),
        element('constraints', {}, constraints),
        randomDefaults(dice),
      ]),
      element('status', {}, [
        randomTickets(model),
        ...nodes.map((name, at) => randomState(model, name, at)),
        ...model.guests.flatMap((name) => randomGuestState(model, name)),
      ]),
    ],
  );
}

function randomDefaults(dice: Dice): Element | undefined {
  if (!dice.hits(0.3)) return undefined;
  const set = metaSet('rsc-defaults', {
    'resource-stickiness': dice.hits(0.7) ? dice.pick(['1', '100', 'INFINITY', '0']) : undefined,
    'migration-threshold': dice.hits(0.4) ? dice.pick(['1', '2', '5']) : undefined,
  });
  return set === undefined ? undefined : element('rsc_defaults', {}, [set]);
}

function randomOptions(dice: Dice): Element {
  const values: Record<string, string | undefined> = {
    'stonith-enabled': dice.hits(0.5) ? 'false' : 'true',
    'no-quorum-policy': dice.hits(0.5) ? dice.pick(['stop', 'freeze', 'ignore', 'demote', 'suicide']) : undefined,
    'symmetric-cluster': dice.hits(0.08) ? 'false' : undefined,
    'maintenance-mode': dice.hits(0.04) ? 'true' : undefined,
    'start-failure-is-fatal': dice.hits(0.1) ? 'false' : undefined,
    'stop-all-resources': dice.hits(0.03) ? 'true' : undefined,
    'stop-orphan-resources': dice.hits(0.05) ? 'false' : undefined,
    'enable-startup-probes': dice.hits(0.05) ? 'false' : undefined,
    'concurrent-fencing': dice.hits(0.2) ? dice.pick(['true', 'false']) : undefined,
    'startup-fencing': dice.hits(0.05) ? 'false' : undefined,
    'shutdown-lock': dice.hits(0.05) ? 'true' : undefined,
    'priority-fencing-delay': dice.hits(0.1) ? '15s' : undefined,
    'placement-strategy': dice.hits(0.2) ? dice.pick(['utilization', 'balanced', 'minimal']) : undefined,
    'node-health-strategy': dice.hits(0.1)
      ? dice.pick(['migrate-on-red', 'only-green', 'progressive', 'custom'])
      : undefined,
  };
  const id = 'cib-bootstrap-options';
  const pairs = Object.entries(values).filter(([, value]) => value !== undefined) as [string, string][];
  return element(
    'cluster_property_set',
    { id },
    pairs.map(([name, value]) => pair(id, name, value)),
  );
}

function randomNode(model: Model, name: string, at: number): Element {
  const { dice } = model;
  const id = `nodes-${at + 1}`;
  const attributes: Element[] = [];
  if (dice.hits(0.1)) attributes.push(pair(id, 'standby', 'on'));
  if (dice.hits(0.05)) attributes.push(pair(id, 'maintenance', 'true'));
  if (dice.hits(0.3)) attributes.push(pair(id, 'rack', dice.pick(['a', 'b'])));
  return element('node', { id: String(at + 1), uname: name }, [
    attributes.length > 0 ? element('instance_attributes', { id }, attributes) : undefined,
    dice.hits(0.4) ? utilization(`${id}-u`, dice, 4) : undefined,
  ]);
}

function utilization(id: string, dice: Dice, most: number): Element {
  return element('utilization', { id }, [pair(id, 'cpu', String(dice.below(most + 1)))]);
}

function randomResources(model: Model): Element[] {
  const { dice } = model;
  const resources: Element[] = [];
  if (dice.hits(0.6)) {
    resources.push(element('primitive', { id: 'Fencing', class: 'stonith', type: 'fence_dummy' }));
    model.tops.push({ id: 'Fencing', promotable: false, clone: false });
    model.leaves.push({ id: 'Fencing', inClone: false, promotable: false, cloneMax: 0, unique: true });
  }
  const count = 1 + dice.below(5);
  for (let at = 0; at < count; at += 1) resources.push(randomTop(model, at));
  if (dice.hits(0.15)) resources.push(randomRemote(model));
  if (dice.hits(0.15)) resources.push(randomGuest(model));
  if (dice.hits(0.2)) resources.push(randomBundle(model));
  return resources;
}

function randomTop(model: Model, at: number): Element {
  const { dice } = model;
  const roll = dice.next();
  const plain = { inClone: false, promotable: false, cloneMax: 0, unique: true };
  if (roll < 0.4) {
    model.tops.push({ id: `r${at}`, promotable: false, clone: false });
    return randomPrimitive(model, `r${at}`, plain);
  }
  if (roll < 0.6) {
    model.tops.push({ id: `g${at}`, promotable: false, clone: false });
    return randomGroup(model, `g${at}`, plain);
  }
  const promotable = dice.hits(0.45);
  const unique = dice.hits(0.12);
  const cloneMax = dice.hits(0.4) ? dice.below(4) : model.nodes.length;
  const about = { inClone: true, promotable, cloneMax, unique };
  const id = `c${at}`;
  model.tops.push({ id, promotable, clone: true });
  const inside = dice.hits(0.3) ? randomGroup(model, `${id}g`, about) : randomPrimitive(model, `${id}r`, about);
  const meta = metaSet(id, {
    promotable: promotable ? 'true' : undefined,
    'clone-max': cloneMax === model.nodes.length ? undefined : String(cloneMax),
    'clone-node-max': unique && dice.hits(0.6) ? '2' : undefined,
    'globally-unique': unique ? 'true' : undefined,
    interleave: dice.hits(0.4) ? 'true' : undefined,
    ordered: dice.hits(0.15) ? 'true' : undefined,
    notify: dice.hits(0.25) ? 'true' : undefined,
    'promoted-max': promotable && dice.hits(0.2) ? '2' : undefined,
    'clone-min': dice.hits(0.1) ? '1' : undefined,
    ...commonMeta(dice, promotable),
  });
  return element('clone', { id }, [meta, inside]);
}

const plainLeaf = { inClone: false, promotable: false, cloneMax: 0, unique: true };

/** A connection to a remote node; its node has no state of its own here. */
function randomRemote(model: Model): Element {
  const { dice } = model;
  const id = 'remote1';
  model.leaves.push({ id, ...plainLeaf });
  model.connections.push(id);
  return element('primitive', { id, class: 'ocf', provider: 'pacemaker', type: 'remote' }, [
    dice.hits(0.3)
      ? element('instance_attributes', { id: `${id}-i` }, [pair(`${id}-i`, 'reconnect_interval', '60s')])
      : undefined,
    element('operations', {}, [element('op', { id: `${id}-m`, name: 'monitor', interval: '10s', timeout: '20s' })]),
  ]);
}

/** A resource that makes a guest node. */
function randomGuest(model: Model): Element {
  const id = 'vm1';
  model.leaves.push({ id, ...plainLeaf });
  model.tops.push({ id, promotable: false, clone: false });
  model.guests.push('guest1');
  return element('primitive', { id, class: 'ocf', provider: 'pacemaker', type: 'Dummy' }, [
    metaSet(id, { 'remote-node': 'guest1', 'allow-migrate': model.dice.hits(0.3) ? 'true' : undefined }),
    element('operations', {}, randomOperations(model.dice, id, false)),
  ]);
}

function randomBundle(model: Model): Element {
  const { dice } = model;
  const id = 'bu';
  const replicas = 1 + dice.below(3);
  const promoted = dice.hits(0.4);
  const inside = dice.hits(0.7);
  model.tops.push({ id, promotable: promoted && inside, clone: false });
  for (let at = 0; at < replicas; at += 1) {
    const container = `${id}-docker-${at}`;
    model.leaves.push({ id: container, ...plainLeaf });
    model.containers.push(container);
    model.leaves.push({ id: `${id}-ip-192.168.122.${at + 10}`, ...plainLeaf });
    if (!inside) continue;
    model.leaves.push({ id: `${id}-${at}`, ...plainLeaf });
    model.connections.push(`${id}-${at}`);
    model.guests.push(`${id}-${at}`);
  }
  return element('bundle', { id }, [
    element('docker', {
      image: 'image:1',
      replicas,
      'replicas-per-host': dice.hits(0.2) ? 2 : undefined,
      'promoted-max': promoted && inside ? 1 : undefined,
    }),
    element('network', { 'ip-range-start': '192.168.122.10' }),
    inside
      ? element(
          'primitive',
          { id: 'bur', class: 'ocf', provider: 'pacemaker', type: promoted ? 'Stateful' : 'Dummy' },
          [element('operations', {}, randomOperations(dice, 'bur', promoted))],
        )
      : undefined,
  ]);
}

function commonMeta(dice: Dice, promotable: boolean): Record<string, string | undefined> {
  const roles = promotable ? ['Stopped', 'Started', 'Unpromoted', 'Promoted'] : ['Stopped', 'Started'];
  return {
    'target-role': dice.hits(0.1) ? dice.pick(roles) : undefined,
    'is-managed': dice.hits(0.06) ? 'false' : undefined,
    maintenance: dice.hits(0.03) ? 'true' : undefined,
    priority: dice.hits(0.15) ? dice.pick(['1', '5', '10']) : undefined,
  };
}

function randomGroup(model: Model, id: string, about: Omit<Leaf, 'id'>): Element {
  const { dice } = model;
  const members = Array.from({ length: 1 + dice.below(3) }, (_, at) => randomPrimitive(model, `${id}m${at}`, about));
  return element('group', { id }, [metaSet(id, about.inClone ? {} : commonMeta(dice, false)), ...members]);
}

function randomPrimitive(model: Model, id: string, about: Omit<Leaf, 'id'>): Element {
  const { dice } = model;
  model.leaves.push({ id, ...about });
  const meta = metaSet(id, {
    'resource-stickiness': dice.hits(0.3) ? dice.pick(['1', '100', 'INFINITY', '0']) : undefined,
    'migration-threshold': dice.hits(0.2) ? dice.pick(['1', '2', '3']) : undefined,
    'failure-timeout': dice.hits(0.15) ? dice.pick(['30s', '1h']) : undefined,
    'allow-migrate': dice.hits(0.2) ? 'true' : undefined,
    'multiple-active': dice.hits(0.15) ? dice.pick(['stop_only', 'block', 'stop_start', 'stop_unexpected']) : undefined,
    requires: dice.hits(0.1) ? dice.pick(['nothing', 'quorum', 'fencing']) : undefined,
    critical: dice.hits(0.1) ? 'false' : undefined,
    ...(about.inClone ? {} : commonMeta(dice, false)),
  });
  return element(
    'primitive',
    { id, class: 'ocf', provider: 'pacemaker', type: about.promotable ? 'Stateful' : 'Dummy' },
    [
      meta,
      dice.hits(0.3) ? utilization(`${id}-u`, dice, 3) : undefined,
      element('operations', {}, randomOperations(dice, id, about.promotable)),
    ],
  );
}

function randomOperations(dice: Dice, id: string, promotable: boolean): Node[] {
  const onFails = ['ignore', 'block', 'stop', 'restart', 'standby', 'fence'];
  const onFail = (probability: number, choices = onFails) => (dice.hits(probability) ? dice.pick(choices) : undefined);
  const operations: Node[] = [];
  const op = (name: string, interval: string, more: Readonly<Record<string, string | undefined>>) =>
    operations.push(element('op', { id: `${id}-${name}-${interval}`, name, interval, timeout: '20s', ...more }));
  op('monitor', '10s', {
    role: promotable ? 'Unpromoted' : undefined,
    'on-fail': onFail(0.3),
    enabled: dice.hits(0.05) ? 'false' : undefined,
  });
  if (promotable) op('monitor', '11s', { role: 'Promoted', 'on-fail': onFail(0.4, [...onFails, 'demote']) });
  if (dice.hits(0.15)) op('monitor', '12s', { role: 'Stopped' });
  if (dice.hits(0.15)) op('start', '0s', { 'on-fail': onFail(0.7) });
  if (dice.hits(0.1)) op('stop', '0s', { 'on-fail': onFail(0.7, ['block', 'ignore', 'fence']) });
  if (promotable && dice.hits(0.15)) op('promote', '0s', { 'on-fail': onFail(0.8, [...onFails, 'demote']) });
  return operations;
}

function randomConstraints(model: Model): Element[] {
  const { dice, tops } = model;
  const constraints: Element[] = [];
  const count = dice.below(7);
  for (let at = 0; at < count; at += 1) {
    const roll = dice.next();
    const id = `k${at}`;
    if (roll < 0.06) constraints.push(randomTicketConstraint(model, id));
    else if (roll < 0.35) constraints.push(randomLocation(model, id));
    else if (tops.length < 2) continue;
    else if (roll < 0.45) constraints.push(randomSetConstraint(model, id));
    else if (roll < 0.72) constraints.push(randomColocation(model, id));
    else constraints.push(randomOrder(model, id));
  }
  return constraints;
}

function randomTicketConstraint(model: Model, id: string): Element {
  const { dice } = model;
  const top = dice.pick(model.tops);
  return element('rsc_ticket', {
    id,
    rsc: top.id,
    ticket: dice.pick(['T', 'T', 'U']),
    'rsc-role': top.promotable && dice.hits(0.5) ? 'Promoted' : undefined,
    'loss-policy': dice.hits(0.7) ? dice.pick(['stop', 'demote', 'fence', 'freeze']) : undefined,
  });
}

function twoTops(model: Model): readonly [Model['tops'][number], Model['tops'][number]] {
  const first = model.dice.pick(model.tops);
  const others = model.tops.filter((each) => each !== first);
  return [first, model.dice.pick(others)];
}

function randomLocation(model: Model, id: string): Element {
  const { dice } = model;
  const top = dice.pick(model.tops);
  const discovery = dice.hits(0.1) ? dice.pick(['never', 'exclusive', 'always']) : undefined;
  if (dice.hits(0.3)) {
    const operation = dice.pick(['eq', 'ne', 'defined', 'not_defined']);
    const value = operation.endsWith('defined') ? undefined : 'a';
    return element('rsc_location', { id, rsc: top.id, 'resource-discovery': discovery }, [
      element(
        'rule',
        { id: `${id}-rule`, score: dice.pick(scores), role: top.promotable && dice.hits(0.4) ? 'Promoted' : undefined },
        [element('expression', { id: `${id}-e`, attribute: 'rack', operation, value })],
      ),
    ]);
  }
  return element('rsc_location', {
    id,
    rsc: top.id,
    node: dice.pick(model.nodes),
    score: dice.pick(scores),
    role: top.promotable && dice.hits(0.3) ? 'Promoted' : undefined,
    'resource-discovery': discovery,
  });
}

function randomColocation(model: Model, id: string): Element {
  const { dice } = model;
  const [dependent, primary] = twoTops(model);
  const role = (end: { promotable: boolean }) =>
    end.promotable && dice.hits(0.5) ? dice.pick(['Promoted', 'Unpromoted', 'Started']) : undefined;
  return element('rsc_colocation', {
    id,
    rsc: dependent.id,
    'with-rsc': primary.id,
    score: dice.pick(scores.filter((score) => score !== '0')),
    'rsc-role': role(dependent),
    'with-rsc-role': role(primary),
    influence: dice.hits(0.1) ? dice.pick(['true', 'false']) : undefined,
    'node-attribute': dice.hits(0.06) ? 'rack' : undefined,
  });
}

function randomOrder(model: Model, id: string): Element {
  const { dice } = model;
  const [first, then] = twoTops(model);
  const action = (end: { promotable: boolean }) => {
    const choices = end.promotable ? ['start', 'promote', 'stop', 'demote'] : ['start', 'start', 'stop'];
    return dice.hits(0.35) ? dice.pick(choices) : undefined;
  };
  return element('rsc_order', {
    id,
    first: first.id,
    ...Object.fromEntries([['then', then.id]]),
    'first-action': action(first),
    'then-action': action(then),
    kind: dice.hits(0.4) ? dice.pick(['Mandatory', 'Optional', 'Serialize']) : undefined,
    symmetrical: dice.hits(0.2) ? 'false' : undefined,
    'require-all': first.clone && dice.hits(0.15) ? 'false' : undefined,
  });
}

function randomSetConstraint(model: Model, id: string): Element {
  const { dice } = model;
  const shuffled = [...model.tops].map((top) => ({ top, key: dice.next() })).sort((a, b) => a.key - b.key);
  const cut = 1 + dice.below(shuffled.length);
  const isOrder = dice.hits(0.5);
  const parts = [shuffled.slice(0, cut), shuffled.slice(cut)].filter((part) => part.length > 0);
  const sets = parts.map((part, at) =>
    element(
      'resource_set',
      {
        id: `${id}-${at}`,
        sequential: dice.hits(0.4) ? dice.pick(['true', 'false']) : undefined,
        'require-all': isOrder && dice.hits(0.2) ? 'false' : undefined,
      },
      part.map(({ top }) => element('resource_ref', { id: top.id })),
    ),
  );
  if (isOrder) {
    const kind = dice.hits(0.3) ? dice.pick(['Mandatory', 'Optional', 'Serialize']) : undefined;
    return element('rsc_order', { id, kind }, sets);
  }
  return element('rsc_colocation', { id, score: dice.pick(['INFINITY', '100', '-INFINITY', '-10']) }, sets);
}

function randomState(model: Model, name: string, at: number): Element {
  const { dice } = model;
  const id = String(at + 1);
  const roll = dice.next();
  let state: Record<string, string> = { in_ccm: 'true', crmd: 'online', join: 'member', expected: 'member' };
  if (roll > 0.97) state = { in_ccm: 'true', crmd: 'online', join: 'down', expected: 'down' };
  else if (roll > 0.93) state = { in_ccm: 'true', crmd: 'offline', join: 'member', expected: 'member' };
  else if (roll > 0.86) state = { in_ccm: 'false', crmd: 'offline', join: 'member', expected: 'member' };
  else if (roll > 0.8) state = { in_ccm: 'false', crmd: 'offline', join: 'down', expected: 'down' };
  const setId = `status-${id}`;
  const attributes: Element[] = [];
  if (dice.hits(0.06)) attributes.push(pair(setId, 'shutdown', String(executionDate - 60)));
  if (dice.hits(0.08)) attributes.push(healthPair(setId, dice));
  const histories = model.leaves.flatMap((leaf) => randomHistories(model, leaf, name, setId, attributes));
  if (dice.hits(0.03))
    histories.push(historyOf('gone', name, [{ task: 'start', interval: 0, code: 0, expected: 0 }], 90));
  return element('node_state', { id, uname: name, ...state }, [
    element('lrm', { id }, [element('lrm_resources', {}, histories)]),
    element('transient_attributes', { id }, [element('instance_attributes', { id: setId }, attributes)]),
  ]);
}

function randomTickets(model: Model): Element | undefined {
  const { dice } = model;
  if (!dice.hits(0.5)) return undefined;
  const state = { id: 'T', granted: dice.pick(['true', 'false']), standby: dice.pick(['true', 'false', 'false']) };
  return element('tickets', {}, [element('ticket_state', { ...state, 'last-granted': String(executionDate - 500) })]);
}

/** State of a guest or bundle node, with histories of what may run there. */
function randomGuestState(model: Model, name: string): Element[] {
  const { dice } = model;
  if (dice.hits(0.3)) return [];
  const isBundle = name.startsWith('bu-');
  const leaves = isBundle
    ? [{ id: 'bur', inClone: true, promotable: false, cloneMax: 0, unique: false }]
    : model.leaves.filter((leaf) => /^r[0-9]/.test(leaf.id));
  const histories = leaves.flatMap((leaf) => randomHistories(model, leaf, name, `status-${name}`, []));
  return [
    element('node_state', { id: name, uname: name, remote_node: 'true' }, [
      element('lrm', { id: name }, [element('lrm_resources', {}, histories)]),
    ]),
  ];
}

function healthPair(setId: string, dice: Dice): Element {
  const value = dice.pick(['red', 'yellow', 'green', '-10']);
  return element('nvpair', { id: `${setId}-health`, name: '#health-x', value });
}

interface Step {
  readonly task: string;
  readonly interval: number;
  readonly code: number;
  readonly expected: number;
  readonly status?: number;
}

const probe: Step = { task: 'monitor', interval: 0, code: 7, expected: 7 };
const start: Step = { task: 'start', interval: 0, code: 0, expected: 0 };
const monitor: Step = { task: 'monitor', interval: 10_000, code: 0, expected: 0 };
const stop: Step = { task: 'stop', interval: 0, code: 0, expected: 0 };
const promote: Step = { task: 'promote', interval: 0, code: 0, expected: 0 };

function randomHistories(model: Model, leaf: Leaf, node: string, setId: string, attributes: Element[]): Element[] {
  const { dice } = model;
  const histories: Element[] = [];
  const active = leaf.inClone ? 0.55 : 0.3;
  const names =
    leaf.unique && leaf.inClone ? Array.from({ length: leaf.cloneMax }, (_, at) => `${leaf.id}:${at}`) : [leaf.id];
  for (const name of names) {
    if (dice.hits(0.2)) continue;
    const type = typeOf(model, leaf);
    histories.push(historyOf(name, node, randomSteps(dice, leaf, active), 10 + histories.length * 7, type));
    if (dice.hits(0.08)) {
      attributes.push(
        element('nvpair', {
          id: `${setId}-fc-${name}`.replace(/:/g, '.'),
          name: `fail-count-${leaf.id}#monitor_10000`,
          value: dice.pick(['1', '2', 'INFINITY']),
        }),
        element('nvpair', {
          id: `${setId}-lf-${name}`.replace(/:/g, '.'),
          name: `last-failure-${leaf.id}#monitor_10000`,
          value: String(executionDate - dice.pick([5, 100])),
        }),
      );
    }
    if (leaf.promotable && dice.hits(0.6)) {
      const value = dice.pick(['5', '10', '10', '-1', '0', 'INFINITY', '-INFINITY']);
      attributes.push(
        element('nvpair', { id: `${setId}-ms-${name}`.replace(/:/g, '.'), name: `master-${name}`, value }),
      );
    }
  }
  return histories;
}

function typeOf(model: Model, leaf: Leaf): string {
  if (model.connections.includes(leaf.id)) return 'remote';
  if (model.containers.includes(leaf.id)) return 'docker';
  if (leaf.id.includes('-ip-')) return 'IPaddr2';
  return leaf.promotable ? 'Stateful' : 'Dummy';
}

function randomSteps(dice: Dice, leaf: Leaf, active: number): Step[] {
  if (!dice.hits(active)) {
    if (dice.hits(0.1)) return [{ ...probe, code: dice.pick([0, 1, 5, 2, 8, 9, 190]) }];
    return dice.hits(0.3) ? [start, stop] : [probe];
  }
  const roll = dice.next();
  if (roll < 0.06) return [{ ...start, code: dice.pick([1, 5, 6, 7]) }];
  if (roll < 0.1) return [start, { ...stop, code: 1 }];
  if (roll < 0.13) return [{ ...start, code: 193, status: -1 }];
  if (roll < 0.15) return [start, { ...stop, code: 193, status: -1 }];
  const steps = [start];
  if (leaf.promotable && dice.hits(0.4)) {
    if (dice.hits(0.15)) return [start, { ...promote, code: dice.pick([1, 5]) }];
    steps.push(promote);
    if (dice.hits(0.15)) return [...steps, { task: 'demote', interval: 0, code: dice.pick([0, 1, 7]), expected: 0 }];
    if (dice.hits(0.8))
      steps.push({
        task: 'monitor',
        interval: 11_000,
        code: dice.hits(0.85) ? 8 : dice.pick([0, 1, 7, 9]),
        expected: 8,
      });
    return steps;
  }
  if (dice.hits(0.85)) steps.push(dice.hits(0.85) ? monitor : { ...monitor, code: dice.pick([1, 7, 190, 2]) });
  return steps;
}

function historyOf(id: string, node: string, steps: readonly Step[], firstCallId: number, type = 'Dummy'): Element {
  const agent =
    id === 'Fencing'
      ? { class: 'stonith', type: 'fence_dummy' }
      : { class: 'ocf', provider: type === 'docker' || type === 'IPaddr2' ? 'heartbeat' : 'pacemaker', type };
  const failed = (step: Step) => step.code !== step.expected && step.status === undefined && step.interval > 0;
  return element(
    'lrm_resource',
    { id, ...agent },
    steps.map((step, at) => {
      const recurring = step.interval > 0;
      const key = `${at + 1}:1:${step.expected}:${uuid}`;
      const status = step.status ?? (step.code === step.expected ? 0 : 4);
      return element('lrm_rsc_op', {
        id: failed(step)
          ? `${id}_last_failure_0`
          : recurring
            ? `${id}_${step.task}_${step.interval}`
            : `${id}_last_${at}`,
        operation_key: `${id}_${step.task}_${step.interval}`,
        operation: step.task,
        crm_feature_set: '3.19.7',
        'transition-key': key,
        'transition-magic': `${status};${key}`.replace(';', `:${step.code};`),
        on_node: node,
        'call-id': step.status === -1 ? -1 : firstCallId + at,
        'rc-code': step.code,
        'op-status': status,
        interval: step.interval,
        'last-rc-change': executionDate - 1000 + firstCallId + at,
        'op-digest': recurring ? timeoutDigest : emptyDigest,
      });
    }),
  );
}
