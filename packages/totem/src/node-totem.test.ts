import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Reactor, silentLogger } from '@sanode/runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type ConfigurationChange,
  deriveTotemTimings,
  formatRingId,
  multicastGroupOf,
  type NodeTotem,
  openUdpuTotem,
  type TotemMessage,
} from './index.ts';
import { RingStore } from './ring-store.ts';

const members = [
  { nodeId: 1, address: '127.0.0.1' },
  { nodeId: 2, address: '127.0.0.2' },
];

class Node {
  readonly messages: string[] = [];
  readonly changes: ConfigurationChange[] = [];
  readonly fatal: string[] = [];
  readonly totem: NodeTotem;
  #announced = new Set<number>();
  #ring = '';
  #members: readonly number[] = [];
  synced = false;

  constructor(nodeId: number, stateDirectory: string, port: number, list = members) {
    this.totem = openUdpuTotem(
      { reactor: new Reactor(`n${nodeId}`), log: silentLogger },
      {
        nodeId,
        members: list,
        timings: deriveTotemTimings({ token: 1000 }, 2),
        netMtuBytes: 1500,
        port,
        stateDirectory,
      },
      {
        starting: () => {},
        fatal: (reason) => this.fatal.push(reason),
        tokenSent: () => {},
        queueLevelChanged: () => {},
        deliver: (message) => this.#deliver(message),
        configurationChanged: (change) => this.#changed(change),
      },
    );
  }

  get ring(): string {
    const { group } = this.totem;
    return `${formatRingId(group.ringId)} ${group.state} [${group.members}]`;
  }

  #changed(change: ConfigurationChange): void {
    this.changes.push(change);
    this.synced = false;
    if (change.type === 'transitional') return;
    this.#ring = formatRingId(change.ringId);
    this.#members = change.members;
    this.#announced = new Set();
    this.totem.group.mcast('sync', Buffer.from(this.#ring));
  }

  #deliver({ group, nodeId, payload }: TotemMessage): void {
    if (group === 'a') {
      this.messages.push(`${nodeId}:${payload.length}:${payload.toString('utf8', 0, 4)}`);
      return;
    }
    if (payload.toString() !== this.#ring) return;
    this.#announced.add(nodeId);
    if (!this.#members.every((id) => this.#announced.has(id))) return;
    this.synced = true;
    this.totem.group.syncCompleted();
  }
}

/** A port that is free at both addresses. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}

describe('rings over real sockets', () => {
  let directory = '';
  let port = 0;
  let nodes: Node[] = [];
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'totem-'));
    port = await freePort();
    nodes = [];
  });
  afterEach(() => {
    for (const node of nodes) node.totem.close();
    rmSync(directory, { recursive: true });
  });
  const start = (nodeId: number, list = members): Node => {
    const node = new Node(nodeId, directory, port, list);
    nodes.push(node);
    return node;
  };

  it('form, carry messages of all sizes in one order, and shrink when a node leaves', async () => {
    const [one, two] = [start(1), start(2)];
    await vi.waitFor(() => expect([one.synced, two.synced, one.ring]).toEqual([true, true, two.ring]), 5000);
    expect(one.ring).toContain('operational [1,2]');
    for (const [index, bytes] of [5, 1400, 100_000, 60].entries()) {
      const payload = Buffer.alloc(bytes);
      payload.write(`m${index}`);
      expect((index % 2 === 0 ? one : two).totem.group.mcast('a', [payload.subarray(0, 3), payload.subarray(3)])).toBe(
        'accepted',
      );
    }
    await vi.waitFor(() => expect(two.messages).toHaveLength(4), 5000);
    expect(one.messages).toEqual(two.messages);
    expect([...one.messages].sort()).toEqual(['1:100000:m2\0\0', '1:5:m0\0\0', '2:1400:m1\0\0', '2:60:m3\0\0']);
    two.totem.close();
    nodes = [one];
    await vi.waitFor(() => expect(one.ring).toContain('operational [1]'), 900);
    expect(readFileSync(join(directory, 'ringid_1')).readBigUInt64LE()).toBe(BigInt(one.totem.group.ringId.seq));
  });

  it('drop what comes from an address that is not in the nodelist', async () => {
    const one = start(1);
    await vi.waitFor(() => expect(one.synced).toBe(true), 5000);
    const stranger = createSocket('udp4');
    await new Promise<void>((resolve) => stranger.bind(0, '127.0.0.9', resolve));
    const before = one.totem.group.stats().srp['memb_join_rx'];
    const join = Buffer.from('70c003030002000000000000000200000001000000000000000100000000000000' + '02000000', 'hex');
    await new Promise((resolve) => stranger.send(join, port, '127.0.0.1', resolve));
    const listed = createSocket('udp4');
    await new Promise<void>((resolve) => listed.bind(0, '127.0.0.2', resolve));
    await new Promise((resolve) => listed.send(join, port, '127.0.0.1', resolve));
    await vi.waitFor(() => expect(one.ring).toContain('gather'), 2000);
    // The stranger's copy came first; of the joins only the listed one and this node's own were counted.
    const joins = one.totem.group.stats().srp['memb_join_rx'] as number;
    expect(joins - (before as number)).toBeLessThanOrEqual(2);
    stranger.close();
    listed.close();
  });

  it('hear any address once block_unlisted_ips is taken back at run time', async () => {
    const one = start(1);
    await vi.waitFor(() => expect(one.synced).toBe(true), 5000);
    one.totem.setTimings({ ...deriveTotemTimings({ token: 1000 }, 2), blockUnlistedIps: false });
    const stranger = createSocket('udp4');
    await new Promise<void>((resolve) => stranger.bind(0, '127.0.0.9', resolve));
    const join = Buffer.from('70c003030002000000000000000200000001000000000000000100000000000000' + '02000000', 'hex');
    await new Promise((resolve) => stranger.send(join, port, '127.0.0.1', resolve));
    await vi.waitFor(() => expect(one.ring).toContain('gather'), 2000);
    stranger.close();
  });

  it('end with a clear word when no interface has the address', async () => {
    const one = start(1, [{ nodeId: 1, address: '203.0.113.7' }]);
    await vi.waitFor(() => expect(one.fatal).toHaveLength(1), 5000);
    expect(one.fatal[0]).toContain('203.0.113.7');
  });
});

it('derives a multicast group from the name of the cluster', () => {
  expect(multicastGroupOf('ha_cluster')).toBe('239.192.148.73');
  expect(multicastGroupOf('ha_cluster', 0, 6)).toBe('ff15::94b4');
});

describe('the stored ring sequence number', () => {
  it('is a native u64 in a file of its own, 0 when there is none', () => {
    const directory = mkdtempSync(join(tmpdir(), 'totem-'));
    const store = new RingStore(join(directory, 'state'), 258);
    expect(store.load()).toBe(0);
    store.store(0x1_0000_0009);
    expect(store.load()).toBe(0x1_0000_0009);
    expect(readFileSync(store.path).toString('hex')).toBe('0900000001000000');
    expect(statSync(store.path).mode & 0o777).toBe(0o600);
    writeFileSync(store.path, Buffer.alloc(8, 0xff));
    expect(() => store.load()).toThrow('impossible ring sequence number');
    store.close();
    rmSync(directory, { recursive: true });
  });
});
