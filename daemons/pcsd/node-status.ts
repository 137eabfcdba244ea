import { readFile } from 'node:fs/promises';
import type { PcsFiles, RunResult } from '@sanode/cli/tools/pcs/context';
import { localNodeName } from '@sanode/cli/tools/pcs/local-node';
import { childElements, firstChild, parseXml } from '@sanode/xml';

interface StatusDeps {
  readonly files: PcsFiles;
  tool(name: string, argv: readonly string[]): Promise<RunResult>;
  hostName(): string;
}

/** Status of the local node as pacemaker sees it (`pacemaker_node_status`). */
export async function localNodeStatus(deps: StatusDeps): Promise<Record<string, unknown>> {
  const stopped = { pacemaker_not_running: true };
  const { code, stdout } = await deps.tool('crm_mon', ['--one-shot', '--inactive', '--output-as', 'xml']);
  if (code !== 0) return stopped;
  const conf = await readFile(deps.files.corosyncConf, 'utf8').catch(() => '');
  const name = await localNodeName(conf, deps.hostName());
  const nodes = firstChild(parseXml(stdout), 'nodes');
  const node = nodes && childElements(nodes, 'node').find((candidate) => candidate.attributes.get('name') === name);
  if (node === undefined) return stopped;
  const status: Record<string, unknown> = { offline: node.attributes.get('online') !== 'true' };
  for (const [key, value] of node.attributes) {
    if (value === 'true' || value === 'false') status[key] = value === 'true';
    else status[key] = key === 'resources_running' ? Number(value) : value;
  }
  return status;
}
