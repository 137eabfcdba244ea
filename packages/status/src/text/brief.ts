import type { ClusterNode, Resource } from '@sanode/scheduler';
import type { Report } from '../report.ts';
import { agentOf } from '../resource-facts.ts';
import type { ListOutput } from './list.ts';

interface AgentCount {
  total: number;
  readonly active: Map<ClusterNode, number>;
}

/**
 * Counts of primitives by agent, and by node (cli-crm.md 4.4.4, brief).
 * @param style.byNode the nodes are named; else all that is active counts as one
 * @param style.always also agents with nothing active, and `a/b` counts
 */
export function printBrief(
  out: ListOutput,
  report: Report,
  resources: readonly Resource[],
  style: { byNode: boolean; always: boolean },
): number {
  const agents = new Map<string, AgentCount>();
  for (const resource of resources) {
    const agent = agentOf(resource);
    const count = agents.get(agent) ?? { total: 0, active: new Map() };
    count.total += 1;
    for (const node of resource.activeNodes) {
      if (!node.online && !node.unclean && resource.managed) continue;
      if (report.wantsNode(node)) count.active.set(node, (count.active.get(node) ?? 0) + 1);
    }
    agents.set(agent, count);
  }
  let lines = 0;
  for (const [agent, count] of [...agents].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))) {
    for (const text of agentLines(report, agent, count, style)) {
      out.item(text);
      lines += 1;
    }
  }
  return lines;
}

function agentLines(
  report: Report,
  agent: string,
  count: AgentCount,
  style: { byNode: boolean; always: boolean },
): string[] {
  const lines = [...count.active]
    .sort(([a], [b]) => report.byName(a, b))
    .map(
      ([node, active]) =>
        `${active}${style.always ? `/${count.total}` : ''}\t(${agent}):\tActive ${style.byNode ? node.name : ''}`,
    );
  if (lines.length === 0 && style.always) return [`0/${count.total}\t(${agent}):\tActive`];
  return lines;
}
