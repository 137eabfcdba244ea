import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectIpc } from './client.ts';
import { listenIpc } from './server.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sanode-ipc-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a ping is answered beside requests that are not, and tells whose daemon it is', async () => {
  const path = join(folder, 'x.sock');
  let requests = 0;
  const server = await listenIpc({ path, mode: 0o600 }, { request: () => (requests += 1) });
  const client = await connectIpc({ path });
  const unanswered = client.request(Buffer.from('x')).catch((error: unknown) => error);
  await client.ping(1000);
  expect(requests).toBe(1);
  expect(client.serverPid()).toBe(process.pid);
  client.close();
  await unanswered;
  await server.close();
});
