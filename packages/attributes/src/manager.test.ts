import { readFileSync } from 'node:fs';
import { Election, SimulatedCluster, SimulatedTime } from '@sanode/peers';
import { silentLogger } from '@sanode/runtime';
import { haveShared, sharedPath } from '@sanode/runtime/testing';
import { attr, element, parseXml, printCompact } from '@sanode/xml';
import { describe, expect, test } from 'vitest';
import type { CibWrite } from './host.ts';
import { AttributeManager } from './manager.ts';

const nodes = [
  { id: 1, name: 'lb1' },
  { id: 2, name: 'lb2' },
  { id: 3, name: 'lb3' },
];

/** One attrd on a simulated cluster: what it wrote, and what the cluster saw of it. */
interface Place {
  readonly manager: AttributeManager;
  readonly election: Election;
  readonly writes: CibWrite[];
  readonly sent: string[];
}

function start(cluster: SimulatedCluster, time: SimulatedTime, name: string, options: { rc?: number } = {}): Place {
  const id = nodes.find((node) => node.name === name)?.id as number;
  const writes: CibWrite[] = [];
  const sent: string[] = [];
  const base = time.host(silentLogger, id);
  const connection = cluster.connect(
    { node: name, group: 'attrd', trackQuorum: false, autoReap: true },
    {
      message: (message) => manager.handleMessage(message.element, message.fromName),
      peerChanged(peer, change) {
        if (change === 'name') manager.peerLearnt();
        if (change === 'online' && peer.name !== undefined) manager.peerChanged(peer.name, peer.online);
      },
      disconnected() {},
    },
  );
  const send = (to: string | undefined, message: ReturnType<typeof element>): void => {
    sent.push(printCompact(message));
    connection.send(to, message, 'test/1');
  };
  const activePeers = (): string[] =>
    connection.peers().flatMap((peer) => (peer.online && peer.name !== undefined ? [peer.name] : []));
  const election = new Election(
    {
      host: {
        ...base,
        userCpuMicroseconds: () => 1000,
        activePeers,
        knownPeerCount: () => connection.peers().length,
        canWin: () => manager.mayWrite(activePeers()),
        send,
        electionWon: () => manager.won(),
      },
    },
    { localName: name, localUuid: String(id), featureSet: '3.16.1', timeoutMs: 120_000 },
  );
  const manager: AttributeManager = new AttributeManager({
    election,
    host: {
      ...base,
      localName: name,
      localUuid: String(id),
      send,
      writeCib(write) {
        writes.push(write);
        time.after(5, () => manager.writeDone(write.attribute, options.rc ?? 0));
      },
      peerUuid: (peer) => connection.peerByName(peer)?.uuid,
      forgetPeer: () => {},
    },
  });
  manager.start();
  return { manager, election, writes, sent };
}

function update(name: string, value: string | undefined, more: Record<string, string> = {}) {
  return element('create_attrd_op', {
    t: 'attrd',
    src: 'crm_attribute',
    task: 'update',
    attr_name: name,
    attr_value: value,
    ...more,
  });
}

function values(place: Place, name: string): Record<string, string | undefined> {
  const reply = place.manager.handleClient(element('q', { t: 'attrd', task: 'query', attr_name: name }), 'root');
  return Object.fromEntries(
    reply.children.flatMap((child) =>
      child.type === 'element' ? [[attr(child, 'attr_host'), attr(child, 'attr_value')]] : [],
    ),
  );
}

function cluster(): { time: SimulatedTime; net: SimulatedCluster } {
  const time = new SimulatedTime();
  const net = new SimulatedCluster(time, { nodes });
  net.setRings(nodes.map((node) => node.name));
  return { time, net };
}

