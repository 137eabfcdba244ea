import { findAll, resourceActions } from '../actions/create.ts';
import { operationKey } from '../actions/keys.ts';
import type { Action } from '../model/action.ts';
import { type ClusterNode, isGuestNode } from '../model/node.ts';
import type { Resource } from '../model/resource.ts';
import { Role, roleText } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { newestFirst } from '../orderings/apply.ts';
import { currentNode } from '../placement/current-node.ts';
import { locationsOf } from '../placement/nodes.ts';

/**
 * Lines of the transition summary (scheduler-3 20.5). The run needs it once before the graph is made: columns' widths
 * grow, roles of inactive resources change, and actions without node get one.
 */
export function transitionSummary(set: WorkingSet): string[] {
  const lines: string[] = [];
  for (const action of newestFirst(set.actions)) {
    if (action.resource !== undefined || action.optional || action.node === undefined) continue;
    let verb: string;
    if (action.task === 'do_shutdown') verb = 'Shutdown';
    else if (action.task === 'stonith') verb = `Fence (${action.meta.get('stonith_action') ?? ''})`;
    else continue;
    const { node } = action;
    const guest = isGuestNode(node) ? ` (resource: ${node.connection?.launcher?.id ?? ''})` : '';
    if (action.reason !== undefined) lines.push(`${verb} ${node.name}${guest} '${action.reason}'`);
  }
  for (const resource of set.resources) summarize(set, resource, lines);
  return lines;
}

function summarize(set: WorkingSet, resource: Resource, lines: string[]): void {
  if (resource.variant === 'bundle') {
    for (const { ip, container, remote, child } of resource.bundle?.replicas ?? []) {
      for (const part of [ip, container, remote, child]) if (part !== undefined) summarize(set, part, lines);
    }
    return;
  }
  if (resource.variant !== 'primitive') {
    for (const child of resource.children) summarize(set, child, lines);
    return;
  }
  const next = locationsOf(resource, 'assigned')[0];
  let current: ClusterNode | undefined;
  if (resource.activeNodes.length > 0) {
    current = currentNode(resource);
    if (resource.origRole === Role.stopped) resource.origRole = Role.started;
  }
  if (current === undefined && resource.removed) return;
  if (!resource.managed || (current === undefined && next === undefined)) return;
  new Summary(set, resource, current, next, lines).add();
}

/** What is said about one primitive. */
class Summary {
  private readonly set: WorkingSet;
  private readonly resource: Resource;
  private readonly current: ClusterNode | undefined;
  private readonly next: ClusterNode | undefined;
  private readonly lines: string[];

  constructor(
    set: WorkingSet,
    resource: Resource,
    current: ClusterNode | undefined,
    next: ClusterNode | undefined,
    lines: string[],
  ) {
    this.set = set;
    this.resource = resource;
    this.current = current;
    this.next = next;
    this.lines = lines;
  }

  private find(task: string, node: ClusterNode | undefined): Action | undefined {
    return resourceActions(this.resource, node, task, false)[0];
  }

  add(): void {
    const { resource, current, next } = this;
    const moving = current !== undefined && next !== undefined && current !== next;
    const start = this.find('start', next);
    const startNode = start === undefined || !start.runnable ? undefined : current;
    let stop = this.find('stop', startNode);
    if (stop === undefined && resource.stopUnexpected) stop = this.find('stop', undefined);
    const promote = this.find('promote', next);
    const demote = this.find('demote', next);
    if (next !== undefined && resource.origRole === resource.nextRole) {
      this.addSameRole(start, stop, promote, demote, moving);
    } else {
      this.addChangedRole(start, stop, promote, demote, moving);
    }
  }

