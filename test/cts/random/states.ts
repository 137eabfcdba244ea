import { type Element, element } from '@sanode/xml';
import { orphanHistories, randomHistories } from './histories.ts';
import { randomUtilization } from './meta.ts';
import { attributeSet, executionDate, type Model, on, pair, type Values } from './model.ts';
import { randomRule } from './rules.ts';

export function randomNode(model: Model, name: string, at: number): Element {
  const { dice } = model;
  const id = `nodes-${at + 1}`;
  const upkeep = model.topics.has('maintenance');
  return element(
    'node',
    { id: String(at + 1), uname: name, score: on(model, 'oddities') ? dice.maybe(0.1, '5', '-5') : undefined },
    [
      attributeSet('instance_attributes', id, {
        standby: dice.maybe(0.08, 'on', 'true', 'off'),
        maintenance: dice.maybe(upkeep ? 0.25 : 0.02, 'true'),
        ...placeAttributes(model),
      }),
      on(model, 'rules', 0.2)
        ? attributeSet(
            'instance_attributes',
            `${id}-ruled`,
            { rack: 'ruled' },
            { rule: randomRule(model, `${id}-rule`, 'other') },
          )
        : undefined,
      on(model, 'utilization', 0.8) ? randomUtilization(model, `${id}-u`, 5) : undefined,
    ],
  );
}

/** Attributes that rules and colocations ask for. */
function placeAttributes(model: Model): Values {
  const { dice } = model;
  return {
    rack: dice.maybe(0.4, 'a', 'b', '10', '100'),
    preference: dice.maybe(0.3, '10', '-20', 'INFINITY', '9.5', 'x'),
    version: dice.maybe(0.2, '1.2.3', '1.10'),
    'site-name': dice.maybe(0.15, 'north', 'south'),
    'on-0': dice.maybe(0.15, 'a'),
  };
}

/** Entries in the nodes section for remote and guest nodes, which are seldom there. */
export function remoteNodeEntries(model: Model): Element[] {
  return [...model.remotes, ...model.guests]
    .filter(() => model.dice.hits(0.15))
    .map((name) =>
      element('node', { id: name, uname: name, type: 'remote' }, [
        attributeSet('instance_attributes', `nodes-${name}`, {
          standby: model.dice.maybe(0.2, 'on'),
          ...placeAttributes(model),
        }),
      ]),
    );
}

export function randomState(model: Model, name: string, at: number): Element | undefined {
  const { dice } = model;
  if (dice.hits(0.03)) return undefined;
  const id = String(at + 1);
  const attributes = transientAttributes(model);
  const histories = model.leaves.flatMap((leaf) => randomHistories(model, leaf, name, attributes));
  histories.push(...orphanHistories(model, name, attributes));
  const uname = on(model, 'pending', 0.1) ? undefined : name;
  return element('node_state', { id, uname, ...membership(model), 'crm-debug-origin': 'test' }, [
    transientSet(id, attributes),
    element('lrm', { id }, [element('lrm_resources', {}, histories)]),
  ]);
}

function membership(model: Model): Values {
  const { dice } = model;
  const roll = dice.next();
  const stamped = dice.hits(0.3);
  const since = stamped ? String(executionDate - dice.pick([30, 100, 4000])) : 'true';
  const state = (member: boolean, online: boolean, join: string | undefined, expected: string | undefined) => ({
    in_ccm: member ? since : stamped ? '0' : 'false',
    crmd: online ? (stamped ? since : 'online') : stamped ? '0' : 'offline',
    join,
    expected,
  });
  if (on(model, 'pending', 0.35)) {
    return state(
      dice.hits(0.7),
      dice.hits(0.5),
      dice.maybe(0.9, 'pending', 'down', 'banned', 'member', 'nack'),
      dice.maybe(0.8, 'member', 'down'),
    );
  }
  if (roll > 0.97) return state(true, true, 'down', 'down');
  if (roll > 0.93) return state(true, false, 'member', 'member');
  if (roll > 0.86) return state(false, false, 'member', 'member');
  if (roll > 0.8) return state(false, false, 'down', 'down');
  if (roll > 0.79) return { crmd: 'online', join: 'member' };
  return state(true, true, 'member', 'member');
}

