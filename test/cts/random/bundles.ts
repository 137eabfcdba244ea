import { type Element, element } from '@sanode/xml';
import { commonMeta } from './meta.ts';
import { attributeSet, type Model, topLevel } from './model.ts';
import { randomOperations } from './operations.ts';
import { remoteAgent } from './remotes.ts';

/** A bundle in any of its forms, with what histories may say about its replicas. */
export function randomBundle(model: Model, id: string): Element {
  const { dice } = model;
  const kind = dice.pick(['docker', 'podman']);
  const replicas = 1 + dice.below(3);
  const byAddress = dice.hits(0.7);
  const inside = dice.hits(0.75);
  const promoted = dice.hits(0.4);
  const perHost = dice.hits(0.2) ? 2 : undefined;
  const net = 10 + Number(id.replace(/[^0-9]/g, ''));
  model.tops.push({ id, promotable: promoted && inside, clone: false });
  addLeaves(model, { id, kind, replicas, byAddress, inside, net });
  const network =
    byAddress || inside || dice.hits(0.5)
      ? element(
          'network',
          {
            'ip-range-start': byAddress ? `192.168.${net}.${dice.pick([10, 10, 252])}` : undefined,
            'control-port': !byAddress || dice.hits(0.2) ? '9999' : undefined,
            'host-interface': byAddress ? dice.maybe(0.2, 'eth0') : undefined,
            'host-netmask': byAddress ? dice.maybe(0.3, '24') : undefined,
            'add-host': dice.maybe(0.2, 'false'),
          },
          dice.hits(0.4)
            ? [
                element('port-mapping', {
                  id: `${id}-p1`,
                  port: '80',
                  'internal-port': dice.hits(0.5) ? '8080' : undefined,
                }),
                element('port-mapping', { id: `${id}-p2`, range: '5000-5010' }),
              ]
            : [],
        )
      : undefined;
  return element('bundle', { id }, [
    attributeSet('meta_attributes', `${id}-meta`, commonMeta(model, promoted && inside)),
    element(kind, {
      image: 'image:1',
      replicas,
      'replicas-per-host': perHost,
      'promoted-max': promoted ? dice.pick([1, 2]) : undefined,
      'run-command': dice.maybe(0.2, '/bin/true'),
      network: dice.maybe(0.1, 'host'),
      options: dice.maybe(0.2, '-v x', ''),
    }),
    network,
    dice.hits(0.4) ? storage(id) : undefined,
    inside ? insidePrimitive(model, id, promoted) : undefined,
  ]);
}

function storage(id: string): Element {
  return element('storage', {}, [
    element('storage-mapping', { id: `${id}-s1`, 'source-dir': '/srv', 'target-dir': '/www', options: 'rw' }),
    element('storage-mapping', { id: `${id}-s2`, 'source-dir-root': '/var/x', 'target-dir': '/var/log' }),
  ]);
}

function insidePrimitive(model: Model, id: string, promoted: boolean): Element {
  const { dice } = model;
  const agent = { class: 'ocf', provider: 'pacemaker', type: promoted ? 'Stateful' : 'Dummy' };
  const { elements, operations } = randomOperations(model, `${id}r`, promoted);
  const home = { inClone: true, inGroup: false, promotable: promoted, cloneMax: 3, unique: false };
  model.inner.push({ id: `${id}r`, promotable: promoted, clone: false });
  model.leaves.push({ id: `${id}r`, agent, operations, parameters: {}, migratable: false, home });
  return element('primitive', { id: `${id}r`, ...agent }, [
    attributeSet('meta_attributes', `${id}r-meta`, {
      notify: dice.maybe(0.2, 'true'),
      'container-attribute-target': dice.maybe(0.3, 'host'),
      'resource-stickiness': dice.maybe(0.2, '5'),
      'target-role': dice.maybe(0.05, 'Stopped'),
    }),
    element('operations', {}, elements),
  ]);
}

interface Shape {
  readonly id: string;
  readonly kind: string;
  readonly replicas: number;
  readonly byAddress: boolean;
  readonly inside: boolean;
  readonly net: number;
}

function addLeaves(model: Model, { id, kind, replicas, byAddress, inside, net }: Shape): void {
  const minute = [{ name: 'monitor', intervalMs: 60_000, role: undefined, timeoutMs: 20_000 }];
  const plain = { parameters: {}, migratable: false, home: topLevel, operations: minute };
  for (let at = 0; at < replicas; at += 1) {
    model.leaves.push({
      id: `${id}-${kind}-${at}`,
      agent: { class: 'ocf', provider: 'heartbeat', type: kind },
      ...plain,
    });
    if (byAddress) {
      const agent = { class: 'ocf', provider: 'heartbeat', type: 'IPaddr2' };
      model.leaves.push({ id: `${id}-ip-192.168.${net}.${at + 10}`, agent, ...plain });
    }
    if (!inside) continue;
    model.leaves.push({
      id: `${id}-${at}`,
      agent: remoteAgent,
      ...plain,
      operations: [{ name: 'monitor', intervalMs: 30_000, role: undefined, timeoutMs: 30_000 }],
    });
    model.guests.push(`${id}-${at}`);
  }
}
