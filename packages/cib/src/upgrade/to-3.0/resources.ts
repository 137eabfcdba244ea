import { attr, childElements, type Element, type Node, withAttributes, withChildren } from '@sanode/xml';
import { hasChild, mapNamed, rewriteBelow } from '../tree.ts';
import { upgradeOperations } from './operations.ts';
import { type Fate, messagesOf } from './tell.ts';

type Tell = (message: string) => void;

function instanceFate(name: string, value: string): Fate | undefined {
  if (/^pcmk_(list|monitor|off|on|reboot|status)_cmd$/.test(name)) {
    return { name: name.replace(/cmd$/, 'action') };
  }
  if (name !== 'pcmk_arg_map') return undefined;
  if (!value.startsWith('port:') || value.includes(',')) return {};
  return {
    name: 'pcmk_host_argument',
    value: value.slice('port:'.length),
    quietValue: true,
    matching: 'port: prefix that will, meanwhile, get dropped',
  };
}

function metaFate(name: string, value: string): Fate | undefined {
  if (['isolation', 'isolation-host', 'isolation-instance', 'isolation-wrapper'].includes(name)) {
    return {
      name: 'target-role',
      value: 'Stopped',
      level: 'WARNING',
      extra: 'i.e. resource at hand disabled; isolation wrappers obsoleted with bundle resources',
    };
  }
  if (name.replaceAll('_', '-') !== 'resource-failure-stickiness') return undefined;
  if (value !== '-INFINITY') return { extra: 'migration-threshold can be configured instead' };
  return { name: 'migration-threshold', value: '1', matching: '-INFINITY' };
}

/** Resources of pacemaker-3.0 (cib-schema.md 9.2 d to g). */
export function upgradeResources(configuration: Element, tell: Tell): Element {
  return mapNamed(configuration, ['resources'], (resources) => [
    rewriteBelow(resources, (node) =>
      node.name === 'primitive' || node.name === 'template' ? [upgradeResource(node, tell)] : [node],
    ),
  ]);
}

function upgradeResource(resource: Element, tell: Tell): Element {
  const metaSets = childElements(resource, 'meta_attributes');
  const own = resource.children.flatMap((child): readonly Node[] => {
    if (child.type !== 'element') return [child];
    if (child.name === 'instance_attributes') return upgradeInstance(child, tell);
    if (child.name !== 'meta_attributes') return [child];
    const following = metaSets.slice(metaSets.indexOf(child) + 1).filter((set) => !hasChild(set, 'rule'));
    return upgradeMeta(child, `${attr(resource, 'id')} (meta=${attr(child, 'id')})`, following, tell);
  });
  return upgradeOperations(withChildren(resource, own), tell);
}

function changedPair(pair: Element, fate: Fate): Element {
  return withAttributes(pair, { name: fate.name, ...(fate.value === undefined ? {} : { value: fate.value }) });
}

function upgradeInstance(set: Element, tell: Tell): readonly Node[] {
  const made = mapNamed(set, ['nvpair'], (pair) => {
    const name = attr(pair, 'name') ?? '';
    const fate = instanceFate(name, attr(pair, 'value') ?? '');
    if (fate === undefined) return [pair];
    for (const message of messagesOf('Resource instance_attributes', attr(pair, 'id') ?? '', name, fate)) tell(message);
    return fate.name === undefined ? [] : [changedPair(pair, fate)];
  });
  return hasChild(made, 'nvpair') || set.attributes.has('id-ref') ? [made] : [];
}

/** A renamed pair of a set without rule survives only before every pair that is kept or renamed. */
function upgradeMeta(set: Element, context: string, following: readonly Element[], tell: Tell): readonly Node[] {
  const later = new Set(following.flatMap(resultingNames));
  const hasRule = hasChild(set, 'rule');
  let isFirst = true;
  const made = mapNamed(set, ['nvpair'], (pair) => {
    const name = attr(pair, 'name') ?? '';
    const fate = metaFate(name, attr(pair, 'value') ?? '');
    const first = isFirst;
    if (fate === undefined) {
      isFirst = false;
      return [pair];
    }
    for (const message of messagesOf('Resource meta_attributes', context, name, fate)) tell(message);
    if (fate.name === undefined) return [];
    isFirst = false;
    const survives = hasRule ? !later.has(fate.name) : first;
    return survives ? [changedPair(pair, fate)] : [];
  });
  return hasChild(made, 'nvpair') || set.attributes.has('id-ref') ? [made] : [];
}

function resultingNames(set: Element): string[] {
  return childElements(set, 'nvpair').flatMap((pair) => {
    const name = attr(pair, 'name') ?? '';
    const fate = metaFate(name, attr(pair, 'value') ?? '');
    return fate === undefined ? [name] : fate.name === undefined ? [] : [fate.name];
  });
}
