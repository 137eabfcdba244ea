import { type ClusterNode, isGuestNode } from '@sanode/scheduler';
import type { Report } from './report.ts';

export type Health = 'green' | 'yellow' | 'red';

/** A node's health from its `#health` attributes (cli-crm.md 4.4.3). */
export function nodeHealth(report: Report, node: ClusterNode): Health {
  const { healthStrategy } = report.set.options;
  if (healthStrategy === 'none') return 'green';
  const scores = healthScores(report);
  let health: Health = 'green';
  for (const [name, value] of node.attributes) {
    if (!name.startsWith('#health')) continue;
    const number = /^[+-]?(\d+|INFINITY)$/i.test(value) ? scoreOf(value) : undefined;
    if (value === 'red' || (number !== undefined && number <= scores.red)) return 'red';
    const isYellow = number !== undefined && scores.yellow !== scores.green && number <= scores.yellow;
    if (value === 'yellow' || isYellow) health = 'yellow';
  }
  return health;
}

function healthScores(report: Report): { red: number; yellow: number; green: number } {
  const { healthStrategy, values } = report.set.options;
  if (healthStrategy === 'migrate-on-red') return { red: -1_000_000, yellow: 0, green: 0 };
  if (healthStrategy === 'only-green') return { red: -1_000_000, yellow: -1_000_000, green: 0 };
  const score = (name: string, fallback: string): number => scoreOf(values.get(name) ?? fallback);
  return {
    red: score('node-health-red', '-INFINITY'),
    yellow: score('node-health-yellow', '0'),
    green: score('node-health-green', '0'),
  };
}

function scoreOf(value: string): number {
  if (/^\+?INFINITY$/i.test(value)) return 1_000_000;
  if (/^-INFINITY$/i.test(value)) return -1_000_000;
  return Math.max(-1_000_000, Math.min(1_000_000, Number.parseInt(value, 10) || 0));
}

/** The node's status in words; the first that applies (cli-crm.md 4.4.3). */
export function nodeStatus(report: Report, node: ClusterNode): string {
  const busy = report.runningOn(node).length > 0 ? ' (with active resources)' : '';
  if (node.unclean) return `UNCLEAN (${node.online ? 'online' : node.pending ? 'pending' : 'offline'})`;
  if (node.pending) return 'pending';
  if (node.failStandby && node.online) return `standby (on-fail)${busy === '' ? '' : ', with active resources'}`;
  if (node.standby) return node.online ? `standby${busy}` : 'OFFLINE (standby)';
  if (node.maintenance) return node.online ? 'maintenance' : 'OFFLINE (maintenance)';
  return node.online ? 'online' : 'OFFLINE';
}

/** Feature set of a full node that is online and shall be, from its attribute; undefined for others. */
export function featureSetOf(node: ClusterNode): string | undefined {
  if (!node.online || !node.expectedUp || node.variant !== 'cluster') return undefined;
  return node.attributes.get('#feature-set') ?? '<3.15.1';
}

/** Whether online full nodes differ in their feature set. */
export function isMixedVersion(nodes: readonly ClusterNode[]): boolean {
  const versions = new Set(nodes.flatMap((node) => featureSetOf(node) ?? []));
  return versions.size > 1;
}

/** Name with what -R adds: the host of a guest, the id. */
export function nodeTitle(node: ClusterNode, detail: boolean): string {
  if (!detail) return node.name;
  const host = isGuestNode(node) ? `@${node.connection?.launcher?.activeNodes[0]?.name ?? ''}` : '';
  return `${node.name}${host}${node.id === node.name ? '' : ` (${node.id})`}`;
}
