import { describe, expect, it } from 'vitest';
import type { CpgMember } from '../client/types.ts';
import type { CpgListener } from '../cpg/cpg-service.ts';
import { cpgFunction, encodeJoinlist, encodeProcess } from '../cpg/messages.ts';
import { FakeCluster, type FakeNode } from '../testing/fake-cluster.ts';
import { encodeNodeInfo } from '../votequorum/messages.ts';

const show = (list: readonly CpgMember[]): string =>
  list.map((m) => `${m.nodeId}.${m.pid}${m.reason ? `r${m.reason}` : ''}`).join(' ');

function listener(log: string[]): CpgListener {
  return {
    deliver: (nodeId, _pid, data) => log.push(`${nodeId}: ${data}`),
    fragment: () => log.push('fragment'),
    configurationChange: (members, left, joined) => log.push(`m[${show(members)}] l[${show(left)}] j[${show(joined)}]`),
    totemConfiguration: (ring, members) => log.push(`ring ${ring.rep}.${ring.seq} ${members.join(',')}`),
  };
}

function join(cluster: FakeCluster, node: FakeNode, pid: number, group = 'demo') {
  const log: string[] = [];
  const client = node.core.cpg.connect(pid, listener(log));
  expect(node.core.cpg.join(client, group, false)).toBe(1);
  cluster.settle();
  return { client, log, cpg: node.core.cpg };
}

const votes = (node: FakeNode) => {
  const info = node.core.votequorum?.info(0);
  return {
    expected: info?.expectedVotes,
    total: info?.totalVotes,
    quorum: info?.quorum,
    quorate: node.core.votequorum?.quorate,
  };
};
const on = { type: 'u8', value: 1 } as const;

describe('synchronization', () => {
  it('sends builds, then each service and its barriers, like the reference', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2, 3] });
    cluster.rings([1, 2, 3]);
    join(cluster, cluster.node(1), 111);
    join(cluster, cluster.node(2), 69);
    cluster.wire.length = 0;
    cluster.rings([1, 2], [3]);
    const name = ({ group, payload }: { group: string; payload: Buffer }): string => {
      const id = payload.readUInt32LE(0);
      return group === 'sync' ? (['barrier', 'build'][id] ?? '?') : `${id >>> 16}.${id & 0xffff}`;
    };
    const sent = cluster.wire.filter((message) => message.sender === 1).map(name);
    expect(sent).toEqual(['build', '0.0', 'barrier', '2.5', '2.2', 'barrier', 'barrier', '5.0', '5.0', 'barrier']);
  });

  it('starts afresh when the ring changes in the middle, and completes with little room', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2, 3], roomPerToken: 1 });
    cluster.rings([1, 2], [3]);
    const before = cluster.node(1).synchronizations;
    cluster.view([1, 2, 3]);
    cluster.rings([1], [2, 3]);
    expect(cluster.node(1).synchronizations).toBe(before + 1);
    expect(cluster.nodes.map((node) => node.core.syncInProgress)).toEqual([false, false, false]);
  });

  it('ignores sync messages of another ring and of strangers', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2] });
    cluster.rings([1, 2]);
    const stale = cluster.wire.filter((message) => message.group === 'sync' && message.sender === 2);
    cluster.view([1, 2]);
    const { core } = cluster.node(1);
    for (const { payload } of stale) {
      for (const nodeId of [1, 2]) core.deliver({ group: 'sync', nodeId, payload, foreignByteOrder: false });
    }
    expect(core.syncInProgress).toBe(true);
    cluster.settle();
    expect(core.syncInProgress).toBe(false);
    expect(cluster.node(1).synchronizations).toBe(2);
  });

  it('takes messages of a node with the other byte order, and drops one cut short', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2] });
    cluster.rings([1, 2]);
    const payload = encodeNodeInfo({ nodeId: 2, votes: 3, expectedVotes: 2, flags: 1 });
    const cut = Buffer.from(payload);
    cut.writeUInt32LE(64, 8);
    const { core } = cluster.node(1);
    core.deliver({ group: 'a', nodeId: 2, payload: cut, foreignByteOrder: false });
    expect(core.votequorum?.info(2)?.votes).toBe(1);
    for (const at of [0, 8, 16, 20, 24, 28]) payload.subarray(at, at + 4).reverse();
    const sent = Buffer.from(payload);
    core.deliver({ group: 'a', nodeId: 2, payload, foreignByteOrder: true });
    expect(core.votequorum?.info(2)?.votes).toBe(3);
    expect(payload.equals(sent), 'the ring’s bytes are left as they are').toBe(true);
  });

  it('refuses an older configuration at the second change', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2, 3] });
    cluster.node(1).icmap.set('totem.config_version', { type: 'u64', value: 4n });
    cluster.node(2).icmap.set('totem.config_version', { type: 'u64', value: 5n });
    cluster.rings([1, 2]);
    expect(cluster.node(1).process).toEqual([]);
    cluster.rings([1, 2, 3]);
    expect(cluster.node(1).process).toEqual(['must leave']);
    expect(cluster.node(2).process).toEqual([]);
  });
});

