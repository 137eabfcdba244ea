import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  type ConfSection,
  confAttribute,
  confSection,
  confSections,
  parseConfTree,
  printConfTree,
  withConfAttribute,
  withConfSection,
} from '@sanode/conf';
import { fail } from './errors.ts';

/** A node as corosync.conf has it. */
export interface ConfNode {
  readonly name: string;
  readonly nodeId: number;
  readonly addresses: readonly string[];
}

/** A cluster as `cluster setup` wants it. */
export interface ClusterPlan {
  readonly name: string;
  /** What the user's syntax writes: 0.9 has secauth, a default token and the old log path. */
  readonly dialect: '0.9' | 'today';
  readonly nodes: readonly { readonly name: string; readonly addresses: readonly string[] }[];
  readonly transport: string;
  /** Attributes of totem behind the transport, in the order to write. */
  readonly totem: ReadonlyMap<string, string>;
  readonly interfaces: readonly ReadonlyMap<string, string>[];
  readonly quorum: ReadonlyMap<string, string>;
  readonly secauth: boolean;
  readonly uuid: boolean;
}

/** The token timeout of corosync 2, which clusters of the old syntax had, ms. */
const oldTokenMs = '1000';

/** corosync.conf of a new cluster (cli-pcs.md 6.1, 6.2). */
export function makeCorosyncConf(plan: ClusterPlan): string {
  const totem: [string, string][] = [
    ['version', '2'],
    ['cluster_name', plan.name],
  ];
  if (plan.dialect === '0.9') totem.push(['secauth', plan.secauth ? 'on' : 'off']);
  totem.push(['transport', plan.transport], ...plan.totem);
  if (plan.dialect === '0.9' && !plan.totem.has('token')) totem.push(['token', oldTokenMs]);
  if (plan.uuid) totem.push(['cluster_uuid', randomUUID().replace(/-/g, '')]);
  const nodes = plan.nodes.map((node, index) => nodeSection({ ...node, nodeId: index + 1 }));
  const quorum: [string, string][] = [['provider', 'corosync_votequorum'], ...plan.quorum];
  if (wantsTwoNode(plan.nodes.length, plan.quorum.get('auto_tie_breaker'))) quorum.push(['two_node', '1']);
  const logging: [string, string][] = [
    ['to_logfile', 'yes'],
    ['logfile', plan.dialect === '0.9' ? '/var/log/cluster/corosync.log' : '/var/log/corosync/corosync.log'],
    ['to_syslog', 'yes'],
  ];
  if (plan.dialect === 'today') logging.push(['timestamp', 'on']);
  const interfaces = plan.interfaces.map((options) => confSection('interface', list(options)));
  return printConfTree(
    confSection('', {}, [
      confSection('totem', list(totem), interfaces),
      confSection('nodelist', {}, nodes),
      confSection('quorum', list(quorum)),
      confSection('logging', list(logging)),
    ]),
  );
}

function list(pairs: Iterable<readonly [string, string]>): { name: string; value: string }[] {
  return [...pairs].map(([name, value]) => ({ name, value }));
}

function nodeSection(node: ConfNode): ConfSection {
  const addresses = node.addresses.map((address, link) => ({ name: `ring${link}_addr`, value: address }));
  const rest = [
    { name: 'name', value: node.name },
    { name: 'nodeid', value: String(node.nodeId) },
  ];
  return confSection('node', [...addresses, ...rest]);
}

function wantsTwoNode(nodes: number, autoTieBreaker: string | undefined): boolean {
  return nodes === 2 && (autoTieBreaker === undefined || autoTieBreaker === '0');
}

/** The local corosync.conf. @throws {PcsError} when it is missing or damaged */
export async function readCorosyncConf(path: string): Promise<ConfSection> {
  let source: string;
  try {
    source = await readFile(path, 'utf8');
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'No such file or directory' : (error as Error).message;
    return fail(`Unable to read Corosync configuration '${path}': ${reason}`);
  }
  return parseCorosyncTree(source);
}

/** @throws {PcsError} when it is no corosync.conf */
export function parseCorosyncTree(source: string): ConfSection {
  try {
    return parseConfTree(source);
  } catch (error) {
    return fail(`Unable to parse corosync config: ${(error as Error).message}`);
  }
}

/** Nodes of a cluster; a node without `name` is called by its first address. */
export function confNodes(root: ConfSection): ConfNode[] {
  return confSections(root, 'nodelist').flatMap((nodelist) =>
    confSections(nodelist, 'node').map((node) => {
      const addresses: string[] = [];
      for (let link = 0; link < 8; link++) {
        const address = confAttribute(node, `ring${link}_addr`);
        if (address !== undefined) addresses.push(address);
      }
      const name = confAttribute(node, 'name') ?? addresses[0] ?? '';
      return { name, addresses, nodeId: Number(confAttribute(node, 'nodeid') ?? '0') };
    }),
  );
}

export function clusterName(root: ConfSection): string {
  return (
    confSections(root, 'totem')
      .map((totem) => confAttribute(totem, 'cluster_name'))
      .find((name) => name !== undefined) ?? ''
  );
}

/** Adds nodes with the lowest free ids; two_node follows the count (cli-pcs.md 7). */
export function addConfNodes(
  root: ConfSection,
  added: readonly { name: string; addresses: readonly string[] }[],
): ConfSection {
  const used = new Set(confNodes(root).map((node) => node.nodeId));
  let nodelist = confSections(root, 'nodelist')[0] ?? fail('corosync.conf has no nodelist');
  const old = nodelist;
  for (const node of added) {
    let nodeId = 1;
    while (used.has(nodeId)) nodeId += 1;
    used.add(nodeId);
    nodelist = withConfSection(nodelist, undefined, nodeSection({ ...node, nodeId }));
  }
  return fixTwoNode(withConfSection(root, old, nodelist));
}

/** Removes nodes by name. */
export function removeConfNodes(root: ConfSection, names: readonly string[]): ConfSection {
  let result = root;
  for (const nodelist of confSections(root, 'nodelist')) {
    const kept = confSections(nodelist, 'node').filter((node) => {
      const name = confAttribute(node, 'name') ?? confAttribute(node, 'ring0_addr') ?? '';
      return !names.includes(name);
    });
    result = withConfSection(result, nodelist, { ...nodelist, sections: kept });
  }
  return fixTwoNode(result);
}

function fixTwoNode(root: ConfSection): ConfSection {
  const quorum = confSections(root, 'quorum')[0];
  if (quorum === undefined) return root;
  const two = wantsTwoNode(confNodes(root).length, confAttribute(quorum, 'auto_tie_breaker'));
  return withConfSection(root, quorum, withConfAttribute(quorum, 'two_node', two ? '1' : undefined));
}

export { printConfTree };
