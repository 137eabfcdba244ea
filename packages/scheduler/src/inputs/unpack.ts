import { compareVersions, fromEpoch, isTrue, scanInteger } from '@sanode/rules';
import { attr, childElements, descend, type Element, firstChild } from '@sanode/xml';
import { type Resource, topOf, withDescendants } from '../model/resource.ts';
import { parseRole, Role } from '../model/role.ts';
import { configError, log, type Message, offerRecheck, type WorkingSet } from '../model/working-set.ts';
import type { ScheduleOptions } from '../schedule.ts';
import { unpackHistories } from '../status/history.ts';
import { unpackNodeState } from '../status/node-state.ts';
import { unpackTicketState } from '../status/tickets.ts';
import { featureSet } from '../values/release.ts';
import { indexCib } from './cib-index.ts';
import { addNode, applyStartupFencing, findNode, unpackNodes, unpackRemoteNodes } from './nodes.ts';
import { asksForUnfencing, readOptions } from './options.ts';
import { unpackResource } from './resources.ts';

/** Builds the model of a CIB, in the reference's order, which the numbering of actions depends on (scheduler-1 1.1). */
export function unpackCib(cib: Element, options: ScheduleOptions): WorkingSet {
  const set = emptySet(cib, options);
  const version = attr(cib, 'crm_feature_set');
  if (version !== undefined && compareVersions(version, featureSet) > 0) {
    configError(set, `The CIB's feature set ${version} is newer than ours, ${featureSet}`);
    return set;
  }
  if (!set.quorate && set.options.noQuorumPolicy !== 'ignore') {
    log(set, 'warning', 'Fencing and resource management disabled due to lack of quorum');
  }
  unpackNodes(set);
  unpackResources(set);
  unpackTags(set);
  unpackStatus(set);
  count(set);
  const { localNode } = options;
  if (localNode !== undefined && findNode(set, localNode) === undefined)
    addNode(set, localNode, localNode, 'cluster', 0);
  return set;
}

function effectiveTime(cib: Element, options: ScheduleOptions): number {
  const recorded = options.useExecutionDate === true ? attr(cib, 'execution-date') : undefined;
  const scanned = recorded === undefined ? undefined : scanInteger(recorded);
  return scanned?.ok === true ? scanned.value * 1000 : options.nowMs;
}

function emptySet(cib: Element, options: ScheduleOptions): WorkingSet {
  const nowMs = effectiveTime(cib, options);
  const utcOffsetSeconds = options.utcOffsetSeconds ?? 0;
  const index = indexCib(cib);
  const messages: Message[] = [];
  const quorate = isTrue(attr(cib, 'have-quorum'));
  const time = { nowMs, recheckBy: undefined as number | undefined };
  const offer = (epochSeconds: number) => offerRecheck(time as WorkingSet, epochSeconds);
  const clusterOptions = readOptions(cib, index, { nowMs, utcOffsetSeconds }, quorate, {
    messages,
    offerRecheck: offer,
  });
  return {
    cib,
    index,
    nowMs,
    now: fromEpoch(Math.floor(nowMs / 1000), utcOffsetSeconds),
    utcOffsetSeconds,
    options: clusterOptions,
    featureSet: options.featureSet ?? featureSet,
    quorate,
    sanitized: options.sanitized === true,
    nodes: [],
    nodesById: new Map(),
    nodesByName: new Map(),
    resources: [],
    historyIds: new Set(),
    rescheduledEntries: new Map(),
    templates: new Map(),
    tags: new Map(),
    tickets: new Map(),
    dcNode: undefined,
    hasFenceDevice: false,
    haveRemoteNodes: false,
    unfencingEnabled: asksForUnfencing(cib),
    failedOperations: [],
    resourcesById: new Map(),
    stopNeeded: [],
    counts: { total: 0, disabled: 0, blocked: 0 },
    recheckBy: time.recheckBy,
    nextActionId: 1,
    actions: [],
    singletons: new Map(),
    orderings: [],
    locations: [],
    colocations: [],
    deferredChecks: [],
    printed: [],
    showUtilization: options.showUtilization === true,
    messages,
    summaryWidths: { resource: 5, detail: 5 },
  };
}

function unpackResources(set: WorkingSet): void {
  const section = descend(set.cib, 'configuration', 'resources');
  const definitions = section === undefined ? [] : childElements(section);
  for (const xml of unpackRemoteNodes(set, definitions)) {
    if (xml.name === 'template') {
      const id = attr(xml, 'id');
      if (id !== undefined && !set.templates.has(id)) set.templates.set(id, []);
      continue;
    }
    const resource = unpackResource(set, xml, undefined);
    if (resource !== undefined) set.resources.push(resource);
  }
  for (const resource of set.resources) {
    linkLauncher(set, resource);
    linkRemoteNode(set, resource);
  }
  set.resources.sort((a, b) => b.priority - a.priority);
}

function linkLauncher(set: WorkingSet, resource: Resource): void {
  for (const each of withDescendants(resource)) {
    const id = each.variant === 'primitive' ? each.meta.get('container') : undefined;
    if (id === undefined || id === each.id) continue;
    const launcher = set.resourcesById.get(id);
    if (launcher === undefined) {
      configError(set, `Resource ${each.id}: there is no container '${id}'`);
      continue;
    }
    each.launcher = launcher;
    launcher.launched.push(each);
  }
}

function linkRemoteNode(set: WorkingSet, resource: Resource): void {
  if (!resource.remoteConnection) return;
  const node = findNode(set, resource.id);
  if (node === undefined) return;
  node.connection = resource;
  if (resource.launcher === undefined) applyStartupFencing(set, node);
  else node.attributes.set('#kind', 'container');
}

function unpackTags(set: WorkingSet): void {
  const tags = descend(set.cib, 'configuration', 'tags');
  for (const tag of tags === undefined ? [] : childElements(tags, 'tag')) {
    const id = attr(tag, 'id');
    if (id === undefined) continue;
    const members = set.tags.get(id) ?? [];
    for (const reference of childElements(tag, 'obj_ref')) {
      const member = attr(reference, 'id');
      if (member !== undefined && !members.includes(member)) members.push(member);
    }
    set.tags.set(id, members);
  }
}

function unpackStatus(set: WorkingSet): void {
  const status = firstChild(set.cib, 'status');
  for (const child of status === undefined ? [] : childElements(status)) {
    if (child.name === 'tickets') unpackTicketState(set, child);
    else if (child.name === 'node_state') unpackNodeState(set, child);
  }
  unpackHistories(set);
}

/** Whether `target-role` keeps a resource from being what it could be. */
export function isDisabled(resource: Resource): boolean {
  const role = parseRole(resource.meta.get('target-role'));
  if (role === Role.stopped) return true;
  return role === Role.unpromoted && topOf(resource).promotable;
}

function count(set: WorkingSet): void {
  for (const top of set.resources) {
    for (const each of withDescendants(top)) {
      if (each.variant !== 'primitive') continue;
      if (each.removed && each.origRole <= Role.stopped) continue;
      set.counts.total += 1;
      if (isDisabled(each)) set.counts.disabled += 1;
      if (each.blocked) set.counts.blocked += 1;
    }
  }
}
