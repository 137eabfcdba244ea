import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { attr, childElements, firstChild } from '@sanode/xml';
import type { CibEditor } from '../cib-editor.ts';
import type { Command, PcsContext } from '../context.ts';
import { fail, usage } from '../errors.ts';
import { localNodeName } from '../local-node.ts';
import { callAll, clusterNodeNames, knownHosts, localClusterName } from '../nodes.ts';
import { nvpairs } from '../nvpairs.ts';
import { agentOf, allResources } from '../resources.ts';
import { serviceState } from '../services.ts';
import { indented } from '../text.ts';
import { notRunning, statusXml } from '../wait.ts';

/** crm_mon's text, on the cluster or on the file of `-f`. @throws {PcsError} when there is none */
async function monitorText(context: PcsContext, argv: readonly string[]): Promise<string> {
  const file = context.cibFile;
  const { code, stdout, stderr } = await context.deps.tool(
    'crm_mon',
    argv,
    file === undefined ? {} : { CIB_file: file },
  );
  if (code !== 0) fail(notRunning(`${stdout}${stderr}`));
  return stdout.replace(/\n+$/, '');
}

/** `pcs status [--full] [--hide-inactive]` (cli-pcs.md 15). */
async function clusterStatusText(context: PcsContext): Promise<void> {
  if (context.has('full') && context.has('hide-inactive')) fail('you cannot specify both --full and --hide-inactive');
  const inactive = context.has('hide-inactive') ? [] : ['--inactive'];
  const full = ['--show-detail', '--show-node-attributes', '--failcounts', '--fence-history=3'];
  const text = await monitorText(context, ['--one-shot', ...inactive, ...(context.has('full') ? full : [])]);
  const editor = await context.cib();
  const name =
    (await localClusterName(context)) ?? nvpairs(firstChild(editor.section('crm_config'))).get('cluster-name') ?? '';
  context.print(`Cluster name: ${name}`);
  const warnings = statusWarnings(editor);
  if (warnings.length > 0) context.print(['', 'WARNINGS:', ...warnings, ''].join('\n'));
  context.print(text);
  if (context.has('full')) {
    context.print('\nTickets:');
    if (context.cibFile === undefined) {
      context.print('\nPCSD Status:');
      await printPcsdStatus(context, await clusterNodeNames(context));
    }
  }
  if (context.cibFile !== undefined) return;
  context.print('\nDaemon Status:');
  for (const service of ['corosync', 'pacemaker', 'pcsd']) {
    const { running, enabled } = await serviceState(context, service);
    context.print(`  ${service}: ${running ? 'active' : 'inactive'}/${enabled ? 'enabled' : 'disabled'}`);
  }
}

function statusWarnings(editor: CibEditor): string[] {
  const warnings: string[] = [];
  const resources = allResources(editor.section('resources'));
  const fencing = resources.some((resource) => agentOf(resource).startsWith('stonith:'));
  const enabled = nvpairs(firstChild(editor.section('crm_config'))).get('stonith-enabled') ?? 'true';
  if (!fencing && !/^(false|no|off|n|0)$/i.test(enabled))
    warnings.push('No stonith devices and stonith-enabled is not false');
  const moved = childElements(editor.section('constraints'), 'rsc_location')
    .filter((constraint) => /^cli-(prefer|ban)-/.test(attr(constraint, 'id') ?? ''))
    .map((constraint) => `'${attr(constraint, 'rsc')}'`);
  if (moved.length > 0) {
    const list = [...new Set(moved)].sort().join(', ');
    warnings.push(
      `Following resources have been moved and their move constraints are still in place: ${list}`,
      "Run 'pcs constraint location' or 'pcs resource clear <resource id>' to view or remove the constraints, respectively",
    );
  }
  return warnings;
}

/** `pcs cluster status`, `pcs status cluster`. */
export async function clusterSummary(context: PcsContext): Promise<void> {
  if (context.cibFile === undefined && !(await serviceState(context, 'pacemaker')).running) {
    fail('cluster is not currently running on this node');
  }
  const text = await monitorText(context, ['--one-shot', '--inactive']);
  const head = text.split(/\n(?=(?:Full List of Resources|Active Resources):)/)[0] as string;
  context.print('Cluster Status:');
  for (const line of indented(
    head.split('\n').filter((part) => part !== ''),
    1,
  ))
    context.print(line);
  if (context.cibFile !== undefined) return;
  context.print('\nPCSD Status:');
  await printPcsdStatus(context, await clusterNodeNames(context));
}

/** `pcs status pcsd [node…]`, `pcs pcsd status`. */
export async function pcsdStatus(context: PcsContext, words: readonly string[]): Promise<void> {
  await printPcsdStatus(context, words.length > 0 ? words : await clusterNodeNames(context));
}

async function printPcsdStatus(context: PcsContext, names: readonly string[]): Promise<void> {
  const known = await knownHosts(context);
  const hosts = new Map([...known.hosts].filter(([name]) => names.includes(name)));
  const results = await callAll(context, hosts, 'check_auth');
  for (const name of names) {
    const result = results.find((candidate) => candidate.node === name);
    const state =
      result === undefined
        ? 'Unable to authenticate'
        : result.error === undefined
          ? 'Online'
          : result.unreachable
            ? 'Offline'
            : 'Unable to authenticate';
    context.print(`  ${name}: ${state}`);
  }
}

