import type { CmapValue } from '@sanode/cluster/client';
import { encodeClusterFrame } from '@sanode/messages';
import { silentLogger } from '@sanode/runtime';
import { attr, element } from '@sanode/xml';
import { describe, expect, it } from 'vitest';
import { namesFromNodelist } from './node-names.ts';
import { isActive, PeerCache } from './peer-cache.ts';
import { receiveFrame } from './receive.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import { SimulatedTime } from './simulated-time.ts';

function cache(autoReap: boolean): { cache: PeerCache; events: string[]; clock: { ms: number } } {
  const events: string[] = [];
  const clock = { ms: 0 };
  const made = new PeerCache(
    {
      log: silentLogger,
      monotonicMs: () => clock.ms,
      configuredName: (id) => (id <= 3 ? `lb${id}` : undefined),
      changed: (peer, change) =>
        events.push(`${peer.name ?? peer.id} ${change} ${change === 'state' ? peer.state : peer.online}`),
    },
    { localId: 1, localPid: 100, autoReap },
  );
  made.addLocal('lb1');
  return { cache: made, events, clock };
}

const member = (nodeId: number, pid = nodeId * 100) => ({ nodeId, pid, reason: 0 });
const view = (ring: number, ...members: number[]) => ({
  quorate: true,
  ringNodeId: 1,
  ringSequence: BigInt(ring),
  members,
});

describe('the peer cache', () => {
  it('of the controller takes the state from the ring, and keeps the lost', () => {
    const { cache: peers, events } = cache(false);
    peers.ringChanged(view(4, 1, 2));
    peers.groupChanged({ members: [member(1), member(2)], left: [], joined: [] });
    expect(peers.all().every(isActive)).toBe(true);
    peers.ringChanged(view(8, 1));
    peers.groupChanged({ members: [member(1)], left: [member(2)], joined: [] });
    expect(peers.byName('LB2')).toMatchObject({ id: 2, state: 'lost', online: false });
    expect(events).toEqual([
      'lb1 state member',
      'lb2 state member',
      'lb1 online true',
      'lb2 online true',
      'lb2 state lost',
      'lb2 online false',
    ]);
  });

  it('of other daemons follows the group and forgets who leaves', () => {
    const { cache: peers } = cache(true);
    peers.groupChanged({ members: [member(1), member(2)], left: [], joined: [] });
    expect(peers.byId(2)).toMatchObject({ state: 'member', online: true });
    peers.groupChanged({ members: [member(1)], left: [member(2)], joined: [] });
    expect(peers.byId(2)).toBeUndefined();
  });

  it('does not take a node for gone while another process of it is there', () => {
    const { cache: peers } = cache(true);
    peers.groupChanged({ members: [member(1), member(2, 7)], left: [member(2, 6)], joined: [] });
    expect(peers.byId(2)?.online).toBe(true);
  });

  it('says when we were thrown out', () => {
    const { cache: peers } = cache(true);
    expect(peers.groupChanged({ members: [member(2)], left: [member(1)], joined: [] })).toBe(false);
  });

  it('waits for the first ring with members', () => {
    const { cache: peers } = cache(false);
    expect(peers.ringChanged(view(1))).toBe(false);
    expect(peers.ringChanged(view(2, 1))).toBe(true);
    expect(peers.ringChanged(view(3))).toBe(true);
  });

  it('believes the group after a minute of contradiction', () => {
    const { cache: peers, clock } = cache(false);
    peers.ringChanged(view(4, 1, 2));
    peers.ringChanged(view(8, 1));
    const both = { members: [member(1), member(2)], left: [], joined: [] };
    peers.groupChanged(both);
    clock.ms = 60_000;
    peers.groupChanged(both);
    expect(peers.byId(2)?.state).toBe('lost');
    clock.ms = 60_001;
    peers.groupChanged(both);
    expect(peers.byId(2)?.state).toBe('member');
  });

  it('forgets only who is not active', () => {
    const { cache: peers } = cache(false);
    peers.ringChanged(view(4, 1, 2));
    peers.groupChanged({ members: [member(1), member(2)], left: [], joined: [] });
    expect(peers.forget({ name: 'lb2' })).toBe(0);
    peers.ringChanged(view(8, 1));
    expect(peers.forget({ name: 'lb2', id: 3 })).toBe(0);
    expect(peers.forget({ name: 'lb2' })).toBe(1);
    expect(peers.forget({})).toBe(0);
  });

  it('gives a name to the node that has it now', () => {
    const { cache: peers } = cache(false);
    peers.ringChanged(view(4, 1, 9));
    peers.learnName(9, 'web');
    peers.ringChanged(view(8, 1));
    peers.learnName(8, 'web');
    expect(peers.byName('web')?.id).toBe(8);
    expect(peers.byId(9)).toBeUndefined();
  });
});

