import { readFile } from 'node:fs/promises';
import type { PcsContext } from '../context.ts';
import {
  addConfNodes,
  clusterName,
  confNodes,
  printConfTree,
  readCorosyncConf,
  removeConfNodes,
} from '../corosync-conf.ts';
import { fail, PcsError, quoteList, unableToContinue, usage } from '../errors.ts';
import type { KnownHost } from '../http.ts';
import { isRecord } from '../known-hosts.ts';
import { callAll, callOne, jsonOf, knownHosts, requireHosts } from '../nodes.ts';
import { waitSeconds } from '../wait.ts';
import { enableNodes, startNodes } from './cluster-services.ts';
import { checkHosts, everywhere, sendFiles } from './cluster-setup.ts';
import { checkNodes } from './setup-options.ts';

/** Words taken for what a node of the new cluster is called and reached by. */
function parseNode(words: readonly string[]): { name: string; addresses: string[] } {
  const [first, ...rest] = words;
  if (first === undefined) usage();
  const [name, ...alternatives] = first.split(',') as [string, ...string[]];
  if (alternatives.length > 0)
    fail(`a second ring ('${first}') is not available yet: rings besides the first come with knet`);
  const addresses: string[] = [];
  for (const word of rest) {
    if (word.startsWith('addr=')) addresses.push(word.slice('addr='.length));
    else if (/^(watchdog|device)=/.test(word)) fail('SBD is not available yet');
    else usage();
  }
  if (addresses.length > 1)
    fail(`Node '${name}' has ${addresses.length} addresses; with transport 'udpu' each node has exactly 1`);
  return { name, addresses };
}

/** `cluster node add` (cli-pcs.md 7): a host joins the cluster. */
export async function addNode(context: PcsContext, words: readonly string[]): Promise<void> {
  const node = parseNode(words);
  checkNodes([node.name]);
  const wait = waitSeconds(context);
  const { files } = context.deps;
  const conf = await readCorosyncConf(files.corosyncConf);
  const members = confNodes(conf);
  const known = await knownHosts(context);
  if (node.addresses.length === 0) {
    const address = known.hosts.get(node.name)?.dest_list[0]?.addr ?? node.name;
    node.addresses.push(address);
    context.say(`No addresses specified for host '${node.name}', using '${address}'`);
  }
  const hosts = await requireHosts(
    context,
    [node.name, ...members.map((member) => member.name)].filter((name, at, all) => all.indexOf(name) === at),
  );
  const reports = context.reports();
  if (members.some((member) => member.name === node.name)) {
    reports.error(`Node name '${node.name}' is already used by existing nodes; please, use other name`);
  }
  const address = node.addresses[0] as string;
  if (members.some((member) => member.addresses.includes(address))) {
    reports.error(`Node address '${address}' is already used by existing nodes; please, use other address`);
  }
  if ((await context.deps.resolve(address)).length === 0)
    reports.forceable(`Unable to resolve addresses: '${address}'`);
  const fresh = new Map([[node.name, hosts.get(node.name) as KnownHost]]);
  await checkHosts(context, fresh, reports);
  reports.finish();
  await everywhere(context, fresh, 'cluster_destroy', undefined, () => undefined);
  await shareTokens(context, hosts);
  await sendMemberKeys(context, fresh);
  await distributeConf(context, printConfTree(addConfNodes(conf, [node])), hosts);
  await reloadConf(
    context,
    members.map((member) => member.name),
  );
  if (context.has('enable')) await enableNodes(context, fresh, true, (line) => context.say(line));
  if (context.has('start')) {
    await startNodes(context, fresh, (line) => context.say(line));
    if (wait !== undefined) await awaitNode(context, node.name, fresh.get(node.name) as KnownHost, wait);
  }
}

async function shareTokens(context: PcsContext, hosts: ReadonlyMap<string, KnownHost>): Promise<void> {
  const form = { data_json: JSON.stringify({ known_hosts_add: Object.fromEntries(hosts), known_hosts_remove: {} }) };
  await everywhere(context, hosts, 'known_hosts_change', form, () => undefined);
}

/** The cluster's own keys for the new member; where the cluster has none, none. */
async function sendMemberKeys(context: PcsContext, fresh: ReadonlyMap<string, KnownHost>): Promise<void> {
  const { corosyncAuthkey, pacemakerAuthkey } = context.deps.files;
  const files: Record<string, { type: string; data: string }> = {};
  for (const [name, type, path] of [
    ['corosync authkey', 'corosync_authkey', corosyncAuthkey],
    ['pacemaker authkey', 'pcmk_remote_authkey', pacemakerAuthkey],
  ] as const) {
    const key = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      return fail(`Unable to read ${name} '${path}': ${error.message}`);
    });
    if (key !== undefined) files[name] = { type, data: key.toString('base64') };
  }
  if (Object.keys(files).length === 0) return;
  context.say(`Sending ${quoteList(Object.keys(files))} to ${quoteList(fresh.keys())}`);
  await sendFiles(context, fresh, files, (line) => context.say(line));
}

