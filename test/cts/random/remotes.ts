import { type Element, element } from '@sanode/xml';
import { commonMeta } from './meta.ts';
import { attributeSet, type Model, topLevel } from './model.ts';
import { randomOperations } from './operations.ts';

export const remoteAgent = { class: 'ocf', provider: 'pacemaker', type: 'remote' } as const;

/** A connection to a remote node. */
export function randomRemote(model: Model, at: number): Element {
  const { dice } = model;
  const id = `remote${at}`;
  const parameters: Record<string, string> = {};
  if (dice.hits(0.4)) parameters['reconnect_interval'] = dice.pick(['60s', '1']);
  if (dice.hits(0.4)) parameters['server'] = `${id}.example`;
  const operations = [{ name: 'monitor', intervalMs: 10_000, role: undefined, timeoutMs: 20_000 }];
  model.leaves.push({ id, agent: remoteAgent, operations, parameters, migratable: true, home: topLevel });
  model.remotes.push(id);
  model.tops.push({ id, promotable: false, clone: false });
  return element('primitive', { id, ...remoteAgent }, [
    attributeSet('meta_attributes', `${id}-meta`, {
      ...commonMeta(model, false),
      'allow-migrate': dice.maybe(0.1, 'false'),
    }),
    attributeSet('instance_attributes', `${id}-i`, parameters),
    element('operations', {}, [
      element('op', {
        id: `${id}-m`,
        name: 'monitor',
        interval: '10s',
        timeout: '20s',
        'on-fail': dice.maybe(0.2, 'fence', 'restart', 'ignore', 'block', 'stop'),
      }),
    ]),
  ]);
}

/** A resource that makes a guest node; sometimes as the member of a group. */
export function randomGuest(model: Model, at: number): Element {
  const { dice } = model;
  const id = `vm${at}`;
  const guest = `guest${at}`;
  const agent = { class: 'ocf', provider: 'heartbeat', type: 'VirtualDomain' };
  const { elements, operations } = randomOperations(model, id, false);
  const migratable = dice.hits(model.topics.has('migration') ? 0.7 : 0.3);
  const grouped = dice.hits(0.2);
  model.leaves.push({ id, agent, operations, parameters: {}, migratable, home: topLevel });
  const addressed = dice.hits(0.3);
  model.leaves.push({
    id: guest,
    agent: remoteAgent,
    operations: [{ name: 'monitor', intervalMs: 30_000, role: undefined, timeoutMs: 30_000 }],
    parameters: addressed ? { addr: '10.0.0.9', port: '3122' } : {},
    migratable: false,
    home: topLevel,
  });
  model.tops.push({ id: grouped ? `${id}g` : id, promotable: false, clone: false });
  model.guests.push(guest);
  const primitive = element('primitive', { id, ...agent }, [
    attributeSet('meta_attributes', `${id}-meta`, {
      ...commonMeta(model, false),
      'remote-node': guest,
      'remote-addr': addressed ? '10.0.0.9' : undefined,
      'remote-port': addressed ? '3122' : undefined,
      'remote-connect-timeout': dice.maybe(0.2, '20s'),
      'remote-allow-migrate': dice.maybe(0.2, 'false', 'true'),
      'allow-migrate': migratable ? 'true' : undefined,
    }),
    element('operations', {}, elements),
  ]);
  return grouped ? element('group', { id: `${id}g` }, [primitive]) : primitive;
}