/** Lines of resources as crm_mon shows them; `pcs resource [status]`. */
export async function resourceStatus(context: PcsContext, words: readonly string[]): Promise<void> {
  const node = words.find((word) => word.startsWith('node='))?.slice('node='.length);
  const ids = words.filter((word) => !word.startsWith('node='));
  if (ids.length > 1) usage();
  const argv = ['--one-shot', '--exclude', 'all', '--include', 'resources'];
  if (!context.has('hide-inactive')) argv.push('--inactive');
  if (node !== undefined) argv.push('--node', node);
  if (ids[0] !== undefined) argv.push('--resource', ids[0]);
  const text = await monitorText(context, argv);
  const lines = text.split('\n').filter((line) => /^\s+\*/.test(line) && !line.includes('* Current DC:'));
  if (lines.length > 0 && !/^\s+\* No (active )?resources/i.test(lines[0] as string)) {
    for (const line of lines) context.print(line);
  } else {
    context.print(context.has('hide-inactive') ? 'No active resources' : 'NO resources configured');
  }
}

/** `pcs status nodes [corosync|both|config]`. */
async function nodesStatus(context: PcsContext, words: readonly string[]): Promise<void> {
  const [which] = words;
  if (which !== undefined && !['corosync', 'both', 'config'].includes(which)) usage();
  if (which === 'corosync' || which === 'both') await corosyncNodes(context);
  if (which === 'config') {
    context.print(`Corosync Nodes:\n ${(await clusterNodeNames(context)).join(' ')}`);
    const names = childElements((await context.cib()).section('nodes'), 'node').map((node) => attr(node, 'uname'));
    context.print(`Pacemaker Nodes:\n ${names.join(' ')}`);
  }
  if (which === 'corosync' || which === 'config') return;
  const nodes = childElements(firstChild(await statusXml(context), 'nodes') ?? fail('crm_mon shows no nodes'), 'node');
  for (const [heading, remote] of [
    ['Pacemaker Nodes:', false],
    ['Pacemaker Remote Nodes:', true],
  ] as const) {
    const rows = new Map<string, string[]>(
      ['Online', 'Standby', 'Standby with resource(s) running', 'Maintenance', 'Offline'].map((row) => [row, []]),
    );
    for (const node of nodes) {
      if ((attr(node, 'type') === 'remote') !== remote) continue;
      rows.get(nodeRow((name) => attr(node, name)))?.push(attr(node, 'name') ?? '');
    }
    context.print(heading);
    for (const [row, names] of rows) context.print([` ${row}:`, ...names].join(' '));
  }
}

function nodeRow(get: (name: string) => string | undefined): string {
  if (get('online') !== 'true') return 'Offline';
  if (get('maintenance') === 'true') return 'Maintenance';
  if (get('standby') !== 'true') return 'Online';
  return get('resources_running') === '0' ? 'Standby' : 'Standby with resource(s) running';
}

async function corosyncNodes(context: PcsContext): Promise<void> {
  const { stdout, stderr, code } = await context.deps.tool('corosync-quorumtool', ['-p']);
  if (code > 1 || stdout === '') fail(`unable to get list of corosync nodes: ${stderr.trim()}`);
  const names = await clusterNodeNames(context);
  const online = names.filter((name) =>
    new RegExp(`\\s${name.replace(/[.*+?^$()|[\]\\{}]/g, '\\$&')}( \\(local\\))?$`, 'm').test(stdout),
  );
  const offline = names.filter((name) => !online.includes(name));
  context.print('Corosync Nodes:');
  context.print([' Online:', ...online].join(' '));
  context.print([' Offline:', ...offline].join(' '));
}

/** `pcs quorum status`, `pcs status quorum`. */
export async function quorumStatus(context: PcsContext): Promise<void> {
  const { stdout, stderr, code } = await context.deps.tool('corosync-quorumtool', ['-p']);
  if (stdout === '' || code === 127) fail(`Unable to get quorum status: ${stderr.trim() || `exit code ${code}`}`);
  context.print(stdout.replace(/\n$/, ''));
}

async function corosyncStatus(context: PcsContext): Promise<void> {
  const { stdout, stderr } = await context.deps.tool('corosync-quorumtool', ['-lp']);
  if (stdout === '') fail(`unable to get membership: ${stderr.trim()}`);
  context.io.stdout(stdout.startsWith('\n') ? stdout : `\n${stdout}`);
}

async function xmlStatus(context: PcsContext): Promise<void> {
  context.print(await monitorText(context, ['--one-shot', '--inactive', '--output-as', 'xml']));
}

/** The name of the node that this host is. @throws {PcsError} when the configuration does not tell */
export async function ownNodeName(context: PcsContext): Promise<string> {
  const conf = await readFile(context.deps.files.corosyncConf, 'utf8').catch(() => fail('this host is in no cluster'));
  return (await localNodeName(conf, hostname())) ?? fail('unable to tell which node of the cluster this host is');
}

const statusUsage = `    [status] [--full] [--hide-inactive]
    resources|cluster|corosync|quorum|nodes [corosync|both|config]|pcsd [<node>]...|xml
        Show the status of the cluster and its resources.
`;

/** `pcs status …`. */
export const statusCommands: Readonly<Record<string, Command>> = {
  status: { options: ['f', 'full', 'hide-inactive'], usage: statusUsage, run: clusterStatusText },
  resources: { options: ['f', 'hide-inactive'], usage: statusUsage, run: resourceStatus },
  cluster: { options: ['f'], usage: statusUsage, run: clusterSummary },
  nodes: { options: [], usage: statusUsage, run: nodesStatus },
  corosync: { options: [], usage: statusUsage, run: corosyncStatus },
  quorum: { options: [], usage: statusUsage, run: quorumStatus },
  pcsd: { options: [], usage: statusUsage, run: pcsdStatus },
  xml: { options: ['f'], usage: statusUsage, run: xmlStatus },
};