async function distributeConf(context: PcsContext, text: string, hosts: ReadonlyMap<string, KnownHost>): Promise<void> {
  context.say('Sending updated corosync.conf to nodes...');
  await everywhere(context, hosts, 'set_corosync_conf', { corosync_conf: text }, (node) => `${node}: Succeeded`);
}

/** Lets one running member tell all to read the new file. @throws {PcsError} when a running one could not */
async function reloadConf(context: PcsContext, names: readonly string[]): Promise<void> {
  const hosts = await requireHosts(context, names);
  for (const [node, host] of hosts) {
    const result = await callOne(context, node, host, 'reload_corosync_conf');
    if (result.error !== undefined) continue;
    const answer = jsonOf(result);
    const code = isRecord(answer) ? answer['code'] : undefined;
    if (code === 'not_running') continue;
    if (code !== 'reloaded') {
      fail(`${node}: Unable to reload corosync configuration: ${isRecord(answer) ? String(answer['message']) : ''}`);
    }
    context.say(`${node}: Corosync configuration reloaded`);
    return;
  }
}

async function awaitNode(context: PcsContext, node: string, host: KnownHost, seconds: number): Promise<void> {
  context.say('Waiting for node(s) to start...');
  const deadline = context.deps.nowMs() + (seconds === 0 ? 900 : seconds) * 1000;
  for (;;) {
    const result = await callOne(context, node, host, 'pacemaker_node_status');
    if (result.error === undefined && /"online":true/.test(result.body) && !/"pending":true/.test(result.body)) {
      context.say(`${node}: Started`);
      return;
    }
    if (context.deps.nowMs() >= deadline) fail(`${node}: Waiting timeout`);
    await context.deps.sleep(500);
  }
}

/** `cluster node remove|delete`. */
export async function removeNodes(context: PcsContext, names: readonly string[]): Promise<void> {
  if (names.length === 0) usage();
  const conf = await readCorosyncConf(context.deps.files.corosyncConf);
  const members = confNodes(conf).map((node) => node.name);
  const missing = names.filter((name) => !members.includes(name));
  if (missing.length > 0) {
    const what = missing.length === 1 ? `Node ${quoteList(missing)} does` : `Nodes ${quoteList(missing)} do`;
    throw new PcsError([`${what} not appear to exist in configuration`, unableToContinue]);
  }
  const rest = members.filter((name) => !names.includes(name));
  if (rest.length === 0) {
    throw new PcsError([
      "No nodes would be left in the cluster; to end it, use 'pcs cluster destroy --all'",
      unableToContinue,
    ]);
  }
  const hosts = await requireHosts(context, members);
  const leaving = new Map([...hosts].filter(([name]) => names.includes(name)));
  const staying = new Map([...hosts].filter(([name]) => rest.includes(name)));
  context.say(`Destroying cluster on hosts: ${quoteList(names)}...`);
  await destroyOn(context, leaving);
  await distributeConf(context, printConfTree(removeConfNodes(conf, names)), staying);
  await reloadConf(context, rest);
  await forgetNodes(context, names, staying);
}

async function destroyOn(context: PcsContext, hosts: ReadonlyMap<string, KnownHost>): Promise<void> {
  const errors: string[] = [];
  await callAll(context, hosts, 'cluster_destroy', undefined, (result) => {
    if (result.error === undefined) context.say(`${result.node}: Successfully destroyed cluster`);
    else errors.push(result.error);
  });
  if (errors.length === 0) return;
  if (!context.has('skip-offline'))
    throw new PcsError([...errors.sort().map((error) => `${error}, use --skip-offline to override`), unableToContinue]);
  for (const error of errors.sort()) context.warn(error);
}

/** Takes removed nodes out of the CIB, at one of the nodes that stay. */
async function forgetNodes(
  context: PcsContext,
  names: readonly string[],
  staying: ReadonlyMap<string, KnownHost>,
): Promise<void> {
  const form = { data_json: JSON.stringify({ node_list: names }) };
  const problems: string[] = [];
  for (const [node, host] of staying) {
    const result = await callOne(context, node, host, 'remove_nodes_from_cib', form);
    if (result.error === undefined) {
      const answer = jsonOf(result);
      if (isRecord(answer) && answer['code'] === 'success') return;
      problems.push(`${node}: ${isRecord(answer) ? String(answer['message']) : 'Invalid format of response'}`);
    } else problems.push(result.error);
  }
  context.warn(`Unable to remove node(s) ${quoteList(names)} from pacemaker: ${problems.join('; ')}`);
}

