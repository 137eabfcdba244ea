import { readFile } from 'node:fs/promises';
import { clusterConfigured, removeClusterFiles } from '@sanode/cli/tools/pcs/cluster-files';
import type { PcsFiles, RunResult } from '@sanode/cli/tools/pcs/context';
import {
  changeKnownHosts,
  isRecord,
  parseHostTable,
  readKnownHosts,
  writeKnownHosts,
  writePrivate,
} from '@sanode/cli/tools/pcs/known-hosts';
import type { LoginOutcome } from './accounts.ts';
import {
  dataJson,
  type Endpoint,
  type EndpointAnswer,
  type EndpointRequest,
  json,
  ok,
  type Permission,
  refused,
} from './endpoint.ts';
import { checkConf, putFiles, removeFiles } from './files.ts';
import { localNodeStatus } from './node-status.ts';
import { badRequest } from './server.ts';

/** Releases that our programs are compatible with, as the API announces them. */
const versions = { pacemaker: '2.1.5', corosync: '3.1.7', pcsd: '0.11.5' } as const;

/** What the endpoints work with. */
export interface PcsdDeps {
  readonly files: PcsFiles;
  systemctl(argv: readonly string[]): Promise<RunResult>;
  /** Runs one of our tools. */
  tool(name: string, argv: readonly string[]): Promise<RunResult>;
  logIn(username: string, password: string): Promise<LoginOutcome>;
  issueToken(username: string): Promise<string>;
  hostName(): string;
}

/** The API's paths with what they do (cli-pcs.md 4.2). */
export function pcsdEndpoints(deps: PcsdDeps): ReadonlyMap<string, Endpoint> {
  const table = new Map<string, Endpoint>();
  const add = (
    name: string,
    permission: Permission,
    run: (request: EndpointRequest) => Promise<EndpointAnswer>,
  ): void => {
    table.set(`/remote/${name}`, { permission, run });
  };
  add('auth', 'anyone', (request) => auth(deps, request));
  add('check_auth', 'read', async () => json({ success: true }));
  add('known_hosts_change', 'full', (request) => knownHostsChange(deps, request));
  add('get_cluster_known_hosts', 'full', () => clusterKnownHosts(deps));
  add('check_host', 'read', () => checkHost(deps));
  add('put_file', 'full', (request) => fileRequest(request, (data) => putFiles(deps.files, data)));
  add('remove_file', 'full', (request) => fileRequest(request, (data) => removeFiles(deps.files, data)));
  add('cluster_destroy', 'full', () => destroy(deps));
  add('cluster_start', 'write', () => services(deps, 'start', ['corosync', 'pacemaker'], 'Starting Cluster...\n'));
  add('cluster_stop', 'write', (request) => stop(deps, request));
  add('cluster_enable', 'write', () => services(deps, 'enable', ['corosync', 'pacemaker'], 'Cluster Enabled'));
  add('cluster_disable', 'write', () => services(deps, 'disable', ['corosync', 'pacemaker'], 'Cluster Disabled'));
  add('get_corosync_conf', 'read', () => readConf(deps));
  add('set_corosync_conf', 'full', (request) => setConf(deps, request));
  add('reload_corosync_conf', 'write', () => reloadConf(deps));
  add('pacemaker_node_status', 'read', async () => json(await localNodeStatus(deps)));
  add('remove_nodes_from_cib', 'write', (request) => removeNodes(deps, request));
  add('get_quorum_info', 'read', async () => {
    const { stdout, stderr } = await deps.tool('corosync-quorumtool', ['-p']);
    return ok(stdout === '' ? stderr : stdout);
  });
  add('get_sw_versions', 'read', async () =>
    json({
      rhel: null,
      pcs: numbers(versions.pcsd),
      pacemaker: numbers(versions.pacemaker),
      corosync: numbers(versions.corosync),
    }),
  );
  add('capabilities', 'read', async () => json({ pcsd_capabilities: capabilities }));
  return table;
}

const capabilities = [
  'cluster.create',
  'cluster.create.separated-name-and-address',
  'cluster.create.transport.udp-udpu',
  'cluster.create.enable',
  'cluster.create.start',
  'cluster.destroy',
  'cluster.destroy.all',
  'corosync.config.get',
  'corosync.config.set',
  'corosync.quorum.status',
  'node.add',
  'node.add.list',
  'node.remove',
  'node.remove.list',
  'node.start-stop-enable-disable',
  'node.start-stop-enable-disable.all',
  'node.start-stop-enable-disable.stop-component',
];

function numbers(version: string): number[] {
  return version.split('.').map(Number);
}

async function auth(deps: PcsdDeps, { fields }: EndpointRequest): Promise<EndpointAnswer> {
  const username = fields.get('username');
  const password = fields.get('password');
  if (username === null || password === null) return badRequest();
  const outcome = await deps.logIn(username, password);
  if (outcome === 'busy') return { status: 429, body: 'Too many logins are being checked, please try again' };
  return ok(outcome === 'accepted' ? await deps.issueToken(username) : '');
}

/** Changes come one after another, as two at once would lose one. */
let changing: Promise<unknown> = Promise.resolve();

async function knownHostsChange(deps: PcsdDeps, { fields }: EndpointRequest): Promise<EndpointAnswer> {
  const data = dataJson(fields);
  const add = isRecord(data) ? parseHostTable(data['known_hosts_add'] ?? {}) : undefined;
  const remove: unknown = isRecord(data) ? (data['known_hosts_remove'] ?? []) : undefined;
  const removed = Array.isArray(remove) ? remove : isRecord(remove) ? Object.keys(remove) : undefined;
  if (add === undefined || removed === undefined) return refused('Incorrect format of request data');
  const change = changing.then(async () => {
    const path = deps.files.knownHosts;
    await writeKnownHosts(path, changeKnownHosts(await readKnownHosts(path), add, removed.map(String)));
  });
  changing = change.catch(() => {});
  await change;
  return ok('');
}