describe('attribute manager', () => {
  test('alone it becomes the writer and sends what the reference sends', () => {
    const { time, net } = cluster();
    const lb1 = start(net, time, 'lb1');
    time.advance(100);
    expect(lb1.sent[0]).toBe(
      '<attrd_broadcast_protocol t="attrd" src="pacemaker-attrd" task="update" attr_name="#attrd-protocol" attr_value="4" attr_is_private="1" attr_host="lb1" attr_host_id="1" attr_version="4" attr_writer="0"/>',
    );
    expect(lb1.sent[2]).toBe(
      '<attrd_peer_sync task="sync-response" t="attrd" attr_version="4" attr_writer="3"><attrd_add_value_xml attr_name="#attrd-protocol" attr_host="lb1" attr_host_id="1" attr_value="4" attr_dampening="0" attr_is_private="1" attrd_is_force_write="0"/></attrd_peer_sync>',
    );
    expect(lb1.writes).toEqual([]);
  });

  test('one of three is the writer, and all know every value', () => {
    const { time, net } = cluster();
    const places = ['lb1', 'lb2', 'lb3'].map((name) => start(net, time, name));
    time.advance(500);
    expect(places.map((place) => place.election.state).filter((state) => state === 3)).toHaveLength(1);
    places[1]?.manager.handleClient(update('foo', '5'), 'root');
    time.advance(100);
    for (const place of places) expect(values(place, 'foo')).toEqual({ lb2: '5' });
    const writes = places.flatMap((place) => place.writes);
    expect(writes.map((write) => printCompact(write.data))).toEqual([
      '<status><node_state id="2"><transient_attributes id="2"><instance_attributes id="status-2"><nvpair id="status-2-foo" name="foo" value="5"/></instance_attributes></transient_attributes></node_state></status>',
    ]);
    expect(writes[0]?.options).toBe(1048576);
    expect(writes[0]?.user).toBe('root');
  });

  test('when all nodes leave and the writer goes first, another one writes the rest', () => {
    const { time, net } = cluster();
    const places = ['lb1', 'lb2', 'lb3'].map((name) => start(net, time, name));
    // Past the time in which a lost election makes a node lose again (5.3).
    time.advance(5000);
    const writer = places.findIndex((place) => place.election.state === 3);
    const names = nodes.map(({ name }) => name);
    for (const name of names)
      places[writer]?.manager.handleClient(update('shutdown', '1700000000', { attr_host: name }), 'root');
    time.advance(50);
    const sentBefore = places.reduce((sum, place) => sum + place.sent.length, 0);
    net.crash(names[writer] as string);
    time.advance(1000);
    const states = places.filter((_, index) => index !== writer).map((place) => place.election.state);
    expect(states).toContain(3);
    expect(places.reduce((sum, place) => sum + place.sent.length, 0) - sentBefore).toBeLessThan(50);
  });

  test('a node that alone leaves does not become the writer, and does not argue about it', () => {
    const { time, net } = cluster();
    const places = ['lb1', 'lb2', 'lb3'].map((name) => start(net, time, name));
    time.advance(500);
    const loser = places.findIndex((place) => place.election.state !== 3);
    const place = places[loser] as Place;
    place.manager.handleClient(update('shutdown', '1700000000', { attr_host: nodes[loser]?.name as string }), 'root');
    time.advance(50);
    const sentBefore = place.sent.length;
    place.election.vote();
    time.advance(1000);
    expect(place.election.state).not.toBe(3);
    expect(place.sent.length - sentBefore).toBeLessThan(20);
  });

  test('counts from the current value, and deletes as the reference does', () => {
    const { time, net } = cluster();
    const lb1 = start(net, time, 'lb1');
    time.advance(100);
    for (const value of ['value++', 'value+=4', undefined]) {
      lb1.manager.handleClient(update('fail-count-D1#monitor_5000', value), 'hacluster');
      time.advance(100);
    }
    const last = lb1.writes.at(-1);
    expect(lb1.writes.map((write) => /value="(\d*)"/.exec(printCompact(write.data))?.[1])).toEqual(['1', '5', '']);
    expect(printCompact(last?.data as never)).toContain(
      '<nvpair id="status-1-fail-count-D1.monitor_5000" name="fail-count-D1#monitor_5000" value="" __delete__="value"/>',
    );
    expect(last?.options).toBe(1048960);
  });

  test('waits for the dampening, restarted by each change', () => {
    const { time, net } = cluster();
    const lb1 = start(net, time, 'lb1');
    time.advance(100);
    const both = { task: 'update-both', attr_dampening: '5s' };
    for (const value of ['1', '2', '3']) {
      lb1.manager.handleClient(update('pingd', value, both), 'root');
      time.advance(3000);
    }
    expect(lb1.writes.map((write) => printCompact(write.data).includes('value="3"'))).toEqual([]);
    time.advance(2100);
    expect(lb1.writes).toHaveLength(1);
    expect(printCompact(lb1.writes[0]?.data as never)).toContain('name="pingd" value="3"');
  });

  test('never writes a private attribute', () => {
    const { time, net } = cluster();
    const lb1 = start(net, time, 'lb1');
    time.advance(100);
    lb1.manager.handleClient(update('secret', 'x', { attr_is_private: '1' }), 'root');
    time.advance(5000);
    expect(values(lb1, 'secret')).toEqual({ lb1: 'x' });
    expect(lb1.writes).toEqual([]);
  });

  test('tries again when the CIB refuses', () => {
    const { time, net } = cluster();
    const lb1 = start(net, time, 'lb1', { rc: -62 });
    time.advance(100);
    lb1.manager.handleClient(update('foo', '1'), 'root');
    time.advance(1000);
    expect(lb1.writes).toHaveLength(1);
    time.advance(1500);
    expect(lb1.writes).toHaveLength(2);
  });

  test('clears the failures of one operation, of one resource, of all', () => {
    const { time, net } = cluster();
    const lb1 = start(net, time, 'lb1');
    time.advance(100);
    const names = ['fail-count-A#monitor_5000', 'last-failure-A#start_0', 'fail-count-AB#start_0', 'other'];
    const fill = (): void => {
      for (const name of names) lb1.manager.handleClient(update(name, '1'), 'root');
      time.advance(100);
    };
    const left = (request: Record<string, string>): string[] => {
      fill();
      lb1.manager.handleClient(element('c', { t: 'attrd', task: 'clear-failure', ...request }), 'root');
      time.advance(100);
      return names.filter((name) => values(lb1, name)['lb1'] !== undefined);
    };
    expect(left({ attr_resource: 'A', attr_clear_operation: 'monitor', attr_clear_interval: '5000ms' })).toEqual(
      names.slice(1),
    );
    expect(left({ attr_resource: 'A' })).toEqual(names.slice(2));
    expect(left({})).toEqual(['other']);
    expect(left({ attr_resource: 'A', attr_host: 'lb2' })).toEqual(names);
  });

  test('who comes later is told everything; who is lost is forgotten; the writer is replaced', () => {
    const { time, net } = cluster();
    const lb1 = start(net, time, 'lb1');
    time.advance(100);
    lb1.manager.handleClient(update('foo', '1'), 'root');
    time.advance(100);
    const lb2 = start(net, time, 'lb2');
    time.advance(100);
    expect(values(lb2, 'foo')).toEqual({ lb1: '1' });
    expect(lb2.election.state).not.toBe(3);
    lb2.manager.handleClient(update('foo', '2'), 'root');
    time.advance(100);
    net.setRings(['lb2', 'lb3'], ['lb1']);
    time.advance(200);
    expect(values(lb2, 'foo')).toEqual({ lb2: '2' });
    expect(lb2.election.state).toBe(3);
    expect(printCompact(lb2.writes.at(-1)?.data as never)).toContain('name="foo" value="2"');
  });

  test('its own values outlive a foreign writer that knows others', () => {
    const { time, net } = cluster();
    const lb2 = start(net, time, 'lb2');
    time.advance(100);
    lb2.manager.handleClient(update('foo', 'mine'), 'root');
    time.advance(100);
    const sync = element('attrd_peer_sync', { t: 'attrd', task: 'sync-response', attr_version: 4, attr_writer: 3 }, [
      element('attrd_add_value_xml', {
        attr_name: 'foo',
        attr_host: 'lb2',
        attr_host_id: 2,
        attr_value: 'stale',
        attr_dampening: 0,
      }),
    ]);
    lb2.manager.handleMessage(sync, 'lb1');
    time.advance(100);
    expect(values(lb2, 'foo')).toEqual({ lb2: 'mine' });
    expect(
      lb2.sent.some(
        (text) =>
          text.includes('task="update"') &&
          text.includes('attr_value="mine"') &&
          text.startsWith('<attrd_add_value_xml'),
      ),
    ).toBe(true);
  });

  test.each([
    ['no name', element('u', { t: 'attrd', task: 'update' })],
    ['a bad expression', element('u', { t: 'attrd', task: 'update', attr_regex: '(', attr_value: '1' })],
    ['an unknown task', element('u', { t: 'attrd', task: 'jump' })],
    ['a dampening that is no time', update('a', '1', { task: 'update-both', attr_dampening: 'soon' })],
  ])('refuses %s with a sentence and sends nothing', (_what, request) => {
    const { time, net } = cluster();
    const lb1 = start(net, time, 'lb1');
    time.advance(100);
    const before = lb1.sent.length;
    expect(attr(lb1.manager.handleClient(request, 'root'), 'sanode-refusal')).toMatch(/\w+ \w+/);
    expect(lb1.sent.length).toBe(before);
  });
});

describe.skipIf(!haveShared())('messages of a real cluster', () => {
  test('every message of attrd in the capture is taken, and its end state is known', () => {
    const { time, net } = cluster();
    const lb1 = start(net, time, 'lb1');
    time.advance(100);
    const file = JSON.parse(readFileSync(sharedPath('vectors/pacemaker/life.json'), 'utf8')) as {
      events: { group: string; nodeid?: number; phase: string; xml?: string }[];
    };
    let taken = 0;
    for (const event of file.events) {
      if (event.group !== 'attrd' || event.xml === undefined || event.xml.includes('crm_task')) continue;
      if (/clean shutdown/.test(event.phase)) break;
      lb1.manager.handleMessage(parseXml(event.xml), `lb${event.nodeid}`);
      taken += 1;
    }
    expect(taken).toBeGreaterThan(25);
    expect(values(lb1, 'dampy')).toEqual({ lb2: '7' });
    expect(values(lb1, 'priv')).toEqual({ lb2: 'secret' });
    expect(values(lb1, 'fail-count-D1#asyncmon_0')).toEqual({ lb1: '1' });
    expect(values(lb1, '#feature-set')).toMatchObject({ lb1: '3.16.1', lb2: '3.16.1' });
  });
});
