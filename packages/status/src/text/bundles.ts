import type { BundleReplica, Resource } from '@sanode/scheduler';
import { onWantedNode, type Report } from '../report.ts';
import { unmanagedWord } from '../resource-facts.ts';
import type { ListOutput } from './list.ts';
import { printPrimitive } from './primitive.ts';

/** A bundle: a line for each replica, or with -R all its parts (cli-crm.md 4.4.4). */
export function printBundle(out: ListOutput, report: Report, bundle: Resource): boolean {
  const data = bundle.bundle;
  if (data === undefined) return false;
  const replicas = data.replicas.filter((replica) => isWanted(report, bundle, replica));
  const notes = `${bundle.unique ? ' (unique)' : ''}${bundle.managed ? '' : ` (${unmanagedWord(report, bundle)})`}`;
  const title = data.replicas.length > 1 ? 'Container bundle set' : 'Container bundle';
  const all = namesPart(report, bundle);
  out.begin(`${title}: ${bundle.id} [${data.image}]${notes}`);
  for (const replica of replicas) {
    if (report.options.detail || all) printParts(out, report, bundle, replica);
    else printReplica(out, report, replica);
  }
  out.end();
  return true;
}

function partsOf(replica: BundleReplica): Resource[] {
  return [replica.ip, replica.child, replica.container, replica.remote].filter((part) => part !== undefined);
}

function namesPart(report: Report, bundle: Resource): boolean {
  if (report.options.resources === undefined || report.namesResource(bundle)) return false;
  return (
    bundle.bundle?.replicas.some((replica) => partsOf(replica).some((part) => report.namesResource(part))) === true
  );
}

function isWanted(report: Report, bundle: Resource, replica: BundleReplica): boolean {
  if (!onWantedNode(report, replica.container)) return false;
  if (report.options.resources === undefined || report.namesResource(bundle)) return true;
  return partsOf(replica).some((part) => report.namesResource(part));
}

function printReplica(out: ListOutput, report: Report, replica: BundleReplica): void {
  const shown = replica.child ?? replica.container;
  const base = replica.remote?.id ?? replica.container.id;
  const name = replica.ipAddress === undefined ? base : `${base} (${replica.ipAddress})`;
  printPrimitive(out, report, shown, { node: replica.container.activeNodes[0], groupByNode: false, name });
}

function printParts(out: ListOutput, report: Report, bundle: Resource, replica: BundleReplica): void {
  const several = (bundle.bundle?.replicas.length ?? 0) > 1;
  if (several) out.begin(`Replica[${replica.offset}]`, '');
  else out.beginSilent();
  for (const part of partsOf(replica)) {
    const named = report.options.resources === undefined || report.namesResource(bundle) || report.namesResource(part);
    if (named) printPrimitive(out, report, part, { node: part.activeNodes[0], groupByNode: false });
  }
  out.end();
}