async function clusterKnownHosts(deps: PcsdDeps): Promise<EndpointAnswer> {
  const known = await readKnownHosts(deps.files.knownHosts);
  return json(Object.fromEntries(known.hosts));
}

async function checkHost(deps: PcsdDeps): Promise<EndpointAnswer> {
  const units: [string, string, string | null][] = [
    ['pacemaker', 'pacemaker', versions.pacemaker],
    ['pacemaker_remote', 'pacemaker_remote', null],
    ['corosync', 'corosync', versions.corosync],
    ['pcsd', 'pcsd', versions.pcsd],
    ['sbd', 'sbd', null],
    ['qdevice', 'corosync-qdevice', null],
    ['booth', 'booth', null],
  ];
  const states = await Promise.all(
    units.map(async ([name, unit, version]) => {
      const ask = (action: string): Promise<RunResult> => deps.systemctl([action, `${unit}.service`]);
      const [load, enabled, active] = await Promise.all([
        deps.systemctl(['show', '--property=LoadState', `${unit}.service`]),
        ask('is-enabled'),
        ask('is-active'),
      ]);
      const installed = load.stdout.trim() === 'LoadState=loaded';
      return [name, { installed, enabled: enabled.code === 0, running: active.code === 0, version }] as const;
    }),
  );
  return json({
    services: Object.fromEntries(states),
    cluster_configuration_exists: await clusterConfigured(deps.files),
  });
}

async function fileRequest(
  { fields }: EndpointRequest,
  work: (data: unknown) => Promise<Record<string, unknown>>,
): Promise<EndpointAnswer> {
  try {
    return json({ files: await work(dataJson(fields)) });
  } catch (error) {
    if (error instanceof TypeError) return refused(error.message);
    throw error;
  }
}

async function services(
  deps: PcsdDeps,
  action: 'start' | 'stop' | 'enable' | 'disable',
  names: readonly string[],
  done: string,
): Promise<EndpointAnswer> {
  for (const name of names) {
    const result = await deps.systemctl([action, `${name}.service`]);
    if (result.code === 0) continue;
    const reason = (result.stderr.trim() || result.stdout.trim() || `exit code ${result.code}`).split('\n').join(' ');
    return refused(`Unable to ${action} ${name}: ${reason}`);
  }
  return ok(done);
}

async function stop(deps: PcsdDeps, { fields }: EndpointRequest): Promise<EndpointAnswer> {
  const component = fields.get('component');
  if (component === null) {
    return services(
      deps,
      'stop',
      ['pacemaker', 'corosync'],
      'Stopping Cluster (pacemaker)...\nStopping Cluster (corosync)...\n',
    );
  }
  if (component !== 'pacemaker' && component !== 'corosync') return refused(`Unknown component '${component}'`);
  return services(deps, 'stop', [component], `Stopping Cluster (${component})...\n`);
}

async function destroy(deps: PcsdDeps): Promise<EndpointAnswer> {
  const stopped = await services(deps, 'stop', ['pacemaker', 'corosync'], '');
  if (stopped.status !== 200) return stopped;
  const disabled = await services(deps, 'disable', ['pacemaker', 'corosync'], '');
  if (disabled.status !== 200) return disabled;
  await removeClusterFiles(deps.files);
  return ok('Successfully destroyed cluster');
}

async function readConf(deps: PcsdDeps): Promise<EndpointAnswer> {
  try {
    return ok(await readFile(deps.files.corosyncConf, 'utf8'));
  } catch (error) {
    return refused(`Unable to read corosync.conf: ${(error as Error).message}`);
  }
}

async function setConf(deps: PcsdDeps, { fields }: EndpointRequest): Promise<EndpointAnswer> {
  const text = fields.get('corosync_conf');
  if (text === null || text.trim() === '') return refused('Failed: no corosync.conf was sent');
  const problem = checkConf(text);
  if (problem !== undefined) return refused(`Failed: ${problem}`);
  await writePrivate(deps.files.corosyncConf, text, 0o644);
  return ok('Succeeded');
}

async function reloadConf(deps: PcsdDeps): Promise<EndpointAnswer> {
  const active = await deps.systemctl(['is-active', 'corosync.service']);
  if (active.code !== 0) return json({ code: 'not_running', message: '' });
  const result = await deps.tool('corosync-cfgtool', ['-R']);
  if (result.code === 0) return json({ code: 'reloaded', message: '' });
  return json({ code: 'failed', message: result.stderr.trim() || result.stdout.trim() });
}

async function removeNodes(deps: PcsdDeps, { fields }: EndpointRequest): Promise<EndpointAnswer> {
  const data = dataJson(fields);
  const list: unknown = isRecord(data) ? data['node_list'] : undefined;
  if (!Array.isArray(list) || !list.every((name) => typeof name === 'string'))
    return refused('Incorrect format of request data');
  // A tool would take such a name for an option of its own.
  const bad = (list as string[]).find((name) => name === '' || name.startsWith('-') || /\p{Cc}/u.test(name));
  if (bad !== undefined) return refused(`${JSON.stringify(bad)} is no node name`);
  for (const name of list as string[]) {
    const result = await deps.tool('crm_node', ['--force', '--remove', name]);
    if (result.code !== 0) return json({ code: 'failed', message: result.stderr.trim() });
  }
  return json({ code: 'success', message: '' });
}
