import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectIpc, unknownId } from '@sanode/ipc';
import { encodeFrame, frameKind } from '@sanode/ipc/frame';
import { Reactor } from '@sanode/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CmapChange,
  CorosyncError,
  type CpgConfigurationChange,
  type CpgConnection,
  connectCfg,
  connectCmap,
  connectCpg,
  connectVotequorum,
  getQuorum,
  listCpgGroups,
  type QuorumView,
  trackQuorum,
} from '../client/index.ts';
import { FakeCluster, quietDaemon } from '../testing/fake-cluster.ts';
import { ByteWriter } from '../wire/bytes.ts';
import { operation, protocolVersion } from '../wire/protocol.ts';
import { csResult } from '../wire/results.ts';
import { type ClusterServer, handleRequest, serveCluster } from './server.ts';
import { Session } from './session.ts';
import { StatisticsMap } from './statistics-map.ts';

let folder: string;
let socketPath: string;
let cluster: FakeCluster;
let server: ClusterServer;
let pump: NodeJS.Timeout;
const closers: (() => void)[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cluster-'));
  socketPath = join(folder, 'corosync.sock');
  cluster = new FakeCluster({ nodeIds: [1, 2] });
  cluster.rings([1, 2]);
  const reactor = new Reactor('test');
  const daemon = {
    ...quietDaemon,
    ringStatus: () => [{ name: '0 10.0.0.1', status: 'OK' }],
    nodeAddresses: (id: number) => (id === 1 ? ['10.0.0.1'] : []),
    statistics: () => new Map([['stats.srp.mcast_tx', { type: 'u64', value: 5n } as const]]),
  };
  server = await serveCluster({ core: cluster.node(1).core, daemon, reactor }, { path: socketPath });
  server.open();
  // The ring turns all the time, as a real one does.
  pump = setInterval(() => reactor.enter(() => cluster.settle()), 1);
});

