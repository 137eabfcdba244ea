import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ToolIo } from '@sanode/cli/io';
import type { PcsDeps, PcsFiles, RunResult } from '@sanode/cli/tools/pcs/context';
import { httpsRequester } from '@sanode/cli/tools/pcs/http';
import { runPcs } from '@sanode/cli/tools/pcs/index';
import { silentLogger } from '@sanode/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isClusterUser } from './accounts.ts';
import { ensureCertificate } from './certificate.ts';
import { pcsdEndpoints } from './endpoints.ts';
import { createPcsdServer } from './server.ts';
import { TokenStore } from './tokens.ts';

const password = 'correct horse';
const root = mkdtempSync(join(tmpdir(), 'pcsd-test-'));

/** A host with a real pcsd on loopback, files of its own, and services that are only remembered. */
interface Host {
  readonly name: string;
  readonly files: PcsFiles;
  readonly running: Set<string>;
  readonly enabled: Set<string>;
  readonly server: Server;
  port: number;
}

const hosts = new Map<string, Host>();

function filesOf(name: string): PcsFiles {
  const base = join(root, name);
  mkdirSync(join(base, 'cib'), { recursive: true });
  return {
    corosyncConf: join(base, 'etc/corosync.conf'),
    corosyncAuthkey: join(base, 'etc/authkey'),
    pacemakerAuthkey: join(base, 'etc/pacemaker-authkey'),
    knownHosts: join(base, 'pcsd/known-hosts'),
    pcsdStateDir: join(base, 'pcsd'),
    cibDir: join(base, 'cib'),
  };
}

function systemctlOf(host: Pick<Host, 'running' | 'enabled'>) {
  return async (argv: readonly string[]): Promise<RunResult> => {
    const [action, unit = ''] = argv;
    const name = argv.at(-1)?.replace('.service', '') ?? unit;
    const result = (code: number, stdout = ''): RunResult => ({ code, stdout, stderr: '' });
    if (action === 'start') host.running.add(name);
    else if (action === 'stop') host.running.delete(name);
    else if (action === 'enable') host.enabled.add(name);
    else if (action === 'disable') host.enabled.delete(name);
    else if (action === 'is-active') return result(host.running.has(name) ? 0 : 3);
    else if (action === 'is-enabled') return result(host.enabled.has(name) ? 0 : 1);
    else
      return result(
        0,
        ['corosync', 'pacemaker', 'pcsd'].includes(name) ? 'LoadState=loaded\n' : 'LoadState=not-found\n',
      );
    return result(0);
  };
}

async function makeHost(name: string, certificate: Awaited<ReturnType<typeof ensureCertificate>>): Promise<Host> {
  const files = filesOf(name);
  const tokens = new TokenStore(join(files.pcsdStateDir, 'pcs_users.conf'));
  const state = { running: new Set<string>(), enabled: new Set<string>() };
  const endpoints = pcsdEndpoints({
    files,
    systemctl: systemctlOf(state),
    tool: async () => ({ code: 102, stdout: '', stderr: 'not running' }),
    logIn: async (user, given) => (user === 'hacluster' && given === password ? 'accepted' : 'refused'),
    issueToken: (user) => tokens.issue(user, Date.now()),
    hostName: () => name,
  });
  const deps = { endpoints, log: silentLogger, userOf: (token: string) => tokens.userOf(token) };
  const server = createPcsdServer(certificate, deps);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { name, files, ...state, server, port: (server.address() as AddressInfo).port };
}

interface Run {
  code: number;
  out: string;
  err: string;
}

/** Runs pcs on a host. `ports` stands for the name service: hosts' names lead to their loopback ports. */
async function pcs(onHost: string, line: readonly string[], answers: readonly string[] = []): Promise<Run> {
  const host = hosts.get(onHost) as Host;
  const run: Run = { code: 0, out: '', err: '' };
  const pending = [...answers];
  const io: ToolIo = {
    stdout: (text) => {
      run.out += text;
    },
    stderr: (text) => {
      run.err += text;
    },
    readStdin: async () => '',
    env: {},
    isTty: false,
    columns: 80,
  };
  const https = httpsRequester(5000);
  const deps: PcsDeps = {
    files: host.files,
    agents: {
      metadata: () => Promise.reject(new Error('none')),
      validate: async () => undefined,
      list: async () => [],
    },
    hosts: {
      call: (target, path, form) =>
        https.call(
          {
            ...target,
            dest_list: target.dest_list.map((address) => ({
              addr: '127.0.0.1',
              port: hosts.get(address.addr)?.port ?? 1,
            })),
          },
          path,
          form,
        ),
    },
    openCib: () => {
      throw new Error('no CIB here');
    },
    tool: async () => ({ code: 1, stdout: '', stderr: '' }),
    systemctl: systemctlOf(host),
    ask: async () => pending.shift() ?? '',
    resolve: async (name) => (hosts.has(name) ? ['127.0.0.1'] : []),
    sleep: async () => {},
    nowMs: () => 0,
  };
  run.code = await runPcs(line, io, () => deps);
  return run;
}

