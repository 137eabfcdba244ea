import { randomBytes } from 'node:crypto';
import type { PcsContext } from '../context.ts';
import { makeCorosyncConf } from '../corosync-conf.ts';
import { fail, PcsError, quoteList, type Reports, unableToContinue } from '../errors.ts';
import { defaultPcsdPort, type KnownHost } from '../http.ts';
import { isRecord, writePrivate } from '../known-hosts.ts';
import { callAll, jsonOf, knownHosts, type NodeResult, requireHosts } from '../nodes.ts';
import { enableNodes, startNodes } from './cluster-services.ts';
import { newSetupPlan, oldSetupPlan, type SetupPlan } from './setup-options.ts';

/** Bytes of an authentication key, corosync's and pacemaker's. */
const authkeyBytes = 256;

/** `pcs cluster setup`, in the old syntax (`--name N`) or today's (cli-pcs.md 6). */
export async function clusterSetup(context: PcsContext, words: readonly string[]): Promise<void> {
  if (context.has('name')) return setUpOld(context, oldSetupPlan(context, words));
  const known = await knownHosts(context);
  const addressOf = (node: string): string => known.hosts.get(node)?.dest_list[0]?.addr ?? node;
  return setUpToday(context, newSetupPlan(context, words, addressOf));
}

async function setUpToday(context: PcsContext, plan: SetupPlan): Promise<void> {
  const conf = makeCorosyncConf(plan);
  const localOnly = context.option('corosync_conf');
  if (localOnly !== undefined) {
    for (const warning of plan.warnings) context.warn(warning);
    await writePrivate(localOnly, conf, 0o644);
    return;
  }
  const names = plan.nodes.map((node) => node.name);
  const hosts = await requireHosts(context, names);
  const reports = context.reports();
  await checkAddresses(context, plan, reports);
  await checkHosts(context, hosts, reports);
  reports.finish();
  for (const warning of plan.warnings) context.warn(warning);
  context.say(`Destroying cluster on hosts: ${quoteList(names)}...`);
  await everywhere(context, hosts, 'cluster_destroy', undefined, (node) => `${node}: Successfully destroyed cluster`);
  await shareTokens(context, hosts);
  context.say(`Requesting remove 'pcsd settings' from ${quoteList(names)}`);
  const remove = { data_json: JSON.stringify({ 'pcsd settings': { type: 'pcsd_settings' } }) };
  await everywhere(context, hosts, 'remove_file', remove, (node, body) => {
    fileCodes(node, body, ['deleted', 'not_found']);
    return `${node}: successful removal of the file 'pcsd settings'`;
  });
  await sendKeys(context, hosts);
  context.say(`Sending 'corosync.conf' to ${quoteList(names)}`);
  await sendFiles(context, hosts, { 'corosync.conf': { type: 'corosync_conf', data: conf } }, (line) =>
    context.say(line),
  );
  context.say('Cluster has been successfully set up.');
  await afterSetup(context, hosts, (line) => context.say(line), `hosts: ${quoteList(names)}`);
}

async function setUpOld(context: PcsContext, plan: SetupPlan): Promise<void> {
  const conf = makeCorosyncConf(plan);
  const names = plan.nodes.map((node) => node.name);
  const hosts = await requireHosts(context, names);
  const say = (line: string): void => context.print(line);
  await checkOldNodes(context, names, hosts, say);
  say(`Destroying cluster on nodes: ${names.join(', ')}...`);
  await everywhere(
    context,
    hosts,
    'cluster_stop',
    { component: 'pacemaker', force: '1' },
    (node) => `${node}: Stopping Cluster (pacemaker)...`,
    say,
  );
  await everywhere(
    context,
    hosts,
    'cluster_destroy',
    undefined,
    (node) => `${node}: Successfully destroyed cluster`,
    say,
  );
  await shareTokens(context, hosts);
  say('');
  say(`Sending 'pacemaker_remote authkey' to ${quoteList(names)}`);
  const key = { type: 'pcmk_remote_authkey', data: randomBytes(authkeyBytes).toString('base64') };
  await sendFiles(context, hosts, { 'pacemaker_remote authkey': key }, say);
  say('Sending cluster config files to the nodes...');
  await everywhere(context, hosts, 'set_corosync_conf', { corosync_conf: conf }, (node) => `${node}: Succeeded`, say);
  await afterSetup(context, hosts, say, `nodes: ${names.join(', ')}`);
}