describe('cpg', () => {
  it('reports splits and merges as in the examples of 3.7', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2, 3] });
    cluster.rings([1, 2, 3]);
    const n1 = join(cluster, cluster.node(1), 111);
    const n2 = join(cluster, cluster.node(2), 69);
    const n3 = join(cluster, cluster.node(3), 28);
    for (const { log } of [n1, n2, n3]) log.length = 0;
    cluster.rings([1, 2], [3]);
    expect(n1.log).toEqual(['m[1.111 2.69] l[3.28r3] j[]', 'ring 1.9 1,2']);
    expect(n3.log).toEqual(['m[3.28] l[1.111r3 2.69r3] j[]', 'ring 3.9 3']);
    cluster.rings([1, 2, 3]);
    expect(n1.log.slice(2)).toEqual(['m[1.111 2.69 3.28] l[] j[3.28r4]', 'ring 1.13 1,2,3']);
    expect(n3.log.slice(2)).toEqual(['m[1.111 2.69 3.28] l[] j[2.69r4 1.111r4]', 'ring 1.13 1,2,3']);
    expect(n2.log.slice(2)).toEqual(n1.log.slice(2));
  });

  it('delivers in one order to all, nothing before the own join', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2], roomPerToken: 2 });
    cluster.rings([1, 2]);
    const a = join(cluster, cluster.node(1), 1);
    a.cpg.multicast(a.client, Buffer.from('early'), () => {});
    cluster.settle();
    const b = join(cluster, cluster.node(2), 2);
    let taken = 0;
    for (let i = 0; i < 20; i += 1) {
      a.cpg.multicast(a.client, Buffer.from(`a${i}`), () => {
        taken += 1;
      });
      b.cpg.multicast(b.client, Buffer.from(`b${i}`), () => {
        taken += 1;
      });
    }
    expect(taken).toBeLessThan(10);
    cluster.settle();
    expect(taken).toBe(40);
    const delivered = (log: string[]) => log.filter((line) => /^\d: [ab]/.test(line));
    expect(delivered(a.log)).toHaveLength(40);
    expect(delivered(b.log)).toEqual(delivered(a.log));
    expect(b.log[0]).toBe('m[1.1 2.2] l[] j[2.2r1]');
    expect(b.log).not.toContain('1: early');
  });

  it('keeps groups and members of one node apart', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2] });
    cluster.rings([1, 2]);
    const red = [join(cluster, cluster.node(1), 10, 'red'), join(cluster, cluster.node(1), 11, 'red')] as const;
    const blue = join(cluster, cluster.node(1), 10, 'blue');
    const far = join(cluster, cluster.node(2), 20, 'red');
    for (const { log } of [...red, blue, far]) log.length = 0;
    red[0].cpg.multicast(red[0].client, Buffer.from('from red'), () => {});
    blue.cpg.multicast(blue.client, Buffer.from('from blue'), () => {});
    far.cpg.multicast(far.client, Buffer.from('from afar'), () => {});
    cluster.settle();
    for (const { log } of [...red, far]) expect(log).toEqual(['1: from red', '2: from afar']);
    expect(blue.log).toEqual(['1: from blue']);
    red[1].cpg.leave(red[1].client);
    cluster.settle();
    expect(red[0].log.at(-1)).toBe('m[1.10 2.20] l[1.11r2] j[]');
    expect(blue.log).toHaveLength(1);
    expect(
      cluster
        .node(2)
        .core.cpg.iterate(false)
        .map(({ group, pid }) => `${group} ${pid}`),
    ).toEqual(['blue 10', 'red 10', 'red 20']);
  });

  it('interrupts a long message over which the membership changed', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2] });
    cluster.rings([1, 2]);
    const sender = join(cluster, cluster.node(1), 10);
    const send = (type: number): number[] => {
      const results: number[] = [];
      const fragment = { type, totalBytes: 3, data: Buffer.from('x') };
      sender.cpg.multicastFragment(sender.client, fragment, (result) => results.push(result));
      cluster.settle();
      return results;
    };
    expect([send(1), send(2)]).toEqual([[1], [1]]);
    join(cluster, cluster.node(2), 20);
    expect(send(3)).toEqual([16]);
    expect([send(1), send(3)]).toEqual([[1], [1]]);
  });

  it('sends what a client left behind before its leave', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2], roomPerToken: 1 });
    cluster.rings([1, 2]);
    const a = join(cluster, cluster.node(1), 1);
    const b = join(cluster, cluster.node(2), 2);
    b.log.length = 0;
    for (let i = 0; i < 3; i += 1) a.cpg.multicast(a.client, Buffer.from(`x${i}`), () => {});
    a.cpg.disconnect(a.client);
    cluster.settle();
    expect(b.log).toEqual(['1: x0', '1: x1', '1: x2', 'm[2.2] l[1.1r5] j[]']);
    expect(cluster.node(1).core.cpg.iterate(false)).toHaveLength(1);
  });

  it('holds messages back during a synchronization', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2] });
    cluster.rings([1, 2]);
    const a = join(cluster, cluster.node(1), 1);
    cluster.view([1], [2]);
    let taken = 0;
    a.cpg.multicast(a.client, Buffer.from('later'), () => {
      taken += 1;
    });
    expect(taken).toBe(0);
    expect(cluster.node(1).core.cpg.join(cluster.node(1).core.cpg.connect(5, listener([])), 'x', false)).toBe(6);
    cluster.settle();
    expect(taken).toBe(1);
    expect(a.log.at(-1)).toBe('1: later');
  });

  it('gives the results of 3.4 for joins and leaves', () => {
    const cluster = new FakeCluster({ nodeIds: [1] });
    cluster.rings([1]);
    const { cpg } = cluster.node(1).core;
    const client = cpg.connect(7, listener([]));
    expect(cpg.leave(client)).toBe(12);
    expect(cpg.join(client, 'g', false)).toBe(1);
    expect(cpg.leave(client)).toBe(10);
    expect(cpg.join(client, 'g', false)).toBe(14);
    expect(cpg.join(cpg.connect(7, listener([])), 'g', false)).toBe(14);
    cluster.settle();
    expect(cpg.leave(client)).toBe(1);
    expect(cpg.join(cpg.connect(8, listener([])), 'x'.repeat(129), false)).toBe(13);
    cluster.settle();
    expect(cpg.join(client, 'other', false)).toBe(10);
  });

  it('takes a process once that is listed twice, as a sync that was given up may have left a list in the queue', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2] });
    cluster.rings([1], [2]);
    const a = join(cluster, cluster.node(1), 1);
    join(cluster, cluster.node(2), 2);
    a.log.length = 0;
    cluster.view([1, 2]);
    const payload = encodeJoinlist([{ pid: 2, group: 'demo' }]);
    cluster.node(1).core.deliver({ group: 'a', nodeId: 2, payload, foreignByteOrder: false });
    cluster.settle();
    expect(a.log).toEqual(['m[1.1 2.2] l[] j[2.2r4]', 'ring 1.9 1,2']);
  });

  it('removes processes that their node no longer lists', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2] });
    cluster.rings([1, 2]);
    const a = join(cluster, cluster.node(1), 1);
    const payload = encodeProcess(cpgFunction.procjoin, 'demo', 66, 1);
    cluster.node(1).core.deliver({ group: 'a', nodeId: 2, payload, foreignByteOrder: false });
    a.log.length = 0;
    cluster.rings([1, 2]);
    expect(a.log).toEqual(['m[1.1] l[2.66r5] j[]', 'ring 1.9 1,2']);
  });

  it('drops malformed messages of a peer', () => {
    const cluster = new FakeCluster({ nodeIds: [1] });
    cluster.rings([1]);
    const a = join(cluster, cluster.node(1), 1);
    a.log.length = 0;
    for (let fn = 0; fn < 8; fn += 1) {
      for (const size of [16, 20, 100, 190, 400]) {
        const payload = Buffer.alloc(size, 0xff);
        payload.writeUInt32LE(2 * 65536 + fn, 0);
        if (fn !== cpgFunction.joinlist)
          cluster.node(1).core.deliver({ group: 'a', nodeId: 9, payload, foreignByteOrder: false });
      }
    }
    expect(a.log).toEqual([]);
  });
});

