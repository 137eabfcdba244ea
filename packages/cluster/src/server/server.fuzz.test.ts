import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectIpc, type IpcClient } from '@sanode/ipc';
import { Reactor } from '@sanode/runtime';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectCmap, connectCpg } from '../client/index.ts';
import { FakeCluster, quietDaemon } from '../testing/fake-cluster.ts';
import { ByteWriter } from '../wire/bytes.ts';
import { operation, protocolVersion } from '../wire/protocol.ts';
import { type ClusterServer, serveCluster } from './server.ts';

const seed = 20_261_124;
let folder: string;
let path: string;
let server: ClusterServer;
let pump: NodeJS.Timeout;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cluster-fuzz-'));
  path = join(folder, 'corosync.sock');
  const cluster = new FakeCluster({ nodeIds: [1, 2] });
  cluster.rings([1, 2]);
  const reactor = new Reactor('test');
  const daemon = quietDaemon;
  server = await serveCluster({ core: cluster.node(1).core, daemon, reactor }, { path });
  server.open();
  pump = setInterval(() => reactor.enter(() => cluster.settle()), 1);
});

afterAll(async () => {
  clearInterval(pump);
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const number = fc.constantFrom(0, 1, 2, 3, 7, 127, 128, 255, 65_536, 0x7fffffff, 0xffffffff);
/** A field as a client could write it, and bytes that are none. */
const field = fc.oneof(
  number.map((value) => new ByteWriter().u32(value).finish()),
  fc.nat(255).map((value) => new ByteWriter().u8(value).finish()),
  fc
    .constantFrom('', 'g\0', 'totem.token', 'nodelist.', 'x'.repeat(300), '\0', 'quorum.')
    .map((text) => new ByteWriter().text(text).finish()),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
);
const request = fc
  .tuple(fc.oneof(fc.constantFrom(...Object.values(operation)), fc.nat(255)), fc.array(field, { maxLength: 6 }))
  .map(([op, fields]) => Buffer.concat([Buffer.from([op]), ...fields]));

async function hostile(): Promise<IpcClient> {
  const client = await connectIpc({ path });
  await client.request(new ByteWriter().u8(operation.hello).u32(protocolVersion).u32(1).finish(), 2000);
  return client;
}

it(`serves others whatever a client asks (seed ${seed})`, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 12 }), async (requests) => {
      const client = await hostile();
      // A lawful answer may have to wait for the ring or never come (a leave without a join): only a fault would throw here.
      for (const body of requests) void client.request(body).catch(() => {});
      await client.ping(2000);
      client.close();
    }),
    { seed, numRuns: 300, interruptAfterTimeLimit: 6000 },
  );
  const cmap = await connectCmap({ socketPath: path });
  cmap.close();
  const member = await connectCpg(
    'after\0',
    { deliver() {}, configurationChange() {}, closed() {} },
    { socketPath: path },
  );
  expect(member).toBeDefined();
  member.close();
}, 20_000);
