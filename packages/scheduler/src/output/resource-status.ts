import { integerAtLeast, isTrue } from '@sanode/rules';
import { attr } from '@sanode/xml';
import { parseKey } from '../actions/keys.ts';
import { isDisabled } from '../inputs/unpack.ts';
import type { ClusterNode } from '../model/node.ts';
import { anyRecursive, printableId, type Resource, topOf } from '../model/resource.ts';
import { parseRole, Role, roleText } from '../model/role.ts';
import type { WorkingSet } from '../model/working-set.ts';
import { currentNode } from '../placement/current-node.ts';
import { locationsOf } from '../placement/nodes.ts';
import { isActive, stateOf } from '../status/active.ts';
import { historyKey, isMaskedProbeFailure } from '../status/entry.ts';
import { exitText } from '../values/exit-text.ts';
import { compareBytes, compareNames, sameText } from '../values/names.ts';
import type { ListText } from './text.ts';

interface Context {
  readonly text: ListText;
  readonly showPending: boolean;
  /** Prints the title of the list around, once something is shown. */
  open(): void;
}

/** Prints a resource by its kind. */
export function showResource(set: WorkingSet, resource: Resource, context: Context): void {
  switch (resource.variant) {
    case 'primitive':
      showPrimitive(set, resource, context);
      break;
    case 'group':
      showGroup(set, resource, context);
      break;
    case 'clone':
      showClone(set, resource, context);
      break;
    case 'bundle':
      showBundle(set, resource, context);
      break;
  }
}

const pendingTexts: Readonly<Record<string, string>> = {
  start: 'Starting',
  stop: 'Stopping',
  migrate_to: 'Migrating',
  migrate_from: 'Migrating',
  promote: 'Promoting',
  demote: 'Demoting',
};

function agentText(resource: Resource): string {
  const { meta } = resource;
  const parts = [meta.get('class'), meta.get('provider'), meta.get('type')];
  return parts.filter((part) => part !== undefined).join(':');
}

function shownRole(resource: Resource): Role {
  return resource.origRole === Role.started && topOf(resource).promotable ? Role.unpromoted : resource.origRole;
}

function showPrimitive(set: WorkingSet, resource: Resource, context: Context): void {
  if (isTrue(resource.meta.get('internal_rsc'))) return;
  context.open();
  context.text.item(primitiveText(set, resource, printableId(resource), nodeOf(resource), context.showPending));
}

function nodeOf(resource: Resource): ClusterNode | undefined {
  if (resource.activeNodes.length > 1) return undefined;
  return currentNode(resource) ?? resource.pendingNode;
}

/** The line of a primitive (scheduler-3 20.6). */
function primitiveText(
  set: WorkingSet,
  resource: Resource,
  name: string,
  node: ClusterNode | undefined,
  showPending: boolean,
): string {
  const place = resource.activeNodes.length > 1 ? undefined : (node ?? resource.lockNode);
  let line = `${name}\t(${agentText(resource)}):\t`;
  if (resource.removed) line += ' ORPHANED';
  const role = shownRole(resource);
  if (resource.failed) {
    line += role > Role.unpromoted ? ' FAILED Promoted' : ' FAILED';
  } else {
    const pending =
      showPending && resource.pendingAction !== undefined ? pendingTexts[resource.pendingAction] : undefined;
    line += ` ${pending ?? roleText(role)}`;
  }
  if (place !== undefined) line += ` ${place.name}`;
  const masked = role === Role.stopped ? maskedProbeText(set, resource, place) : undefined;
  if (masked !== undefined) line += ` (${masked}) `;
  const flags = flagsOf(resource, place, showPending);
  if (flags.length > 0) line += ` (${flags.join(', ')})`;
  const active = resource.activeNodes;
  if (active.length > 1) {
    const description = attr(resource.xml, 'description');
    if (description !== undefined) line += ` (${description})`;
    line += ` [ ${active.map((each) => each.name).join(' ')} ]`;
  }
  return line;
}