  private addSameRole(
    start: Action | undefined,
    stop: Action | undefined,
    promote: Action | undefined,
    demote: Action | undefined,
    moving: boolean,
  ): void {
    const { resource, current, next } = this;
    const migrate = this.next === undefined ? undefined : this.find('migrate_from', next);
    if (migrate?.runnable === true && current !== undefined) {
      this.item('Migrate', current, next, start);
    } else if (resource.reload) {
      this.item('Reload', current, next, start);
    } else if (start === undefined || start.optional) {
      if (demote !== undefined && promote !== undefined && !demote.optional && !promote.optional) {
        this.item('Re-promote', current, next, promote, demote);
      }
    } else if (!start.runnable) {
      this.item('Stop', current, undefined, stop, stop?.reason === undefined ? start : stop);
    } else if (moving) {
      this.item(resource.failed ? 'Recover' : 'Move', current, next, stop);
    } else if (resource.failed) {
      this.item('Recover', current, undefined, stop);
    } else {
      this.item('Restart', current, next, start);
    }
  }

  private addChangedRole(
    start: Action | undefined,
    stop: Action | undefined,
    promote: Action | undefined,
    demote: Action | undefined,
    moving: boolean,
  ): void {
    const { resource, current, next } = this;
    const stopping = stop !== undefined;
    if (stopping && (resource.nextRole === Role.stopped || (start !== undefined && !start.runnable))) {
      for (const node of resource.activeNodes) {
        const own = findAll(resource, operationKey(resource.id, 'stop', 0), node)[0];
        this.item('Stop', node, undefined, own, own?.reason === undefined ? start : own);
      }
    } else if (stopping && resource.failed && resource.stopIfFailed) {
      this.item('Recover', current, next, stop, start);
    } else if (moving) {
      this.item('Move', current, next, stop);
    } else if (resource.reload) {
      this.item('Reload', current, next, start);
    } else if (stopping && !stop.optional) {
      this.item('Restart', current, next, start);
    } else if (resource.origRole === Role.promoted) {
      this.item('Demote', current, next, demote);
    } else if (resource.nextRole === Role.promoted) {
      this.item('Promote', current, next, promote);
    } else if (resource.origRole === Role.stopped && resource.nextRole > Role.stopped) {
      this.item('Start', current, next, start);
    }
  }

  private item(
    verb: string,
    origin: ClusterNode | undefined,
    destination: ClusterNode | undefined,
    action: Action | undefined,
    source: Action | undefined = action,
  ): void {
    const { resource } = this;
    const widths = this.set.summaryWidths;
    if (resource.id.length > widths.resource) widths.resource = resource.id.length + 2;
    const details = detailsOf(resource, origin, destination);
    if (details.length > widths.detail) widths.detail = details.length;
    const line = `${verb.padEnd(8)}   ${resource.id.padEnd(widths.resource)}   ( ${details.padStart(widths.detail)} )`;
    const reason = reasonOf(action, source);
    this.lines.push(reason === '' ? line : `${line}  ${reason}`);
  }
}

function reasonOf(action: Action | undefined, source: Action | undefined): string {
  const blocked = action !== undefined && !action.runnable;
  if (source?.reason !== undefined) return `due to ${source.reason}${blocked ? ' (blocked)' : ''}`;
  return blocked ? 'blocked' : '';
}

function detailsOf(resource: Resource, origin: ClusterNode | undefined, destination: ClusterNode | undefined): string {
  const { origRole, nextRole } = resource;
  const [from, to] = [roleText(origRole), roleText(nextRole)];
  const needRole = origRole > Role.started || nextRole > Role.unpromoted;
  if (origin === undefined) return needRole ? `${from} -> ${to} ${destination?.name}` : `${destination?.name}`;
  if (destination === undefined) return needRole ? `${from} ${origin.name}` : origin.name;
  const sameHost = origin === destination;
  if (origRole === nextRole) {
    if (sameHost) return needRole ? `${from} ${origin.name}` : origin.name;
    return needRole ? `${origin.name} -> ${destination.name} ${from}` : `${origin.name} -> ${destination.name}`;
  }
  if (sameHost) return `${from} -> ${to} ${origin.name}`;
  return `${from} ${origin.name} -> ${to} ${destination.name}`;
}