/** What the old setup looks at first: names that resolve, nodes in no cluster. */
async function checkOldNodes(
  context: PcsContext,
  names: readonly string[],
  hosts: ReadonlyMap<string, KnownHost>,
  say: (line: string) => void,
): Promise<void> {
  const unresolved = await Promise.all(
    names.map(async (name) => ((await context.deps.resolve(name)).length === 0 ? [name] : [])),
  );
  for (const name of unresolved.flat()) say(`Warning: Unable to resolve hostname: ${name}`);
  if (unresolved.flat().length > 0 && !context.force) fail('Unable to resolve all hostnames, use --force to override');
  const results = await callAll(context, hosts, 'check_host');
  const failures = results.filter((result) => result.error !== undefined).map((result) => result.error as string);
  if (failures.length > 0) throw new PcsError([...failures.sort(), unableToContinue]);
  const busy = results.filter((result) => hostState(result).configured || hostState(result).running.length > 0);
  if (busy.length === 0 || context.force) return;
  const lines = busy.map((result) => `${result.node}: node is already in a cluster`).sort();
  throw new PcsError([
    ...lines,
    'nodes availability check failed, use --force to override. WARNING: This will destroy existing cluster on the nodes.',
  ]);
}

async function checkAddresses(context: PcsContext, plan: SetupPlan, reports: Reports): Promise<void> {
  const addresses = plan.nodes.flatMap((node) => node.addresses);
  const twice = addresses.filter((address, index) => addresses.indexOf(address) !== index);
  if (twice.length > 0)
    reports.error(`Node addresses must be unique, duplicate addresses: ${quoteList(new Set(twice))}`);
  const found = await Promise.all(addresses.map((address) => context.deps.resolve(address)));
  const unresolved = addresses.filter((_, index) => found[index]?.length === 0);
  if (unresolved.length > 0) reports.forceable(`Unable to resolve addresses: ${quoteList(unresolved)}`);
}

/** Are the hosts ready to be in a (new) cluster? (cli-pcs.md 6.2, 6.4) */
export async function checkHosts(
  context: PcsContext,
  hosts: ReadonlyMap<string, KnownHost>,
  reports: Reports,
): Promise<void> {
  const results = await callAll(context, hosts, 'check_host');
  let inCluster = false;
  for (const result of results) {
    if (result.error !== undefined) {
      reports.error(result.error);
      continue;
    }
    const { node } = result;
    const state = hostState(result);
    if (state.missing.length > 0) {
      reports.error(`${node}: Required cluster services not installed: ${quoteList(state.missing)}`);
    }
    if (state.running.length > 0) {
      inCluster = true;
      reports.forceable(
        `${node}: Running cluster services: ${quoteList(state.running)}, the host seems to be in a cluster already`,
      );
    }
    if (!state.configured) continue;
    inCluster = true;
    reports.forceable(
      `${node}: The host seems to be in a cluster already as cluster configuration files have been found on the host. If the host is not part of a cluster, run 'pcs cluster destroy' on host '${node}' to remove those configuration files`,
    );
  }
  if (!inCluster || context.force) return;
  reports.forceable(
    'Some nodes are already in a cluster. Enforcing this will destroy existing cluster on those nodes. You should remove the nodes from their clusters instead to keep the clusters working properly',
  );
}

/** What `check_host` of one node says. */
function hostState(result: NodeResult): { configured: boolean; running: string[]; missing: string[] } {
  if (result.error !== undefined) return { configured: false, running: [], missing: [] };
  const answer = jsonOf(result);
  const services = isRecord(answer) && isRecord(answer['services']) ? answer['services'] : {};
  const named = (name: string): Record<string, unknown> => {
    const service = services[name];
    return isRecord(service) ? service : {};
  };
  const running = ['corosync', 'pacemaker', 'pacemaker_remote'].filter((name) => named(name)['running'] === true);
  const missing = ['corosync', 'pacemaker'].filter((name) => named(name)['installed'] !== true);
  return { configured: isRecord(answer) && answer['cluster_configuration_exists'] === true, running, missing };
}