function flagsOf(resource: Resource, node: ClusterNode | undefined, showPending: boolean): string[] {
  const flags: string[] = [];
  if (node !== undefined && !node.online && node.unclean) flags.push('UNCLEAN');
  if (node !== undefined && node === resource.lockNode) flags.push('LOCKED');
  if (showPending && resource.pendingAction === 'monitor') flags.push('Monitoring');
  const target = parseRole(resource.meta.get('target-role'));
  if (target === Role.stopped) flags.push('disabled');
  else if (target === Role.unpromoted && topOf(resource).promotable) {
    flags.push(`target-role:${resource.meta.get('target-role')}`);
  }
  if (resource.blocked) flags.push('blocked');
  else if (resource.maintenance) flags.push('maintenance');
  else if (!resource.managed) flags.push('unmanaged');
  if (resource.ignoreFailure) flags.push('failure ignored');
  return flags;
}

/** Why a resource can't be on a node, where a probe said so. */
function maskedProbeText(set: WorkingSet, resource: Resource, node: ClusterNode | undefined): string | undefined {
  const clone = resource.variant === 'clone' ? resource : undefined;
  const inClone = clone ?? (topOf(resource).variant === 'clone' ? topOf(resource) : undefined);
  const childId = inClone?.clone === undefined ? undefined : attr(inClone.clone.childXml, 'id');
  const id = childId ?? resource.id;
  for (const xml of set.failedOperations) {
    const status = Number(attr(xml, 'op-status') ?? 0);
    const code = attr(xml, 'rc-code') ?? '';
    if (!isMaskedProbeFailure(xml, status, Number(code))) continue;
    const where = attr(xml, 'on_node');
    // Without it an entry says nothing, whichever node is asked about (scheduler-3 20.6).
    if (where === undefined) continue;
    // By the name in the history: instances of unique clones are never found by their definition's id.
    if (parseKey(historyKey(xml))?.resource !== id) continue;
    if (node !== undefined && !sameText(where, node.name)) continue;
    return exitText(integerAtLeast(code, 0));
  }
  return undefined;
}

function collectiveFlags(resource: Resource): string[] {
  const flags: string[] = [];
  if (isDisabled(resource)) flags.push('disabled');
  if (resource.maintenance) flags.push('maintenance');
  else if (!resource.managed) flags.push('unmanaged');
  return flags;
}

function withFlags(title: string, flags: readonly string[]): string {
  return flags.length > 0 ? `${title} (${flags.join(', ')})` : title;
}

/** A context whose title is printed when something inside is. */
function nested(context: Context, title: string): Context & { close(): void } {
  let opened = false;
  return {
    text: context.text,
    showPending: context.showPending,
    open() {
      if (opened) return;
      context.open();
      context.text.begin(title);
      opened = true;
    },
    close() {
      if (opened) context.text.end();
    },
  };
}

function showGroup(set: WorkingSet, group: Resource, context: Context): void {
  const inside = nested(context, withFlags(`Resource Group: ${group.id}`, collectiveFlags(group)));
  for (const member of group.children) showResource(set, member, inside);
  inside.close();
}

function showClone(set: WorkingSet, clone: Resource, context: Context): void {
  const data = clone.clone;
  if (data === undefined) return;
  const flags = [];
  if (clone.promotable) flags.push('promotable');
  if (clone.unique) flags.push('unique');
  const title = `Clone Set: ${clone.id} [${attr(data.childXml, 'id')}]`;
  const inside = nested(context, withFlags(title, [...flags, ...collectiveFlags(clone)]));
  const promoted: string[] = [];
  const started: string[] = [];
  const stopped: Resource[] = [];
  for (const child of clone.children) {
    switch (shortForm(clone, child, context.showPending)) {
      case 'full':
        showResource(set, child, inside);
        break;
      case 'stopped':
        stopped.push(child);
        break;
      case 'promoted':
        promoted.push(locationsOf(child, 'current')[0]?.name ?? '');
        break;
      case 'started':
        started.push(locationsOf(child, 'current')[0]?.name ?? '');
        break;
    }
  }
  const list = (label: string, names: readonly string[]) => {
    inside.open();
    inside.text.item(`[ ${names.join(' ')} ]`, label);
  };
  if (promoted.length > 0) list('Promoted', promoted.sort(compareNames));
  if (started.length > 0) list(startedLabel(clone), started.sort(compareNames));
  showStopped(set, clone, promoted.length + started.length, stopped, list);
  inside.open();
  inside.close();
}

