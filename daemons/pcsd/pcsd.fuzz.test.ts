import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@sanode/runtime';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureCertificate } from './certificate.ts';
import { pcsdEndpoints } from './endpoints.ts';
import { createPcsdServer } from './server.ts';

const seed = 20_261_124;
const validToken = 'b3f0c1c2-0000-4000-8000-000000000001';
const root = mkdtempSync(join(tmpdir(), 'pcsd-fuzz-'));
const ran: string[][] = [];
const failures: unknown[] = [];
let server: Server;
let port: number;
let paths: string[];

beforeAll(async () => {
  const file = (name: string): string => join(root, 'files', name);
  const ok = async (...argv: (string | readonly string[])[]) => {
    ran.push(argv.flat());
    return { code: 0, stdout: '', stderr: '' };
  };
  const endpoints = pcsdEndpoints({
    files: {
      corosyncConf: file('corosync.conf'),
      corosyncAuthkey: file('authkey'),
      pacemakerAuthkey: file('pacemaker-authkey'),
      knownHosts: file('known-hosts'),
      pcsdStateDir: file('state'),
      cibDir: file('cib'),
    },
    systemctl: (argv) => ok('systemctl', argv),
    tool: (name, argv) => (name === 'crm_mon' ? Promise.resolve({ code: 1, stdout: '', stderr: '' }) : ok(name, argv)),
    logIn: async () => 'refused',
    issueToken: async () => validToken,
    hostName: () => 'lb1',
  });
  paths = [...endpoints.keys()];
  const log = { ...silentLogger, error: (fields: object) => failures.push(fields) };
  const userOf = async (token: string) => (token === validToken ? 'hacluster' : undefined);
  server = createPcsdServer(await ensureCertificate(join(root, 'state'), 'lb1'), { endpoints, log, userOf });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  writeFileSync(join(root, 'outside'), 'untouched');
}, 30_000);

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
  rmSync(root, { recursive: true, force: true });
});

interface Shot {
  readonly path: string;
  readonly method: string;
  readonly body: string | Uint8Array;
  readonly token: string | undefined;
}

function shoot({ path, method, body, token }: Shot): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = token === undefined ? {} : { Cookie: `token=${encodeURIComponent(token)}` };
    const sent = request({ port, host: '127.0.0.1', path, method, headers, rejectUnauthorized: false }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Words that a request's data is made of: what the API knows, and what could lead out of its folder. */
const word = fc.constantFrom(
  'corosync_conf',
  'corosync_authkey',
  'pcmk_remote_authkey',
  'pcs_settings_conf',
  'pcsd_settings',
  '../outside',
  '/etc/passwd',
  '__proto__',
  'constructor',
  '',
  'x;reboot',
  '$(id)',
  '--help',
  'a\u0000b',
);
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    word,
    fc.integer(),
    fc.constantFrom(null, true, false),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(
        word,
        fc.constantFrom('type', 'data', 'known_hosts_add', 'known_hosts_remove', 'node_list', 'dest_list'),
      ),
      tie('value'),
      { maxKeys: 4 },
    ),
  ),
})).value;
const file = fc.record({ type: word, data: word, rewrite_existing: fc.boolean() });
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .oneof(json, fc.dictionary(word, file, { maxKeys: 3 }))
    .map((data) => `data_json=${encodeURIComponent(JSON.stringify(data))}`),
  fc
    .tuple(word, word)
    .map(([name, value]) => `corosync_conf=${encodeURIComponent(name)}&component=${encodeURIComponent(value)}`),
);

describe(`pcsd under random requests (seed ${seed})`, () => {
  it('does nothing for who has no good token, on any path', async () => {
    ran.length = 0;
    const guarded = paths.filter((path) => path !== '/remote/auth');
    expect(guarded.length).toBeGreaterThan(10);
    for (const path of guarded) {
      for (const token of [undefined, '', 'x', validToken.slice(1), `${validToken}0`]) {
        expect(await shoot({ path, method: 'POST', body: 'data_json={}', token }), `${path} ${token}`).toBe(401);
      }
    }
    expect(ran).toEqual([]);
    expect(readdirSync(root).sort()).toEqual(['outside', 'state']);
  });

  it('takes little from who is not known yet', async () => {
    const status = await shoot({ path: '/remote/auth', method: 'POST', body: 'x'.repeat(100_000), token: undefined });
    expect(status).toBe(413);
  });

  it('answers, never fails inside, and stays in its folder', async () => {
    failures.length = 0;
    const put = fc.record({
      path: fc.constantFrom('/remote/put_file', '/remote/remove_file'),
      method: fc.constant('POST'),
      body: fc
        .dictionary(word, file, { maxKeys: 3 })
        .map((data) => `data_json=${encodeURIComponent(JSON.stringify(data))}`),
      token: fc.constant(validToken),
    });
    const any = fc.record({
      path: fc.oneof(
        fc.constantFrom(...paths),
        fc.constantFrom(
          '/remote/../etc/passwd',
          '/remote/put_file/../auth',
          '//',
          '/?a=b?c',
          '/%2e%2e/',
          '/remote/auth?%ff',
        ),
      ),
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
      body,
      token: fc.constantFrom(validToken, undefined),
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(put, any), async (shot) => {
        expect([200, 301, 400, 401, 404, 413]).toContain(await shoot(shot));
        expect(failures).toEqual([]);
      }),
      { seed, numRuns: 400, interruptAfterTimeLimit: 6000 },
    );
    expect(readFileSync(join(root, 'outside'), 'utf8')).toBe('untouched');
    expect(readdirSync(root).sort()).toEqual(['files', 'outside', 'state']);
  }, 20_000);

  it('gives no program an option for a name', async () => {
    ran.length = 0;
    const data = encodeURIComponent(JSON.stringify({ node_list: ['--help'] }));
    await shoot({
      path: '/remote/remove_nodes_from_cib',
      method: 'POST',
      body: `data_json=${data}`,
      token: validToken,
    });
    expect(ran).toEqual([]);
  });
});
