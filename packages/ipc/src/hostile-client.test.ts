import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectIpc } from './client.ts';
import { encodeFrame, frameKind } from './frame.ts';
import { type IpcServer, listenIpc } from './server.ts';

let folder: string;
let path: string;
let server: IpcServer | undefined;
const handled: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hostile-'));
  path = join(folder, 'x.sock');
  handled.length = 0;
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function listen(
  limits: { maxClients?: number; maxQueuedBytes?: number; maxTotalBytes?: number; maxMessageBytes?: number } = {},
): Promise<IpcServer> {
  server = await listenIpc(
    { path, mode: 0o660, maxMessageBytes: 1024, ...limits },
    {
      request(_client, body, respond) {
        handled.push(body.toString());
        respond(body);
      },
    },
  );
  return server;
}

async function client(): Promise<Socket> {
  const socket = connect(path);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** A client that behaves is served, whatever the others did. */
async function expectService(): Promise<void> {
  const good = await connectIpc({ path });
  expect((await good.request(Buffer.from('still here'), 5000)).toString()).toBe('still here');
  good.close();
}

describe('a hostile client', () => {
  it.each([
    ['a frame longer than allowed', Buffer.from([0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0, 0])],
    ['a frame shorter than its header', Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0])],
    ['an unknown kind', Buffer.from([5, 0, 0, 0, 9, 0, 0, 0, 0])],
    ['text', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('is cut off for %s', async (_what, bytes) => {
    await listen();
    const socket = await client();
    socket.resume();
    const closed = once(socket, 'close');
    socket.write(bytes);
    await closed;
    await expectService();
  });

  it('is not served any more after the frame it was cut off for', async () => {
    await listen();
    const socket = await client();
    socket.resume();
    const closed = once(socket, 'close');
    socket.write(
      Buffer.concat([
        encodeFrame(frameKind.event, 0, Buffer.from('not for clients')),
        encodeFrame(frameKind.request, 1, Buffer.from('too late')),
      ]),
    );
    await closed;
    expect(handled).toEqual([]);
  });

  it('cannot keep the daemon from closing by not reading', async () => {
    const listening = await listen({ maxQueuedBytes: 2 ** 24 });
    const socket = await client();
    socket.pause();
    while (listening.clients.size === 0) await new Promise((resolve) => setImmediate(resolve));
    for (const peer of listening.clients) peer.sendEvent(Buffer.alloc(2 ** 23));
    let ended = false;
    const closing = listening.close().then(() => {
      ended = true;
    });
    await Promise.race([closing, new Promise((resolve) => setTimeout(resolve, 3000))]);
    socket.destroy();
    expect(ended).toBe(true);
    server = undefined;
  });

  it('is cut off when what it does not read gets too much', async () => {
    const listening = await listen({ maxQueuedBytes: 2 ** 20 });
    const socket = await client();
    socket.pause();
    while (listening.clients.size === 0) await new Promise((resolve) => setImmediate(resolve));
    const [peer] = listening.clients;
    for (let count = 0; count < 64; count += 1) peer?.sendEvent(Buffer.alloc(2 ** 16));
    while (listening.clients.size > 0) await new Promise((resolve) => setImmediate(resolve));
    await expectService();
  });

  it('is cut off, the greediest first, when all together hold too much', async () => {
    const listening = await listen({ maxTotalBytes: 2 ** 22 });
    const sockets = await Promise.all([client(), client(), client()]);
    for (const socket of sockets) socket.pause();
    while (listening.clients.size < 3) await new Promise((resolve) => setImmediate(resolve));
    const [greedy, ...others] = listening.clients;
    const mebibyte = Buffer.alloc(2 ** 20);
    for (let count = 0; count < 2; count += 1) greedy?.sendEvent(mebibyte);
    for (const peer of others) peer.sendEvent(mebibyte);
    expect(listening.clients.size).toBe(3);
    for (let count = 0; count < 2; count += 1) greedy?.sendEvent(mebibyte);
    while (listening.clients.size > 2) await new Promise((resolve) => setImmediate(resolve));
    expect([...listening.clients]).toEqual(others);
    await expectService();
  });

  it('is cut off when all together leave long messages unfinished', async () => {
    const listening = await listen({ maxTotalBytes: 2 ** 22, maxMessageBytes: 2 ** 24 });
    const header = Buffer.from([5, 0, 0, 1, frameKind.request, 1, 0, 0, 0]);
    const sockets = await Promise.all(Array.from({ length: 8 }, client));
    for (const socket of sockets) socket.resume().write(Buffer.concat([header, Buffer.alloc(2 ** 20)]));
    while (listening.clients.size > 4) await new Promise((resolve) => setTimeout(resolve, 5));
    await expectService();
    for (const socket of sockets) socket.destroy();
  });

  it('gets no more than its share of 1,000 connections, and all come free again', async () => {
    const listening = await listen({ maxClients: 50 });
    const sockets = await Promise.all(Array.from({ length: 1000 }, () => client().catch(() => undefined)));
    expect(listening.clients.size).toBeLessThanOrEqual(50);
    for (const socket of sockets) socket?.destroy();
    while (listening.clients.size > 0) await new Promise((resolve) => setImmediate(resolve));
    await expectService();
  });

  it('finds a socket file of the mode that was asked for', async () => {
    await listen();
    expect(statSync(path).mode & 0o777).toBe(0o660);
  });
});