beforeAll(async () => {
  // As an administrator's strict umask would be: files have the modes they should all the same.
  process.umask(0o077);
  const certificate = await ensureCertificate(join(root, 'certificate'), 'lb1');
  for (const name of ['lb1', 'lb2', 'lb3']) hosts.set(name, await makeHost(name, certificate));
}, 60_000);

afterAll(() => {
  for (const host of hosts.values()) {
    host.server.close();
    host.server.closeAllConnections();
  }
  rmSync(root, { recursive: true, force: true });
});

function lines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

describe('certificate', () => {
  it('is self-signed for the host, kept, and its key is private', async () => {
    const folder = join(root, 'certificate');
    const text = readFileSync(join(folder, 'pcsd.crt'), 'utf8');
    const certificate = new X509Certificate(text);
    expect(certificate.subject).toBe('C=US\nST=MN\nL=Minneapolis\nO=pcsd\nOU=pcsd\nCN=lb1');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(3072);
    expect(statSync(join(folder, 'pcsd.key')).mode & 0o777).toBe(0o600);
    expect((await ensureCertificate(folder, 'other')).cert).toBe(text);
  });
});

describe('accounts', () => {
  it('lets in members of haclient only', () => {
    const passwd = 'hacluster:x:189:189::/:/n\nbob:x:5:5::/:/n\nann:x:6:6::/:/n\n';
    const group = 'haclient:x:189:ann\nbob:x:5:\n';
    expect(isClusterUser('hacluster', passwd, group)).toBe(true);
    expect(isClusterUser('ann', passwd, group)).toBe(true);
    expect(isClusterUser('bob', passwd, group)).toBe(false);
    expect(isClusterUser('nobody', passwd, group)).toBe(false);
  });
});