/**
 * Asks every host for the same. Says a line as each has done it.
 * @throws {PcsError} when one of them failed, after all have answered
 */
export async function everywhere(
  context: PcsContext,
  hosts: ReadonlyMap<string, KnownHost>,
  path: string,
  form: Readonly<Record<string, string>> | undefined,
  done: (node: string, body: string) => string | undefined,
  say: (line: string) => void = (line) => context.say(line),
): Promise<void> {
  const errors: string[] = [];
  await callAll(context, hosts, path, form, (result) => {
    if (result.error !== undefined) {
      errors.push(result.error);
      return;
    }
    try {
      const line = done(result.node, result.body);
      if (line !== undefined) say(line);
    } catch (error) {
      if (!(error instanceof PcsError)) throw error;
      errors.push(...error.lines);
    }
  });
  if (errors.length > 0) throw new PcsError([...errors.sort(), unableToContinue]);
}

/** Every member gets every member's token. */
async function shareTokens(context: PcsContext, hosts: ReadonlyMap<string, KnownHost>): Promise<void> {
  const add = Object.fromEntries(
    [...hosts].map(([name, host]) => [
      name,
      {
        token: host.token,
        dest_list: host.dest_list.length > 0 ? host.dest_list : [{ addr: name, port: defaultPcsdPort }],
      },
    ]),
  );
  const form = { data_json: JSON.stringify({ known_hosts_add: add, known_hosts_remove: {} }) };
  await everywhere(context, hosts, 'known_hosts_change', form, () => undefined);
}

async function sendKeys(context: PcsContext, hosts: ReadonlyMap<string, KnownHost>): Promise<void> {
  const key = (): string => randomBytes(authkeyBytes).toString('base64');
  const files = {
    'corosync authkey': { type: 'corosync_authkey', data: key() },
    'pacemaker authkey': { type: 'pcmk_remote_authkey', data: key() },
  };
  context.say(`Sending 'corosync authkey', 'pacemaker authkey' to ${quoteList(hosts.keys())}`);
  await sendFiles(context, hosts, files, (line) => context.say(line));
}

export interface FileToSend {
  readonly type: string;
  readonly data: string;
}

/** Puts files on hosts (`put_file`), replacing what is there. */
export async function sendFiles(
  context: PcsContext,
  hosts: ReadonlyMap<string, KnownHost>,
  files: Readonly<Record<string, FileToSend>>,
  say: (line: string) => void,
): Promise<void> {
  const body = Object.fromEntries(
    Object.entries(files).map(([name, file]) => [name, { ...file, rewrite_existing: true }]),
  );
  await everywhere(
    context,
    hosts,
    'put_file',
    { data_json: JSON.stringify(body) },
    (node, answer) => {
      fileCodes(node, answer, ['written', 'rewritten', 'same_content']);
      return Object.keys(files)
        .map((name) => `${node}: successful distribution of the file '${name}'`)
        .join('\n');
    },
    say,
  );
}

function fileCodes(node: string, body: string, good: readonly string[]): void {
  const answer = jsonOf({ node, body });
  const files =
    isRecord(answer) && isRecord(answer['files']) ? answer['files'] : fail(`${node}: Invalid format of response`);
  for (const [name, result] of Object.entries(files as Record<string, unknown>)) {
    const code = isRecord(result) ? String(result['code']) : 'unexpected';
    const message = isRecord(result) ? String(result['message'] ?? '') : '';
    if (!good.includes(code)) fail(`${node}: file '${name}': ${message === '' ? code : message}`);
  }
}

async function afterSetup(
  context: PcsContext,
  hosts: ReadonlyMap<string, KnownHost>,
  say: (line: string) => void,
  which: string,
): Promise<void> {
  if (context.has('enable')) {
    say(`Enabling cluster on ${which}...`);
    await enableNodes(context, hosts, true, say);
  }
  if (context.has('start')) {
    say(`Starting cluster on ${which}...`);
    await startNodes(context, hosts, say);
  }
}
