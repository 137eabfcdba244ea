import type { PcsContext } from '../context.ts';
import { fail, PcsError } from '../errors.ts';
import type { KnownHost } from '../http.ts';
import { isRecord } from '../known-hosts.ts';
import { callAll, callOne, clusterNodeNames, localClusterName, type NodeResult, requireHosts } from '../nodes.ts';
import { runService, serviceState } from '../services.ts';
import { waitSeconds } from '../wait.ts';

/** How long `--wait` waits when no number is given, s. */
const defaultWaitSeconds = 15 * 60;
const pollMs = 500;

/** Hosts that a command of the form `[--all | node…]` means; undefined: only this node, without its pcsd. */
async function chosenHosts(context: PcsContext, words: readonly string[]): Promise<Map<string, KnownHost> | undefined> {
  if (context.has('all') && words.length > 0) fail('Cannot specify both --all and a list of nodes.');
  if (context.has('all')) return requireHosts(context, await clusterNodeNames(context));
  return words.length === 0 ? undefined : requireHosts(context, [...new Set(words)]);
}

/** `pcs cluster start [--all | node…] [--wait[=n]]` (cli-pcs.md 7). */
export async function clusterStart(context: PcsContext, words: readonly string[]): Promise<void> {
  const wait = waitSeconds(context);
  const hosts = await chosenHosts(context, words);
  if (hosts !== undefined) {
    await startNodes(context, hosts, (line) => context.say(line));
    if (wait !== undefined) await awaitStarted(context, hosts, wait);
    return;
  }
  if ((await localClusterName(context)) === undefined) fail('cluster is not currently configured on this node');
  context.say('Starting Cluster...');
  for (const service of ['corosync', 'pacemaker']) await runService(context, 'start', service);
  if (wait !== undefined) await awaitLocal(context, wait);
}

/** Starts the cluster on hosts at once. @throws {PcsError} naming those that could not */
export async function startNodes(
  context: PcsContext,
  hosts: ReadonlyMap<string, KnownHost>,
  say: (line: string) => void,
): Promise<void> {
  const results = await callAll(context, hosts, 'cluster_start', undefined, (result) => {
    if (result.error === undefined) say(`${result.node}: Starting Cluster...`);
    else if (result.unreachable) say(`${result.node}: Not starting cluster - node is unreachable`);
  });
  throwFailures('unable to start all nodes', results);
}

function throwFailures(summary: string, results: readonly NodeResult[]): void {
  const failed = results.filter((result) => result.error !== undefined);
  if (failed.length === 0) return;
  const lines = failed.map((result) =>
    result.error?.startsWith(`${result.node}: `) === true ? result.error : `${result.node}: ${result.error}`,
  );
  throw new PcsError([[summary, ...lines.sort()].join('\n')]);
}

/** `pcs cluster stop [--all | node…] [--force]`: pacemaker everywhere first, then corosync. */
export async function clusterStop(context: PcsContext, words: readonly string[]): Promise<void> {
  const hosts = await chosenHosts(context, words);
  if (hosts !== undefined) {
    if (!context.force && !context.has('all')) await refuseQuorumLoss(context, [...hosts.keys()]);
    await stopNodes(context, hosts, (line) => context.say(line));
    return;
  }
  if (!context.force) await refuseQuorumLoss(context, undefined);
  for (const service of ['pacemaker', 'corosync']) {
    context.say(`Stopping Cluster (${service})...`);
    await runService(context, 'stop', service);
  }
}

/** Stops the cluster on hosts. @throws {PcsError} naming those that could not; corosync is then left running there */
export async function stopNodes(
  context: PcsContext,
  hosts: ReadonlyMap<string, KnownHost>,
  say: (line: string) => void,
): Promise<void> {
  let remaining = new Map(hosts);
  const failures: NodeResult[] = [];
  for (const component of ['pacemaker', 'corosync']) {
    const results = await callAll(context, remaining, 'cluster_stop', { component, force: '1' }, (result) => {
      if (result.error === undefined) say(`${result.node}: Stopping Cluster (${component})...`);
    });
    const failed = results.filter((result) => result.error !== undefined);
    failures.push(...failed);
    remaining = new Map([...remaining].filter(([name]) => !failed.some((result) => result.node === name)));
  }
  throwFailures('unable to stop all nodes', failures);
}