describe('votequorum (worked examples of 5.11)', () => {
  it('three nodes, then one', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2, 3] });
    cluster.rings([1, 2, 3]);
    expect(votes(cluster.node(1))).toEqual({ expected: 3, total: 3, quorum: 2, quorate: true });
    cluster.rings([1], [2, 3]);
    expect(votes(cluster.node(1))).toEqual({ expected: 3, total: 1, quorum: 2, quorate: false });
    expect(votes(cluster.node(2))).toEqual({ expected: 3, total: 2, quorum: 2, quorate: true });
    cluster.rings([1, 2, 3]);
    expect(cluster.nodes.map((node) => node.core.quorum.quorate)).toEqual([true, true, true]);
  });

  it('expected votes 4, votes 2', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2, 3] });
    cluster.rings([1, 2, 3]);
    expect(cluster.node(1).core.votequorum?.setExpected(4)).toBe(1);
    cluster.settle();
    expect(cluster.node(1).core.votequorum?.setVotes(2, 2)).toBe(1);
    cluster.settle();
    expect(votes(cluster.node(3))).toEqual({ expected: 4, total: 4, quorum: 3, quorate: true });
    expect(cluster.node(1).core.votequorum?.setVotes(9, 1)).toBe(17);
    expect(cluster.node(1).core.votequorum?.setExpected(3)).toBe(7);
  });

  it('two_node waits for all at the first start, then survives alone', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2], keys: { 'quorum.two_node': on } });
    cluster.rings([1], [2]);
    expect(votes(cluster.node(1))).toEqual({ expected: 2, total: 1, quorum: 1, quorate: false });
    expect(cluster.node(1).core.votequorum?.info(0)?.flags).toBe(1 | 4);
    cluster.rings([1, 2]);
    expect(cluster.node(1).core.votequorum?.info(0)?.flags).toBe(1 | 2 | 4);
    cluster.rings([1], [2]);
    expect(votes(cluster.node(1))).toEqual({ expected: 2, total: 1, quorum: 1, quorate: true });
  });

  it('who waits for all stops waiting when it meets a quorate node', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2, 3], keys: { 'quorum.wait_for_all': on } });
    cluster.rings([1, 2, 3]);
    cluster.rings([1, 2], [3]);
    expect(cluster.node(3).core.votequorum?.quorate).toBe(false);
    cluster.rings([1], [2, 3]);
    expect(votes(cluster.node(3))).toEqual({ expected: 3, total: 2, quorum: 2, quorate: true });
    expect(cluster.node(1).core.votequorum?.quorate).toBe(false);
  });

  it('a node without quorum takes the expected votes of a quorate one', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2, 3] });
    cluster.rings([1, 2, 3]);
    cluster.rings([1, 2], [3]);
    expect(cluster.node(1).core.votequorum?.setExpected(5)).toBe(7);
    expect(cluster.node(1).core.votequorum?.setExpected(2)).toBe(1);
    cluster.settle();
    expect(votes(cluster.node(1))).toMatchObject({ expected: 2, quorum: 2, quorate: true });
    cluster.rings([1], [2, 3]);
    expect(votes(cluster.node(3))).toMatchObject({ total: 2, quorum: 2, quorate: true });
  });

  it('reads changed votes at run time, not in the middle of a reload', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2, 3] });
    cluster.rings([1, 2, 3]);
    const { icmap } = cluster.node(2);
    icmap.set('config.totemconfig_reload_in_progress', on);
    icmap.set('nodelist.node.1.quorum_votes', { type: 'u32', value: 3 });
    cluster.settle();
    expect(votes(cluster.node(1))).toMatchObject({ total: 3 });
    icmap.set('config.totemconfig_reload_in_progress', { type: 'u8', value: 0 });
    cluster.settle();
    expect(votes(cluster.node(1))).toMatchObject({ expected: 5, total: 5, quorum: 3, quorate: true });
  });

  it('keeps the highest expected votes ever with expected_votes_tracking, and starts from them', () => {
    const keys = { 'quorum.expected_votes_tracking': on, 'quorum.expected_votes': { type: 'u32', value: 5 } } as const;
    const fresh = new FakeCluster({ nodeIds: [1, 2, 3], keys });
    // Nothing was stored yet: the nodelist counts, and quorum.expected_votes does not (5.3 step 11).
    fresh.rings([1, 2, 3]);
    expect(votes(fresh.node(1))).toMatchObject({ expected: 3, quorum: 2 });
    expect(fresh.node(1).storedExpectedVotes).toBe(3);
    const grown = new FakeCluster({ nodeIds: [1, 2, 3], keys, storedExpectedVotes: 7 });
    grown.rings([1, 2, 3]);
    expect(votes(grown.node(1))).toMatchObject({ expected: 7, quorum: 4, quorate: false });
    expect(grown.node(1).icmap.number('runtime.votequorum.ev_tracking_barrier')).toBe(7);
  });

  it('counts the nodes that a reload lists', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2, 3] });
    cluster.rings([1, 2, 3]);
    for (const { icmap } of cluster.nodes) {
      icmap.set('config.totemconfig_reload_in_progress', { type: 'u8', value: 1 });
      icmap.delete('nodelist.node.2.nodeid');
      icmap.set('config.totemconfig_reload_in_progress', { type: 'u8', value: 0 });
    }
    cluster.rings([1, 2], [3]);
    expect(votes(cluster.node(1))).toEqual({ expected: 2, total: 2, quorum: 2, quorate: true });
    for (const { icmap } of cluster.nodes) {
      icmap.set('config.totemconfig_reload_in_progress', { type: 'u8', value: 1 });
      for (const at of [2, 3]) icmap.set(`nodelist.node.${at}.nodeid`, { type: 'u32', value: at + 1 });
      icmap.set('config.totemconfig_reload_in_progress', { type: 'u8', value: 0 });
    }
    cluster.rings([1, 2], [3]);
    expect(votes(cluster.node(1))).toEqual({ expected: 4, total: 2, quorum: 3, quorate: false });
  });

  it('keeps quorum while a third node is added to two and two_node goes', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2], keys: { 'quorum.two_node': on } });
    cluster.rings([1, 2]);
    const decisions: boolean[] = [];
    cluster.node(2).core.quorum.onChange((quorate) => decisions.push(quorate));
    for (const { icmap } of cluster.nodes) {
      icmap.set('config.totemconfig_reload_in_progress', { type: 'u8', value: 1 });
      icmap.delete('quorum.two_node');
      icmap.set('nodelist.node.2.nodeid', { type: 'u32', value: 3 });
      icmap.set('config.totemconfig_reload_in_progress', { type: 'u8', value: 0 });
    }
    cluster.settle();
    expect(votes(cluster.node(2))).toEqual({ expected: 3, total: 2, quorum: 2, quorate: true });
    expect(decisions).not.toContain(false);
  });

  it('refuses a configuration without nodes or votes', () => {
    expect(
      () =>
        new FakeCluster({
          nodeIds: [1],
          keys: { 'quorum.two_node': on, 'quorum.device.model': { type: 'str', value: 'net' } },
        }),
    ).toThrow('configuration error: two_node and quorum device cannot be configured at the same time!');
  });

  it('auto tie breaker, last man standing and wait for all on four nodes', () => {
    const keys = { 'quorum.auto_tie_breaker': on, 'quorum.last_man_standing': on, 'quorum.wait_for_all': on };
    const cluster = new FakeCluster({ nodeIds: [1, 2, 3, 4], keys });
    cluster.rings([1, 2, 3], [4]);
    expect(votes(cluster.node(1))).toMatchObject({ expected: 4, total: 3, quorate: false });
    cluster.rings([1, 2, 3, 4]);
    cluster.rings([1, 2], [3], [4]);
    expect(votes(cluster.node(1))).toEqual({ expected: 4, total: 2, quorum: 3, quorate: true });
    expect(cluster.node(3).core.votequorum?.quorate).toBe(false);
    cluster.advance(10_000);
    expect(votes(cluster.node(1))).toEqual({ expected: 2, total: 2, quorum: 2, quorate: true });
    cluster.rings([1], [2], [3], [4]);
    expect(votes(cluster.node(1))).toMatchObject({ expected: 2, total: 1, quorate: true });
    expect(cluster.node(2).core.votequorum?.quorate).toBe(false);
    cluster.advance(10_000);
    expect(votes(cluster.node(1))).toMatchObject({ expected: 1, total: 1, quorum: 1, quorate: true });
    cluster.rings([1, 2, 3, 4]);
    expect(votes(cluster.node(1))).toEqual({ expected: 4, total: 4, quorum: 3, quorate: true });
  });

  it('a quorum device gives one side the vote', () => {
    const keys = {
      'quorum.device.model': { type: 'str', value: 'net' },
      'quorum.device.votes': { type: 'u32', value: 1 },
    } as const;
    const cluster = new FakeCluster({ nodeIds: [1, 2], keys });
    cluster.rings([1, 2]);
    expect(votes(cluster.node(1))).toEqual({ expected: 3, total: 2, quorum: 2, quorate: true });
    const results: number[] = [];
    for (const node of cluster.nodes)
      node.core.votequorum?.device.register('Qdevice', (result) => results.push(result));
    cluster.settle();
    expect(results).toEqual([1, 1]);
    const ring = cluster.node(1).ring;
    expect(cluster.node(1).core.votequorum?.device.poll('Qdevice', true, { ...ring, seq: 1 })).toBe(22);
    expect(cluster.node(1).core.votequorum?.device.poll('Qdevice', true, ring)).toBe(1);
    cluster.settle();
    expect(votes(cluster.node(1))).toEqual({ expected: 3, total: 3, quorum: 2, quorate: true });
    cluster.rings([1], [2]);
    expect(cluster.node(1).core.syncInProgress).toBe(true);
    cluster.node(1).core.votequorum?.device.poll('Qdevice', true, cluster.node(1).ring);
    cluster.settle();
    expect(votes(cluster.node(1))).toEqual({ expected: 3, total: 2, quorum: 2, quorate: true });
    expect(votes(cluster.node(2))).toMatchObject({ total: 1, quorate: false });
  });
});

