import {
  attr,
  childElements,
  type Element,
  element,
  firstChild,
  type Node,
  withAttributes,
  withChildren,
} from '@sanode/xml';
import { hasChild, mapChildren, mapNamed } from '../tree.ts';
import { type Fate, messagesOf } from './tell.ts';

const hyphened = [
  'cluster_recheck_interval',
  'dc_deadtime',
  'election_timeout',
  'no_quorum_policy',
  'remove_after_stop',
  'shutdown_escalation',
  'startup_fencing',
  'stonith_action',
  'stonith_enabled',
  'stop_orphan_actions',
  'stop_orphan_resources',
  'symmetric_cluster',
];
const olderStacks = ['heartbeat', 'openais', 'classic openais', 'classic openais (with plugin)', 'cman'];
const thresholdHint = 'migration-threshold in rsc_defaults can be configured instead';

function fateOf(name: string, value: string | undefined): Fate | undefined {
  if (hyphened.includes(name)) return { name: name.replaceAll('_', '-') };
  switch (name.replaceAll('_', '-')) {
    case 'transition-idle-timeout':
      return name === 'transition_idle_timeout' ? { name: 'cluster-delay' } : undefined;
    case 'default-migration-threshold':
      return { extra: thresholdHint };
    case 'default-resource-failure-stickiness':
      return value === '-INFINITY'
        ? { name: 'migration-threshold', under: 'rsc_defaults', value: '1', matching: '-INFINITY' }
        : { extra: thresholdHint };
    case 'default-action-timeout':
      return { name: 'timeout', under: 'op_defaults' };
    case 'default-resource-stickiness':
      return { name: 'resource-stickiness', under: 'rsc_defaults' };
    case 'is-managed-default':
      return { name: 'is-managed', under: 'rsc_defaults' };
  }
  switch (name) {
    case 'cluster-infrastructure':
      if (value === undefined || !olderStacks.includes(value)) return undefined;
      return {
        matching: olderStacks.join('|'),
        extra: 'corosync (2+) infrastructure can be used instead, though the value is not of significance',
      };
    case 'expected-quorum-votes':
      return { extra: 'corosync (2+) infrastructure tracks quorum on its own' };
    case 'notification-agent':
    case 'notification-recipient':
      return { extra: 'standalone alerts can be configured instead' };
    default:
      return undefined;
  }
}

/** Cluster properties of pacemaker-3.0, some of them moved to op_defaults and rsc_defaults (cib-schema.md 9.2 b). */
export function upgradeProperties(configuration: Element, tell: (message: string) => void): Element {
  const moved: { section: string; pair: Element }[] = [];
  const changed = mapNamed(configuration, ['crm_config'], (section) => [
    mapNamed(section, ['cluster_property_set'], (set) => {
      const children: Node[] = [];
      let comments: Node[] = [];
      for (const child of set.children) {
        if (child.type !== 'element') comments.push(child);
        else if (child.name !== 'nvpair') children.push(child);
        else {
          const pair = upgradePair(child, tell, (place, made) => {
            if (!hasChild(set, 'rule')) moved.push({ section: place, pair: made });
          });
          if (pair !== undefined) children.push(...comments, pair);
          comments = [];
        }
      }
      return hasPair(children) ? [withChildren(set, children)] : [];
    }),
  ]);
  return addDefaults(changed, moved);
}

function hasPair(children: readonly Node[]): boolean {
  return children.some((child) => child.type === 'element' && child.name === 'nvpair');
}

function upgradePair(
  pair: Element,
  tell: (message: string) => void,
  move: (section: string, pair: Element) => void,
): Element | undefined {
  const name = attr(pair, 'name') ?? '';
  const fate = fateOf(name, attr(pair, 'value'));
  if (fate === undefined) return pair;
  for (const message of messagesOf('Cluster properties', attr(pair, 'id') ?? '', name, fate)) tell(message);
  if (fate.name === undefined) return undefined;
  const made = withAttributes(pair, { name: fate.name, ...(fate.value === undefined ? {} : { value: fate.value }) });
  if (fate.under === undefined) return made;
  move(fate.under, made);
  return undefined;
}

function addDefaults(configuration: Element, moved: readonly { section: string; pair: Element }[]): Element {
  let result = configuration;
  for (const name of ['op_defaults', 'rsc_defaults']) {
    const pairs = moved.filter(({ section }) => section === name).map(({ pair }) => pair);
    if (pairs.length === 0) continue;
    const section = firstChild(result, name);
    if (section === undefined) {
      const set = element('meta_attributes', { id: `_2TO3_-${name.replace('_', '-')}` }, pairs);
      result = withChildren(result, [...result.children, element(name, {}, [set])]);
      continue;
    }
    const plain = childElements(section, 'meta_attributes').filter((set) => !hasChild(set, 'rule'));
    const known = new Set(plain.flatMap((set) => childElements(set, 'nvpair').map((pair) => attr(pair, 'name'))));
    const added = pairs.filter((pair) => !known.has(attr(pair, 'name')));
    if (plain[0] === undefined || added.length === 0) continue;
    result = mapNamed(result, [name], (each) => [
      mapChildren(each, (set) => (set === plain[0] ? [withChildren(set, [...set.children, ...added])] : [set])),
    ]);
  }
  return result;
}