/** Would the rest of the cluster lose its quorum? @param names nodes to stop; undefined: this one */
async function refuseQuorumLoss(context: PcsContext, names: readonly string[] | undefined): Promise<void> {
  const { code, stdout } = await context.deps.tool('corosync-quorumtool', ['-p']);
  if (code !== 0 && stdout === '') return;
  const status = parseQuorum(stdout);
  if (status === undefined || !status.quorate) return;
  const stopping = status.members.filter((member) =>
    names === undefined ? member.local : names.includes(member.name),
  );
  const left = status.members.filter((member) => !stopping.includes(member));
  const votes = left.reduce((sum, member) => sum + member.votes, 0);
  const stopsAllOfSeveral = left.length === 0 && status.members.length > 1;
  if (stopping.length === 0 || stopsAllOfSeveral || (left.length > 0 && votes >= status.quorum)) return;
  const which = names === undefined ? 'the node' : 'the node(s)';
  fail(`Stopping ${which} will cause a loss of the quorum, use --force to override`);
}

interface QuorumStatus {
  quorate: boolean;
  quorum: number;
  members: { name: string; votes: number; local: boolean }[];
}

/** Reads corosync-quorumtool's text; undefined when it is something else. */
export function parseQuorum(text: string): QuorumStatus | undefined {
  const quorate = /^Quorate:\s+(Yes|No)/m.exec(text)?.[1];
  const quorum = /^Quorum:\s+(\d+)/m.exec(text)?.[1];
  if (quorate === undefined || quorum === undefined) return undefined;
  const members = text
    .slice(text.indexOf('Membership information'))
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => /^\d+$/.test(columns[0] ?? '') && /^\d+$/.test(columns[1] ?? ''))
    .map((columns) => {
      const local = columns.at(-1) === '(local)';
      return { votes: Number(columns[1]), name: columns.at(local ? -2 : -1) ?? '', local };
    });
  return { quorate: quorate === 'Yes', quorum: Number(quorum), members };
}

/** `pcs cluster enable|disable [--all | node…]`. */
export async function clusterEnable(context: PcsContext, words: readonly string[], enable: boolean): Promise<void> {
  const hosts = await chosenHosts(context, words);
  if (hosts !== undefined) return enableNodes(context, hosts, enable, (line) => context.say(line));
  for (const service of ['corosync', 'pacemaker']) await runService(context, enable ? 'enable' : 'disable', service);
}

/** Makes the cluster start (or not) at boot on hosts. */
export async function enableNodes(
  context: PcsContext,
  hosts: ReadonlyMap<string, KnownHost>,
  enable: boolean,
  say: (line: string) => void,
): Promise<void> {
  const verb = enable ? 'enable' : 'disable';
  const results = await callAll(context, hosts, `cluster_${verb}`, undefined, (result) => {
    if (result.error === undefined) say(`${result.node}: Cluster ${enable ? 'Enabled' : 'Disabled'}`);
  });
  throwFailures(`unable to ${verb} all nodes`, results);
}

async function awaitStarted(
  context: PcsContext,
  hosts: ReadonlyMap<string, KnownHost>,
  seconds: number,
): Promise<void> {
  context.say('Waiting for node(s) to start...');
  const deadline = context.deps.nowMs() + (seconds === 0 ? defaultWaitSeconds : seconds) * 1000;
  const errors: string[] = [];
  await Promise.all(
    [...hosts].map(async ([node, host]) => {
      for (;;) {
        const result = await callOne(context, node, host, 'pacemaker_node_status');
        if (result.error === undefined && isStarted(result.body)) {
          context.say(`${node}: Started`);
          return;
        }
        if (context.deps.nowMs() >= deadline) {
          errors.push(`${node}: Waiting timeout`);
          return;
        }
        await context.deps.sleep(pollMs);
      }
    }),
  );
  if (errors.length > 0) throw new PcsError([['unable to verify all nodes have started', ...errors.sort()].join('\n')]);
}

function isStarted(body: string): boolean {
  try {
    const status: unknown = JSON.parse(body);
    return isRecord(status) && status['online'] === true && status['pending'] !== true;
  } catch {
    return false;
  }
}

async function awaitLocal(context: PcsContext, seconds: number): Promise<void> {
  context.say('Waiting for node(s) to start...');
  const deadline = context.deps.nowMs() + (seconds === 0 ? defaultWaitSeconds : seconds) * 1000;
  while (context.deps.nowMs() < deadline) {
    const { running } = await serviceState(context, 'pacemaker');
    const { code, stdout } = await context.deps.tool('crm_mon', ['--one-shot', '--output-as', 'xml']);
    if (running && code === 0 && /<current_dc present="true"/.test(stdout)) {
      context.say('Started');
      return;
    }
    await context.deps.sleep(pollMs);
  }
  fail('Waiting timeout');
}