function configuredRole(clone: Resource): Role | undefined {
  const text = clone.meta.get('target-role') ?? clone.children[0]?.meta.get('target-role');
  return text === undefined ? undefined : parseRole(text);
}

function startedLabel(clone: Resource): string {
  if (!clone.promotable) return 'Started';
  return configuredRole(clone) === Role.unpromoted ? 'Unpromoted (target-role)' : 'Unpromoted';
}

type Form = 'full' | 'stopped' | 'promoted' | 'started' | 'nothing';

function shortForm(clone: Resource, child: Resource, showPending: boolean): Form {
  const partial = isActive(child, false);
  if (clone.unique) return partial || !clone.removed ? 'full' : 'nothing';
  if (showPending && child.pendingAction !== undefined && child.pendingAction !== 'probe') return 'full';
  if (!partial) return child.removed ? 'nothing' : 'stopped';
  const odd = (each: Resource) => each.removed || !each.managed || each.failed;
  if (anyRecursive(child, odd)) return 'full';
  if (!isActive(child, true)) return 'full';
  const places = locationsOf(child, 'current');
  const place = places.length === 1 ? places[0] : undefined;
  if (place === undefined || (!place.online && place.unclean)) return 'full';
  return stateOf(child, true) > Role.unpromoted ? 'promoted' : 'started';
}

function showStopped(
  set: WorkingSet,
  clone: Resource,
  listed: number,
  stopped: readonly Resource[],
  list: (label: string, names: readonly string[]) => void,
): void {
  const data = clone.clone;
  if (!clone.unique && data !== undefined && data.max > listed) {
    const nodes =
      clone.allowed.size > 0 ? [...clone.allowed.values()].map((entry) => entry.node) : [...clone.probed.values()];
    const states = new Map<string, string[]>();
    const role = configuredRole(clone);
    for (const node of nodes.sort((a, b) => compareNames(a.name, b.name))) {
      if (clone.activeNodes.includes(node)) continue;
      const masked = maskedProbeText(set, clone, node);
      let state = role === Role.stopped ? 'Stopped (disabled)' : 'Stopped';
      if (masked !== undefined) state = `Stopped (${masked})`;
      states.set(state, [...(states.get(state) ?? []), node.name]);
    }
    for (const state of [...states.keys()].sort(compareBytes)) list(state, states.get(state) ?? []);
  } else if (stopped.length > 0) {
    list(
      'Stopped',
      stopped.map((child) => child.id),
    );
  }
}

function showBundle(set: WorkingSet, bundle: Resource, context: Context): void {
  const data = bundle.bundle;
  if (data === undefined) return;
  const kind = data.replicas.length > 1 ? 'Container bundle set' : 'Container bundle';
  let title = `${kind}: ${bundle.id} [${data.image}]`;
  if (bundle.unique) title += ' (unique)';
  if (bundle.maintenance) title += ' (maintenance)';
  else if (!bundle.managed) title += ' (unmanaged)';
  context.open();
  context.text.begin(title);
  for (const { child, container, remote, ipAddress } of data.replicas) {
    const address = ipAddress === undefined ? '' : ` (${ipAddress})`;
    const name = `${(remote ?? container).id}${address}`;
    context.text.item(primitiveText(set, child ?? container, name, currentNode(container), context.showPending));
  }
  context.text.end();
}