describe('pcs with pcsd', () => {
  beforeEach(() => {
    for (const host of hosts.values()) {
      for (const file of [host.files.corosyncConf, host.files.corosyncAuthkey, host.files.knownHosts])
        rmSync(file, { force: true });
      host.running.clear();
      host.enabled.clear();
    }
  });

  it('takes the old syntax from authentication to a started cluster', async () => {
    const auth = await pcs('lb1', ['cluster', 'auth', 'lb1', 'lb2'], ['hacluster', password]);
    expect(auth.code).toBe(0);
    expect(lines(auth.out)).toEqual(['lb1: Authorized', 'lb2: Authorized']);
    expect(statSync(hosts.get('lb1')?.files.knownHosts as string).mode & 0o777).toBe(0o600);

    const setup = await pcs('lb1', ['cluster', 'setup', '--name', 'ha_cluster', 'lb1', 'lb2']);
    expect(setup.err).toBe('');
    expect(setup.code).toBe(0);
    expect(lines(setup.out)).toContain('lb2: Successfully destroyed cluster');
    expect(lines(setup.out)).toContain('lb2: Succeeded');
    const conf = readFileSync(hosts.get('lb2')?.files.corosyncConf as string, 'utf8');
    expect(conf).toBe(readFileSync(hosts.get('lb1')?.files.corosyncConf as string, 'utf8'));
    expect(statSync(hosts.get('lb2')?.files.corosyncConf as string).mode & 0o777).toBe(0o644);
    expect(conf).toContain('    secauth: off\n    transport: udpu\n    token: 1000\n}');
    expect(conf).toContain('        ring0_addr: lb2\n        name: lb2\n        nodeid: 2\n');
    expect(conf).toContain('    two_node: 1\n');

    const start = await pcs('lb2', ['cluster', 'start', '--all']);
    expect(start).toMatchObject({ code: 0, out: '' });
    expect(lines(start.err)).toEqual(['lb1: Starting Cluster...', 'lb2: Starting Cluster...']);
    expect([...(hosts.get('lb1')?.running ?? [])]).toEqual(['corosync', 'pacemaker']);

    const enable = await pcs('lb1', ['cluster', 'enable', '--all']);
    expect(lines(enable.err)).toEqual(['lb1: Cluster Enabled', 'lb2: Cluster Enabled']);
    expect([...(hosts.get('lb2')?.enabled ?? [])]).toEqual(['corosync', 'pacemaker']);

    const stop = await pcs('lb1', ['cluster', 'stop', '--all']);
    expect(
      stop.err
        .split('\n')
        .slice(2, 4)
        .every((line) => line.includes('(corosync)')),
    ).toBe(true);
    expect(hosts.get('lb2')?.running.size).toBe(0);
  });

  it('takes the syntax of today', async () => {
    await pcs('lb1', ['host', 'auth', 'lb1', 'lb2', '-u', 'hacluster', '-p', password]);
    const setup = await pcs('lb1', ['cluster', 'setup', 'ha_cluster', 'lb1', 'lb2']);
    expect(setup.code).toBe(0);
    expect(setup.err).toMatch(/Warning: .*not encrypted/);
    expect(setup.err).toContain("Requesting remove 'pcsd settings' from 'lb1', 'lb2'\n");
    expect(setup.err).toContain("lb2: successful distribution of the file 'corosync authkey'\n");
    expect(setup.err).toMatch(/Cluster has been successfully set up\.\n$/);
    expect(statSync(hosts.get('lb2')?.files.corosyncAuthkey as string)).toMatchObject({ size: 256 });
    expect(statSync(hosts.get('lb2')?.files.corosyncAuthkey as string).mode & 0o777).toBe(0o400);
    const conf = readFileSync(hosts.get('lb1')?.files.corosyncConf as string, 'utf8');
    expect(conf).toMatch(/transport: udpu\n {4}cluster_uuid: [0-9a-f]{32}\n/);
    expect(conf).not.toContain('token:');

    const again = await pcs('lb1', ['cluster', 'setup', 'ha_cluster', 'lb1', 'lb2']);
    expect(again.code).toBe(1);
    expect(again.err).toContain(
      "run 'pcs cluster destroy' on host 'lb2' to remove those configuration files, use --force to override\n",
    );
    expect(again.err).toMatch(/Error: Errors have occurred, therefore pcs is unable to continue\n$/);
  });

  it('refuses a wrong password and an unreachable host, and keeps nothing', async () => {
    const wrong = await pcs('lb1', ['host', 'auth', 'lb1', 'lb2', '-u', 'hacluster', '-p', 'nonsense']);
    expect(wrong).toEqual({
      code: 1,
      out: '',
      err: 'Error: lb1: Username and/or password is incorrect\nError: lb2: Username and/or password is incorrect\n',
    });
    const unknown = await pcs('lb1', ['host', 'auth', 'lb9', '-u', 'hacluster', '-p', password]);
    expect(unknown).toEqual({ code: 1, out: '', err: 'Error: Unable to communicate with lb9\n' });
    expect(existsSync(hosts.get('lb1')?.files.knownHosts as string)).toBe(false);
  });

  it('refuses hosts it does not know', async () => {
    const setup = await pcs('lb1', ['cluster', 'setup', '--name', 'c', 'lb1', 'lb2']);
    expect(setup).toEqual({
      code: 1,
      out: '',
      err: "Error: Hosts 'lb1', 'lb2' are not known to pcs, try to authenticate the hosts using 'pcs host auth lb1 lb2' command\n",
    });
  });

  it('refuses callers without a good token, and large bodies', async () => {
    const { port } = hosts.get('lb1') as Host;
    const target = { dest_list: [{ addr: '127.0.0.1', port }] };
    const caller = httpsRequester(5000);
    expect(await caller.call(target, '/remote/check_auth')).toEqual({ status: 401, body: '{"notauthorized":"true"}' });
    const forged = { ...target, token: '0'.repeat(36) };
    expect((await caller.call(forged, '/remote/cluster_destroy', {})).status).toBe(401);
    const form = { username: 'hacluster', password: 'x'.repeat(5 * 1024 * 1024) };
    expect((await caller.call(target, '/remote/auth', form)).status).toBe(413);
    const token = (await caller.call(target, '/remote/auth', { username: 'hacluster', password })).body;
    expect(await caller.call({ ...target, token }, '/remote/check_auth')).toEqual({
      status: 200,
      body: '{"success":true}',
    });
    expect(await caller.call({ ...target, token }, '/remote/nosuch')).toEqual({ status: 404, body: 'Unknown Request' });
  });

  it('says in words that it cannot print a corosync.conf with an odd section', async () => {
    const { files } = hosts.get('lb1') as Host;
    mkdirSync(dirname(files.corosyncConf), { recursive: true });
    writeFileSync(files.corosyncConf, '}odd {\n}\ntotem {\nversion: 2\n}\n');
    const run = await pcs('lb1', ['cluster', 'corosync']);
    expect(run).toMatchObject({ code: 1, out: '', err: "Error: corosync.conf cannot hold a section '}odd'\n" });
  });

  it('does not take a corosync.conf that is none', async () => {
    const { port, files } = hosts.get('lb1') as Host;
    const caller = httpsRequester(5000);
    const target = { dest_list: [{ addr: '127.0.0.1', port }] };
    const token = (await caller.call(target, '/remote/auth', { username: 'hacluster', password })).body;
    writeFileSync(files.corosyncConf, 'totem {\n}\n');
    const answer = await caller.call({ ...target, token }, '/remote/set_corosync_conf', {
      corosync_conf: 'nonsense {',
    });
    expect(answer.status).toBe(400);
    expect(readFileSync(files.corosyncConf, 'utf8')).toBe('totem {\n}\n');
  });
});