function transientAttributes(model: Model): Map<string, string> {
  const { dice } = model;
  const upkeep = model.topics.has('maintenance');
  const health = model.topics.has('health');
  const values: Values = {
    shutdown: dice.maybe(0.06, String(executionDate - 60), '0', String(executionDate - 600)),
    standby: dice.maybe(0.04, 'on', 'off', 'true'),
    maintenance: dice.maybe(upkeep ? 0.2 : 0.01, 'true', 'false'),
    terminate: on(model, 'oddities') ? dice.maybe(0.1, 'true', '0', '1700000000') : undefined,
    'resource-discovery-enabled': on(model, 'discovery') ? dice.maybe(0.3, 'false') : undefined,
    '#health-cpu': dice.maybe(health ? 0.5 : 0.02, 'red', 'yellow', 'green', '-10', '5'),
    '#health-disk': dice.maybe(health ? 0.3 : 0, 'red', 'yellow', 'green', 'GREEN', 'x'),
    '#node-unfenced': on(model, 'unfencing') ? dice.maybe(0.5, String(executionDate - 5000)) : undefined,
    '#digests-all': on(model, 'unfencing')
      ? dice.maybe(0.6, 'Fencing0:fence_dummy:f2317cad3d54cec5d7d7aa7d0bf35cf8,', 'Fencing0:fence_xvm:0,')
      : undefined,
    rack: dice.maybe(0.08, 'a', 'c'),
  };
  return new Map(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as const])),
  );
}

function transientSet(id: string, attributes: ReadonlyMap<string, string>): Element | undefined {
  if (attributes.size === 0) return undefined;
  const setId = `status-${id}`;
  return element('transient_attributes', { id }, [
    element(
      'instance_attributes',
      { id: setId },
      [...attributes].map(([name, value]) => pair(setId, name, value)),
    ),
  ]);
}

/** States of remote, guest and bundle nodes. */
export function remoteStates(model: Model): Element[] {
  const { dice } = model;
  return [...model.remotes, ...model.guests].flatMap((name) => {
    if (dice.hits(0.3)) return [];
    const attributes = transientAttributes(model);
    const bundle = /^(bu[0-9])-/.exec(name)?.[1];
    const hosted = model.leaves.filter((leaf) =>
      bundle === undefined ? /^[rgc][0-9]/.test(leaf.id) : leaf.id === `${bundle}r`,
    );
    const histories = hosted.flatMap((leaf) => randomHistories(model, leaf, name, attributes));
    const state = {
      id: name,
      uname: name,
      remote_node: 'true',
      node_fenced: dice.maybe(0.15, '1', '0'),
      in_ccm: dice.maybe(0.3, 'true', 'false'),
      node_in_maintenance: dice.maybe(0.1, '1', '0'),
    };
    return [
      element('node_state', state, [
        transientSet(name, attributes),
        element('lrm', { id: name }, [element('lrm_resources', {}, histories)]),
      ]),
    ];
  });
}

export function randomTickets(model: Model): Element | undefined {
  const { dice } = model;
  if (!on(model, 'tickets', 0.8)) return undefined;
  const state = (id: string) =>
    element('ticket_state', {
      id,
      granted: dice.pick(['true', 'false']),
      standby: dice.maybe(0.6, 'true', 'false', 'false'),
      'last-granted': dice.maybe(0.8, String(executionDate - 500)),
      owner: dice.maybe(0.1, 'x'),
    });
  return element('tickets', {}, ['T', 'V'].filter(() => dice.hits(0.8)).map(state));
}