afterEach(async () => {
  clearInterval(pump);
  for (const close of closers.splice(0)) close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Member {
  readonly connection: CpgConnection;
  readonly received: Buffer[];
  readonly changes: CpgConfigurationChange[];
  until(condition: () => boolean): Promise<void>;
}

async function member(group: string): Promise<Member> {
  const received: Buffer[] = [];
  const changes: CpgConfigurationChange[] = [];
  let waiting: { condition: () => boolean; resolve: () => void }[] = [];
  const check = (): void => {
    for (const wait of waiting.filter((entry) => entry.condition())) wait.resolve();
    waiting = waiting.filter((entry) => !entry.condition());
  };
  const handlers = {
    deliver(_nodeId: number, _pid: number, body: Buffer) {
      received.push(Buffer.from(body));
      check();
    },
    configurationChange(change: CpgConfigurationChange) {
      changes.push(change);
      check();
    },
    closed() {},
  };
  const connection = await connectCpg(group, handlers, { socketPath });
  closers.push(() => connection.close());
  return {
    connection,
    received,
    changes,
    until: (condition) =>
      condition() ? Promise.resolve() : new Promise((resolve) => waiting.push({ condition, resolve })),
  };
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error) => (error instanceof CorosyncError ? error.code : error),
  );

describe('cpg over the socket', () => {
  it('joins, sends in order, leaves', async () => {
    const demo = await member('demo\0');
    await demo.until(() => demo.changes.length === 1);
    expect(demo.changes[0]?.joined).toEqual([{ nodeId: 1, pid: process.pid, reason: 1 }]);
    const bodies = Array.from({ length: 500 }, (_, i) => Buffer.from(`message ${i}`));
    await Promise.all(bodies.map((body) => demo.connection.mcast(body)));
    await demo.until(() => demo.received.length === 500);
    expect(demo.received).toEqual(bodies);
    await demo.connection.leave();
    expect(demo.changes.at(-1)).toEqual({
      members: [],
      left: [{ nodeId: 1, pid: process.pid, reason: 2 }],
      joined: [],
    });
  });

  it('sends long messages in fragments and keeps the order around them', async () => {
    const demo = await member('demo');
    const long = Buffer.alloc(3_000_000, 'x');
    const sent = [Buffer.from('before'), long, Buffer.from('after')];
    await Promise.all(sent.map((body) => demo.connection.mcast(body)));
    await demo.until(() => demo.received.length === 3);
    expect(demo.received.map((body) => body.length)).toEqual([6, 3_000_000, 5]);
    expect(demo.received[1]?.equals(long)).toBe(true);
    expect(await codeOf(demo.connection.mcast(Buffer.alloc(65 * 1024 * 1024)))).toBe('TOO_BIG');
  });

  it('says TRY_AGAIN when too much waits', async () => {
    const demo = await member('demo');
    const results = await Promise.all(
      Array.from({ length: 9000 }, () => codeOf(demo.connection.mcast(Buffer.alloc(8)))),
    );
    expect(results.filter((code) => code === 'TRY_AGAIN')).toHaveLength(9000 - 8192);
  });

  it('refuses a second join of the process, a long name and no name', async () => {
    const demo = await member('demo');
    await demo.until(() => demo.changes.length === 1);
    expect(await codeOf(member('demo'))).toBe('EXIST');
    expect(await codeOf(member('x'.repeat(129)))).toBe('NAME_TOO_LONG');
    expect(await codeOf(member(''))).toBe('INVALID_PARAM');
    const other = await member('other');
    await other.until(() => other.changes.length === 1);
    const listed = await listCpgGroups(false, { socketPath });
    expect(listed.map((entry) => entry.group.toString())).toEqual(['other', 'demo']);
  });
});

describe('a client that never reads', () => {
  it('is cut off while 100,000 messages pass, and holds nobody up', async () => {
    const request = (fields: ByteWriter): string => encodeFrame(frameKind.request, 1, fields.finish()).toString('hex');
    const hello = request(new ByteWriter().u8(operation.hello).u32(protocolVersion).u32(1));
    const join = request(new ByteWriter().u8(operation.cpgJoin).u8(0).bytes(Buffer.from('demo')));
    const program = `const socket = require('node:net').connect(process.argv[1]);
      socket.pause();
      socket.write(Buffer.from(process.argv[2], 'hex'));
      socket.on('error', () => {});
      setInterval(() => {}, 1000);`;
    const lazy = spawn(process.execPath, ['-e', program, socketPath, hello + join], { stdio: 'ignore' });
    closers.push(() => lazy.kill());
    const reader = await member('demo');
    const pids = (): number[] => reader.changes.at(-1)?.members.map(({ pid }) => pid) ?? [];
    await reader.until(() => pids().includes(lazy.pid as number));
    const body = Buffer.alloc(1000, 7);
    const batch = 1000;
    for (let sent = 0; sent < 100_000; sent += batch) {
      await Promise.all(Array.from({ length: batch }, () => reader.connection.mcast(body)));
      await reader.until(() => reader.received.length === sent + batch);
      cluster.wire.length = 0;
    }
    await reader.until(() => !pids().includes(lazy.pid as number));
    expect(reader.changes.at(-1)?.left).toEqual([{ nodeId: 1, pid: lazy.pid, reason: 5 }]);
  }, 120_000);
});

describe('quorum, votequorum, cmap and cfg over the socket', () => {
  it('tracks quorum', async () => {
    const first = Promise.withResolvers<QuorumView>();
    const tracking = await trackQuorum(first.resolve, () => {}, { socketPath });
    closers.push(() => tracking.close());
    expect(await first.promise).toEqual({ quorate: true, ringNodeId: 1, ringSequence: 5n, members: [1, 2] });
    expect(await getQuorum({ socketPath })).toEqual({ quorate: true, hasProvider: true });
    const vote = await connectVotequorum(undefined, { socketPath });
    closers.push(() => vote.close());
    expect(await vote.info(0)).toMatchObject({ nodeId: 1, totalVotes: 2, quorum: 2, flags: 2 });
    expect(await codeOf(vote.info(9))).toBe('NOT_EXIST');
  });

  it('reads, writes, tracks and protects keys', async () => {
    const cmap = await connectCmap({ socketPath });
    closers.push(() => cmap.close());
    const changes: CmapChange[] = [];
    const changed = Promise.withResolvers<void>();
    const stop = await cmap.track('test.', true, (change) => {
      changes.push(change);
      if (change.kind === 'delete') changed.resolve();
    });
    await cmap.set('test.a', { type: 'u8', value: 255 });
    await cmap.adjust('test.a', 2);
    await cmap.set('test.a', { type: 'str', value: 'x' });
    await cmap.set('test.a', { type: 'str', value: 'x' });
    await cmap.delete('test.a');
    await changed.promise;
    expect(changes.map((change) => [change.kind, change.oldValue?.value, change.newValue?.value])).toEqual([
      ['add', undefined, 255],
      ['modify', 255, 1],
      ['modify', 1, 'x'],
      ['delete', 'x', undefined],
    ]);
    await stop();
    expect(await cmap.get('test.a')).toBeUndefined();
    expect([...(await cmap.list('runtime.members.2.s'))]).toEqual([
      ['runtime.members.2.status', { type: 'str', value: 'joined' }],
    ]);
    expect(await codeOf(cmap.set('totem.version', { type: 'u32', value: 1 }))).toBe('ACCESS');
    expect(await codeOf(cmap.set('a b', { type: 'u32', value: 1 }))).toBe('NAME_TOO_LONG');
    expect(await codeOf(cmap.set('test.b', { type: 'u8', value: 256 }))).toBe('INVALID_PARAM');
    expect(await codeOf(cmap.delete('test.none'))).toBe('NOT_EXIST');
    const stats = await connectCmap({ socketPath, map: 'stats' });
    closers.push(() => stats.close());
    expect(await stats.get('stats.srp.mcast_tx')).toEqual({ type: 'u64', value: 5n });
  });

  it('counts its clients, clears what it is told to, and lets statistics be followed', async () => {
    const stats = await connectCmap({ socketPath, map: 'stats' });
    closers.push(() => stats.close());
    const other = await connectCmap({ socketPath });
    other.close();
    const closed = async (): Promise<unknown> => (await stats.get('stats.ipcs.global.closed'))?.value;
    while ((await closed()) !== 1n) await new Promise((resolve) => setImmediate(resolve));
    const own = new RegExp(`^stats\\.ipcs\\.service0\\.${process.pid}\\.0x[0-9a-f]+\\.requests$`);
    const mine = [...(await stats.list('stats.ipcs.service'))].filter(([key]) => own.test(key));
    expect(mine).toHaveLength(1);
    expect(await codeOf(stats.set('stats.srp.mcast_tx', { type: 'u64', value: 0n }))).toBe('ACCESS');
    expect(await codeOf(stats.delete('stats.srp.mcast_tx'))).toBe('ACCESS');
    expect(await codeOf(stats.set('stats.clear.none', { type: 'u8', value: 1 }))).toBe('NOT_SUPPORTED');
    const changesOfAll = new ByteWriter().u8(operation.cmapTrackAdd).u8(1).text('stats.').u8(15).u32(9);
    const raw = await connectIpc({ path: socketPath });
    closers.push(() => raw.close());
    await raw.request(new ByteWriter().u8(operation.hello).u32(protocolVersion).u32(1).finish());
    expect((await raw.request(changesOfAll.finish()))[0]).toBe(csResult.NOT_SUPPORTED);
    const came = Promise.withResolvers<CmapChange>();
    await stats.track('stats.ipcs.service', true, (change) => {
      if (change.kind === 'add') came.resolve(change);
    });
    const newcomer = await connectCmap({ socketPath });
    closers.push(() => newcomer.close());
    expect((await came.promise).key).toMatch(/^stats\.ipcs\.service/);
    const changed = Promise.withResolvers<CmapChange>();
    await stats.track('stats.ipcs.global.closed', false, changed.resolve);
    await stats.set('stats.clear.ipc', { type: 'u8', value: 1 });
    expect(await closed()).toBe(0n);
    expect(await changed.promise).toMatchObject({ kind: 'modify', oldValue: { value: 1n }, newValue: { value: 0n } });
  });

  it('asks a tracker before a shutdown', async () => {
    const guard = await connectCfg({ socketPath, testShutdown: () => void guard.replyToShutdown(false) });
    const caller = await connectCfg({ socketPath });
    closers.push(
      () => guard.close(),
      () => caller.close(),
    );
    expect(await codeOf(caller.tryShutdown('request'))).toBe('BUSY');
    expect(await codeOf(caller.tryShutdown('regardless'))).toBe('no error');
    expect(await caller.nodeAddresses(0)).toEqual(['10.0.0.1']);
    expect(await codeOf(caller.nodeStatus(7))).toBe('FAILED_OPERATION');
  });
});

describe('admission', () => {
  it('puts clients off until the first ring, and says when nobody listens', async () => {
    const late = join(folder, 'late.sock');
    const daemon = quietDaemon;
    const closed = await serveCluster(
      { core: cluster.node(1).core, daemon, reactor: new Reactor('x') },
      { path: late },
    );
    expect(await codeOf(connectCmap({ socketPath: late, retryForMs: 0 }))).toBe('TRY_AGAIN');
    const waiting = connectCmap({ socketPath: late });
    closed.open();
    (await waiting).close();
    await closed.close();
    expect(await codeOf(connectCmap({ socketPath: late }))).toBe('LIBRARY');
  });

  it.each([
    [{ uid: 0, gid: 1000 }, 1],
    [{ uid: 1000, gid: 0 }, 1],
    [{ uid: 1000, gid: 189 }, 1],
    [{ uid: 1001, gid: 1000 }, 1],
    [{ uid: 1002, gid: 1002 }, 1],
    [{ uid: 1000, gid: 1000 }, 11],
    [{ uid: unknownId, gid: unknownId }, 1],
  ])('lets in root, the socket’s group and whom uidgid names: %j', (ids, expected) => {
    const { core, icmap } = cluster.node(1);
    icmap.set('uidgid.config.uid.1001', { type: 'u8', value: 1 });
    icmap.set('uidgid.gid.1002', { type: 'u8', value: 1 });
    const client = { id: '1-1', credentials: { pid: 1, ...ids }, queuedBytes: 0, sendEvent() {}, close() {} };
    const daemon = quietDaemon;
    const session = new Session(client, core, daemon, new StatisticsMap(daemon, new Map()));
    const results: number[] = [];
    const ask = (body: ByteWriter): void => {
      handleRequest(session, body.finish(), (result) => results.push(result), { isOpen: true, gid: 189 });
    };
    ask(new ByteWriter().u8(operation.hello).u32(protocolVersion).u32(1));
    ask(new ByteWriter().u8(operation.quorumGet));
    expect(results).toEqual([expected, expected === 1 ? 1 : csResult.BAD_HANDLE]);
  });

  it('answers rubbish and goes on', async () => {
    const raw = await connectIpc({ path: socketPath });
    closers.push(() => raw.close());
    expect([...(await raw.request(Buffer.alloc(0)))]).toEqual([7]);
    expect([...(await raw.request(Buffer.of(operation.cmapGet, 0)))]).toEqual([9]);
    const hello = Buffer.alloc(9);
    hello[0] = operation.hello;
    hello.writeUInt32LE(1, 1);
    expect((await raw.request(hello))[0]).toBe(1);
    for (let op = 0; op < 256; op += 1) {
      if (op === operation.cfgTryShutdown || op === operation.cfgReload) continue;
      expect((await raw.request(Buffer.of(op, 255, 255, 255, 255, 255)))[0]).not.toBe(0);
    }
  });
});
