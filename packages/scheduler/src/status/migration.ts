import { attr, type Element } from '@sanode/xml';
import { findNode } from '../inputs/nodes.ts';
import type { ClusterNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { Role } from '../model/role.ts';
import { configError, type WorkingSet } from '../model/working-set.ts';
import { sameText } from '../values/names.ts';
import { compareEntries, type Entry, OpStatus } from './entry.ts';
import { addRunning } from './running.ts';

/** History of one live migration, as two nodes tell it (scheduler-1 8.9). */
class MigrationHistory {
  readonly set: WorkingSet;
  /** The resource's own id: migrations of an anonymous clone's instances are never found, as in the reference. */
  readonly resourceId: string;

  constructor(set: WorkingSet, resourceId: string) {
    this.set = set;
    this.resourceId = resourceId;
  }

  entries(node: string): readonly Element[] {
    return this.set.index.historyByNode.get(node)?.get(this.resourceId) ?? [];
  }

  /** The one entry of a task on a node, if it ended with the code; none if there are several, whatever their codes. */
  one(task: string, node: string, other: string | undefined, code: string | undefined): Element | undefined {
    const found = this.entries(node).filter((xml) => {
      if (attr(xml, 'operation') !== task) return false;
      if (task === 'migrate_to' && other !== undefined && attr(xml, 'migrate_target') !== other) return false;
      if (task === 'migrate_from' && other !== undefined && attr(xml, 'migrate_source') !== other) return false;
      return true;
    });
    const [only] = found;
    if (found.length !== 1 || only === undefined) return undefined;
    return code === undefined || (attr(only, 'rc-code') === code && attr(only, 'op-status') === '0') ? only : undefined;
  }

  /** Whether something but a monitor happened on a node after an entry. */
  nonMonitorAfter(node: string, entry: Element): boolean {
    return this.entries(node).some(
      (xml) =>
        ['start', 'stop', 'migrate_to', 'migrate_from'].includes(attr(xml, 'operation') ?? '') &&
        compareEntries(xml, entry) > 0,
    );
  }

  notRunningAfter(node: string, entry: Element): boolean {
    const monitor = this.one('monitor', node, undefined, '7');
    return monitor !== undefined && compareEntries(monitor, entry) > 0;
  }

  newerState(node: string, to: Element | undefined, from: Element | undefined): boolean {
    let entry = from ?? to;
    if (from !== undefined && to !== undefined && sameText(attr(from, 'migrate_source'), node)) entry = to;
    if (entry === undefined) return false;
    return this.nonMonitorAfter(node, entry) || this.notRunningAfter(node, entry);
  }

  unknownOn(node: string): boolean {
    return !this.entries(node).some((xml) => attr(xml, 'rc-code') !== '193');
  }
}

interface Ends {
  readonly source: string;
  readonly target: string;
  readonly history: MigrationHistory;
}

function endsOf(
  set: WorkingSet,
  resource: Resource,
  node: ClusterNode,
  entry: Entry,
  here: 'source' | 'target',
): Ends | undefined {
  const source = attr(entry.xml, 'migrate_source');
  const target = attr(entry.xml, 'migrate_target');
  if (source === undefined || target === undefined || !sameText(here === 'source' ? source : target, node.name)) {
    configError(set, `Ignoring ${entry.id} on ${node.name}: its migration's nodes are not recorded as they should be`);
    return undefined;
  }
  return { source, target, history: new MigrationHistory(set, resource.id) };
}

/** A `migrate_to` that succeeded on its source. */
export function successfulMigrateTo(set: WorkingSet, resource: Resource, node: ClusterNode, entry: Entry): void {
  const ends = endsOf(set, resource, node, entry, 'source');
  if (ends === undefined) return;
  const { source, target, history } = ends;
  const sourceNewer = history.nonMonitorAfter(source, entry.xml);
  const from = history.one('migrate_from', target, source, undefined);
  if (from !== undefined && sourceNewer) return;
  const fromCode = from === undefined ? '0' : (attr(from, 'rc-code') ?? '0');
  const fromStatus = from === undefined ? OpStatus.pending : Number(attr(from, 'op-status') ?? OpStatus.pending);
  const targetNewer = history.newerState(target, entry.xml, from);
  if (sourceNewer && targetNewer) return;
  if (fromCode === '0' && fromStatus === OpStatus.done) {
    resource.origRole = Role.stopped;
    resource.danglingMigrationSources.unshift(node);
    return;
  }
  resource.origRole = Role.started;
  const targetNode = findNode(set, target);
  const activeOnTarget = !targetNewer && targetNode?.online === true;
  if (fromStatus !== OpStatus.pending) {
    if (activeOnTarget && targetNode !== undefined) addRunning(set, resource, targetNode, true);
    else giveUpMigration(resource);
    return;
  }
  if (targetNode?.online === true && history.unknownOn(target)) return;
  if (activeOnTarget && targetNode !== undefined) {
    addRunning(set, resource, targetNode, false);
    if (node.online) {
      resource.partialMigrationTarget = targetNode;
      resource.partialMigrationSource = node;
    }
  } else if (!sourceNewer) {
    giveUpMigration(resource);
  }
}

function giveUpMigration(resource: Resource): void {
  resource.failed = true;
  resource.stopIfFailed = true;
  resource.migratable = false;
}

/** A `migrate_to` that failed on its source: the resource may be at either end. */
export function failedMigrateTo(set: WorkingSet, resource: Resource, node: ClusterNode, entry: Entry): void {
  const ends = endsOf(set, resource, node, entry, 'source');
  if (ends === undefined) return;
  const { source, target, history } = ends;
  resource.origRole = Role.started;
  const from = history.one('migrate_from', target, source, '0');
  if (!history.unknownOn(target) && !history.newerState(target, entry.xml, from)) {
    const targetNode = findNode(set, target);
    if (targetNode?.online === true) addRunning(set, resource, targetNode, false);
  } else if (!history.nonMonitorAfter(source, entry.xml)) {
    resource.danglingMigrationSources.unshift(node);
  }
}

/** A `migrate_from` that failed on its target. */
export function failedMigrateFrom(set: WorkingSet, resource: Resource, node: ClusterNode, entry: Entry): void {
  const ends = endsOf(set, resource, node, entry, 'target');
  if (ends === undefined) return;
  const { source, target, history } = ends;
  resource.origRole = Role.started;
  const to = history.one('migrate_to', source, target, '0');
  if (history.unknownOn(source) || history.newerState(source, to, entry.xml)) return;
  const sourceNode = findNode(set, source);
  if (sourceNode?.online === true) addRunning(set, resource, sourceNode, true);
}