/** `cluster destroy [--all]`. */
export async function destroy(context: PcsContext, words: readonly string[]): Promise<void> {
  if (words.length > 0) usage();
  const { files } = context.deps;
  if (context.has('all')) {
    const members = confNodes(await readCorosyncConf(files.corosyncConf)).map((node) => node.name);
    const hosts = await requireHosts(context, members);
    await callAll(context, hosts, 'cluster_stop', { component: 'pacemaker', force: '1' }, (result) => {
      if (result.error === undefined) context.say(`${result.node}: Stopping Cluster (pacemaker)...`);
    });
    await destroyOn(context, hosts);
    return;
  }
  context.print('Shutting down pacemaker/corosync services...');
  for (const service of ['pacemaker', 'corosync']) {
    const result = await context.deps.systemctl(['stop', `${service}.service`]);
    if (result.code !== 0) fail(`Unable to stop ${service}: ${result.stderr.trim()}`);
  }
  context.print('Killing any remaining services...');
  for (const service of ['pacemaker', 'corosync']) await context.deps.systemctl(['disable', `${service}.service`]);
  context.print('Removing all cluster configuration files...');
  const { removeClusterFiles } = await import('../cluster-files.ts');
  await removeClusterFiles(files);
}

/** `cluster sync`: the local corosync.conf to all nodes. */
export async function sync(context: PcsContext): Promise<void> {
  const conf = await readCorosyncConf(context.deps.files.corosyncConf);
  const hosts = await requireHosts(
    context,
    confNodes(conf).map((node) => node.name),
  );
  await everywhere(
    context,
    hosts,
    'set_corosync_conf',
    { corosync_conf: printConfTree(conf) },
    (node) => `${node}: Succeeded`,
  );
  context.warn(
    "Corosync configuration has been synchronized, please reload corosync daemon using 'pcs cluster reload corosync' command.",
  );
}

/** `cluster reload corosync`. */
export async function reload(context: PcsContext, words: readonly string[]): Promise<void> {
  if (words[0] !== 'corosync' || words.length > 1) usage();
  const { code, stdout, stderr } = await context.deps.tool('corosync-cfgtool', ['-R']);
  if (code !== 0) fail(stderr.trim() || stdout.trim() || 'Unable to reload corosync');
  context.say('Corosync reloaded');
}

/** `cluster corosync [node]`: prints a node's corosync.conf. */
export async function showCorosyncConf(context: PcsContext, words: readonly string[]): Promise<void> {
  const [node] = words;
  if (words.length > 1) usage();
  if (node === undefined) {
    context.io.stdout(printConfTree(await readCorosyncConf(context.deps.files.corosyncConf)));
    return;
  }
  const hosts = await requireHosts(context, [node]);
  const result = await callOne(context, node, hosts.get(node) as KnownHost, 'get_corosync_conf');
  if (result.error !== undefined) fail(result.error);
  context.io.stdout(result.body);
}

/** `cluster config [show]`. */
export async function showConfig(context: PcsContext, words: readonly string[]): Promise<void> {
  if (words.length > 0 && words[0] !== 'show') fail(`'pcs cluster config ${words[0]}' is not available yet`);
  const conf = await readCorosyncConf(context.deps.files.corosyncConf);
  const totem = conf.sections.find((section) => section.name === 'totem');
  const get = (name: string): string | undefined =>
    totem?.attributes.find((attribute) => attribute.name === name)?.value;
  context.print(`Cluster Name: ${clusterName(conf)}`);
  if (get('cluster_uuid') !== undefined) context.print(`Cluster UUID: ${get('cluster_uuid')}`);
  context.print(`Transport: ${get('transport') ?? 'knet'}`);
  context.print('Nodes:');
  for (const node of confNodes(conf)) {
    context.print(`  ${node.name}:`);
    for (const [link, address] of node.addresses.entries()) context.print(`    Link ${link} address: ${address}`);
    context.print(`    nodeid: ${node.nodeId}`);
  }
  const section = (heading: string, prefix: RegExp): void => {
    const found = (totem?.attributes ?? []).filter((attribute) => prefix.test(attribute.name));
    if (found.length === 0) return;
    context.print(`${heading}:`);
    for (const { name, value } of found) context.print(`  ${name.replace(/^crypto_/, '')}: ${value}`);
  };
  section('Crypto Options', /^crypto_/);
  section(
    'Totem Options',
    /^(token|consensus|join|hold|max_|merge|miss_|send_join|seqno|window|fail_recv|heartbeat|block_unlisted)/,
  );
}