describe('cfg', () => {
  const tracker = (flags: number[]) => ({ testShutdown: (f: number, result: number) => void flags.push(f, result) });

  it('asks trackers before a shutdown', () => {
    const cluster = new FakeCluster({ nodeIds: [1] });
    cluster.rings([1]);
    const { cfg } = cluster.node(1).core;
    const asked: number[] = [];
    const pacemaker = tracker(asked);
    cfg.track(pacemaker);
    const results: number[] = [];
    cfg.tryShutdown({}, 0, (result) => results.push(result));
    cfg.tryShutdown({}, 0, (result) => results.push(result));
    expect(cfg.replyToShutdown(pacemaker, false)).toBe(1);
    expect([results, asked]).toEqual([
      [14, 10],
      [0, 1],
    ]);
    cfg.tryShutdown({}, 0, (result) => results.push(result));
    cluster.advance(5000);
    expect(results.at(-1)).toBe(10);
    expect(asked.slice(-2)).toEqual([0, 5]);
    expect(cfg.replyToShutdown(pacemaker, true)).toBe(11);
    cfg.tryShutdown({}, 1, (result) => results.push(result));
    cfg.untrack(pacemaker);
    cluster.settle();
    expect(results.at(-1)).toBe(1);
    expect(cluster.node(1).process).toEqual(['shut down']);
  });

  it('counts every tracker once: vetoes, changed minds, those who come and go meanwhile, and no strangers', () => {
    const cluster = new FakeCluster({ nodeIds: [1] });
    cluster.rings([1]);
    const { cfg } = cluster.node(1).core;
    const trackers = [tracker([]), tracker([]), tracker([])] as const;
    const [first, second, late] = trackers;
    cfg.track(first);
    cfg.track(second);
    const results: number[] = [];
    cfg.tryShutdown({}, 0, (result) => results.push(result));
    expect(cfg.replyToShutdown(tracker([]), true), 'a stranger').toBe(11);
    cfg.replyToShutdown(first, true);
    cfg.replyToShutdown(first, true);
    expect(results).toEqual([]);
    const asked: number[] = [];
    const newcomer = tracker(asked);
    cfg.track(newcomer);
    expect(asked).toEqual([0, 1]);
    cfg.replyToShutdown(newcomer, false);
    cfg.untrack(newcomer);
    expect(results, 'who went away had no veto left').toEqual([]);
    cfg.replyToShutdown(second, false);
    expect(results).toEqual([10]);
    const caller = {};
    cfg.tryShutdown(caller, 0, (result) => results.push(result));
    cfg.callerGone(caller);
    expect(cfg.replyToShutdown(first, true), 'nobody waits any more').toBe(11);
    cfg.track(late);
    cfg.tryShutdown(late, 0, (result) => results.push(result));
    cfg.replyToShutdown(first, true);
    cfg.untrack(second);
    cluster.settle();
    expect(results).toEqual([10, 1]);
    expect(cluster.node(1).process).toEqual(['shut down']);
  });

  it('kills only joined nodes, reloads everywhere', () => {
    const cluster = new FakeCluster({ nodeIds: [1, 2] });
    cluster.rings([1, 2]);
    expect(cluster.node(1).core.cfg.killNode(9, 'x')).toBe(12);
    cluster.node(1).reloadResult = 7;
    const results: number[] = [];
    cluster.node(1).core.cfg.reload((result) => results.push(result));
    cluster.settle();
    expect(results).toEqual([7]);
    expect(cluster.node(1).core.cfg.killNode(2, 'because')).toBe(1);
    cluster.settle();
    expect(cluster.nodes.map((node) => node.process)).toEqual([[], ['Killed by node 1 : because']]);
  });
});
