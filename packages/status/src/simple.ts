import type { Report } from './report.ts';
import { counted } from './texts.ts';

/** The line that Nagios reads, and whether all is well (cli-crm.md 4.8). */
export function simpleReport(report: Report): { line: string; ok: boolean } {
  const { nodes, dcNode, counts } = report.set;
  const problems: string[] = [];
  let online = 0;
  let standby = 0;
  let maintenance = 0;
  if (dcNode === undefined) problems.push('No DC');
  const offline: string[] = [];
  for (const node of nodes) {
    if (node.standby && node.online) standby += 1;
    else if (node.maintenance && node.online) maintenance += 1;
    else if (node.online) online += 1;
    else offline.push(`offline node: ${node.name}`);
  }
  if (offline.length > 0) problems.push(offline.join(' '));
  if (problems.length > 0) return { line: `CLUSTER WARN: ${problems.join(', ')}`, ok: false };
  const extras = [
    standby > 0 ? `, ${counted(standby, 'standby node', 'standby nodes')}` : '',
    maintenance > 0 ? `, ${counted(maintenance, 'maintenance node', 'maintenance nodes')}` : '',
  ].join('');
  const resources = counted(counts.total, 'resource instance', 'resource instances');
  return { line: `CLUSTER OK: ${counted(online, 'node', 'nodes')} online${extras}, ${resources} configured`, ok: true };
}