describe('node names', () => {
  const text = (value: string): CmapValue => ({ type: 'str', value });
  it('are the configured name, or an address that is one', () => {
    const values = new Map<string, CmapValue>([
      ['nodelist.node.0.nodeid', { type: 'u32', value: 1 }],
      ['nodelist.node.0.name', text('lb1')],
      ['nodelist.node.0.ring0_addr', text('10.0.0.1')],
      ['nodelist.node.1.nodeid', { type: 'u32', value: 2 }],
      ['nodelist.node.1.ring0_addr', text('lb2.example')],
      ['nodelist.node.2.nodeid', { type: 'u32', value: 3 }],
      ['nodelist.node.2.ring0_addr', text('10.0.0.3')],
      ['nodelist.node.3.nodeid', { type: 'u32', value: 4 }],
      ['nodelist.node.3.ring0_addr', text('fd00::4')],
    ]);
    expect(namesFromNodelist(values)).toEqual([
      { id: 1, name: 'lb1' },
      { id: 2, name: 'lb2.example' },
    ]);
  });
});

describe('received frames', () => {
  const local = { id: 1, name: 'lb1' };
  const frame = (text: string, host?: { id: number; name: string }, name = 'lb2'): Buffer =>
    encodeClusterFrame({ messageId: 1, host, hostType: 4, sender: { pid: 5, type: 4, name }, text });

  it('carry their sender and their cause', () => {
    const received = receiveFrame(frame('<x src="liar" sanode-cause="lb2/crmd/7"/>'), 2, local, () => undefined);
    expect(received).toMatchObject({ kind: 'message', name: 'lb2', cause: 'lb2/crmd/7' });
    if (received.kind !== 'message') throw new Error('no message');
    expect(attr(received.element, 'src')).toBe('lb2');
    expect(attr(received.element, 'sanode-cause')).toBeUndefined();
  });

  it('for others are dropped silently, broken ones with a reason', () => {
    expect(receiveFrame(frame('<x/>', { id: 2, name: 'lb2' }), 2, local, () => undefined).kind).toBe('elsewhere');
    expect(receiveFrame(frame('<x/>', { id: 1, name: 'LB1' }), 2, local, () => undefined).kind).toBe('message');
    expect(receiveFrame(frame('<x'), 2, local, () => undefined).kind).toBe('invalid');
    expect(receiveFrame(frame('<x/>', undefined, ''), 2, local, () => undefined).kind).toBe('invalid');
    expect(receiveFrame(frame('<x/>', undefined, ''), 2, local, () => 'lb2').kind).toBe('message');
    expect(receiveFrame(Buffer.alloc(10), 2, local, () => undefined).kind).toBe('invalid');
  });
});

describe('the simulated cluster', () => {
  it('gives all the same order, and the same messages before a change', () => {
    const time = new SimulatedTime();
    const nodes = [1, 2, 3].map((id) => ({ id, name: `lb${id}` }));
    const cluster = new SimulatedCluster(time, { nodes });
    cluster.setRings(['lb1', 'lb2', 'lb3']);
    const seen: Record<string, string[]> = {};
    const places = nodes.map(({ name }) => {
      const mine: string[] = [];
      seen[name] = mine;
      return cluster.connect(
        { node: name, group: 'x', trackQuorum: true, autoReap: false },
        {
          message: (message) => mine.push(`${message.fromName} ${message.element.name}`),
          peerChanged() {},
          groupChanged: (members) => mine.push(`members ${members.join(' ')}`),
          disconnected() {},
        },
      );
    });
    time.advance(5);
    for (const list of Object.values(seen)) list.length = 0;
    places[0]?.send(undefined, element('a'), 'c');
    places[1]?.send(undefined, element('b'), 'c');
    places[1]?.send('lb3', element('only3'), 'c');
    cluster.crash('lb2');
    time.advance(5);
    expect(seen['lb1']).toEqual(['lb1 a', 'lb2 b', 'members 1 3']);
    expect(seen['lb3']).toEqual(['lb1 a', 'lb2 b', 'lb2 only3', 'members 1 3']);
    expect(seen['lb2']).toEqual([]);
    expect(places[0]?.peerById(2)).toMatchObject({ state: 'lost', online: false });
  });
});
