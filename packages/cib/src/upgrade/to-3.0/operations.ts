import { attr, childElements, type Element, element, type Node, withAttributes, withChildren } from '@sanode/xml';
import { hasChild, mapNamed } from '../tree.ts';
import { type Fate, messagesOf } from './tell.ts';

type Tell = (message: string) => void;

const prefix = 'Resources-operation';
const movedNames = ['interval-origin', 'start-delay', 'enabled', 'on-fail', 'record-pending', 'role', 'timeout'];

function pairNamed(set: Element, name: string): Element | undefined {
  return childElements(set, 'nvpair').find((pair) => attr(pair, 'name') === name);
}

function isPlain(set: Element): boolean {
  return !hasChild(set, 'rule');
}

function isDecisive(op: Element): boolean {
  return ['start', 'promote'].includes(attr(op, 'name') ?? '');
}

function requiresFate(op: Element, under: string): Fate {
  return isDecisive(op)
    ? { name: 'requires', under, matching: 'start|promote' }
    : { extra: 'only start/promote operation taken into account' };
}

/** Operations of pacemaker-3.0: `requires` goes to the resource, other settings to meta-attributes (cib-schema.md 9.2 f, g). */
export function upgradeOperations(resource: Element, tell: Tell): Element {
  const operations = childElements(resource, 'operations').flatMap((each) => childElements(each, 'op'));
  if (operations.length === 0) return resource;
  const own = childElements(resource, 'meta_attributes').filter(isPlain);
  const settled = new Set(own.flatMap((set) => childElements(set, 'nvpair').map((pair) => attr(pair, 'name') ?? '')));
  tellOfOperations(resource, operations, tell);
  const changed = mapNamed(resource, ['operations'], (each) => [
    mapNamed(each, ['op'], (op) => [upgradeOperation(op, settled)]),
  ]);
  return settled.has('requires')
    ? changed
    : withChildren(changed, [...changed.children, ...requirements(resource, operations)]);
}

function tellOfOperations(resource: Element, operations: readonly Element[], tell: Tell): void {
  const rsc = attr(resource, 'id');
  const say = (kind: string, context: string, name: string, fate: Fate): void => {
    for (const message of messagesOf(kind, context, name, fate)) tell(message);
  };
  for (const op of operations) {
    for (const set of childElements(op, 'instance_attributes')) {
      const context = `${attr(op, 'id')} (rsc=${rsc}, meta=${attr(set, 'id')})`;
      for (const pair of childElements(set, 'nvpair')) {
        const name = attr(pair, 'name') ?? '';
        const kind = `${prefix} instance_attributes`;
        if (name === 'requires') say(kind, context, name, requiresFate(op, 'per-resource-meta_attributes'));
        else if (movedNames.includes(name)) say(kind, context, name, { name, under: 'meta_attributes' });
      }
    }
  }
  for (const op of operations) {
    for (const set of childElements(op, 'meta_attributes')) {
      if (pairNamed(set, 'requires') === undefined) continue;
      const context = `${attr(op, 'id')} (rsc=${rsc}, meta=${attr(set, 'id')})`;
      say(prefix, context, 'requires', requiresFate(op, 'meta_attributes'));
    }
  }
  for (const op of operations) {
    if (!op.attributes.has('requires')) continue;
    say(prefix, `${attr(op, 'id')} (rsc=${rsc})`, 'requires', requiresFate(op, 'meta_attributes'));
  }
}

/** The meta-attributes that carry the `requires` of a resource's operations. */
function requirements(resource: Element, operations: readonly Element[]): Element[] {
  const decisive = operations.filter(isDecisive);
  const byAttribute = decisive.filter((op) => op.attributes.has('requires')).at(-1);
  if (byAttribute !== undefined) {
    const id = `_2TO3_${attr(byAttribute, 'id')}-meta-requires`;
    const pair = element('nvpair', { id, name: 'requires', value: attr(byAttribute, 'requires') });
    return [element('meta_attributes', { id: `_2TO3_${attr(resource, 'id')}-meta` }, [pair])];
  }
  const having = (kind: string): Element[] =>
    decisive.flatMap((op) => childElements(op, kind)).filter((set) => pairNamed(set, 'requires') !== undefined);
  const metas = having('meta_attributes');
  if (metas.length > 0) {
    const fromMeta = lastOnes(metas);
    return metas.some(isPlain) ? fromMeta : [...fromMeta, ...lastOnes(having('instance_attributes'))];
  }
  return lastOnes(having('instance_attributes'));
}

/** Sets that no later one without rule hides, reduced to `requires`. */
function lastOnes(sets: readonly Element[]): Element[] {
  return sets
    .filter((_, index) => !sets.slice(index + 1).some(isPlain))
    .map((set) => {
      const kept = set.children.filter(
        (child) => child.type === 'element' && (child.name === 'rule' || attr(child, 'name') === 'requires'),
      );
      const made: Element = { ...set, name: 'meta_attributes', children: kept };
      return withAttributes(made, { id: `_2TO3_${attr(set, 'id')}` });
    });
}

function upgradeOperation(op: Element, settled: ReadonlySet<string>): Element {
  const sets = childElements(op, 'instance_attributes');
  const plainMoves: Element[] = [];
  const ruledMoves: Element[] = [];
  for (const [index, set] of sets.entries()) {
    const laterSets = sets.slice(index + 1).filter(isPlain);
    const pairs = childElements(set, 'nvpair').filter((pair) => {
      const name = attr(pair, 'name') ?? '';
      if (!movedNames.includes(name) || settled.has(name)) return false;
      return !laterSets.some((later) => pairNamed(later, name) !== undefined);
    });
    if (isPlain(set)) plainMoves.push(...pairs);
    else if (pairs.length > 0) {
      const rules = childElements(set, 'rule');
      ruledMoves.push(element('meta_attributes', { id: `_2TO3_${attr(set, 'id')}` }, [...rules, ...pairs]));
    }
  }
  const firstMeta = childElements(op, 'meta_attributes').find(isPlain);
  const children = op.children.flatMap((child): readonly Node[] => {
    if (child.type !== 'element') return [child];
    const isInstance = child.name === 'instance_attributes';
    if (!isInstance && child.name !== 'meta_attributes') return [child];
    if (child.attributes.has('id-ref')) return [child];
    const kept = mapNamed(child, ['nvpair'], (pair) => {
      const name = attr(pair, 'name') ?? '';
      return name === 'requires' || (isInstance && movedNames.includes(name)) ? [] : [pair];
    });
    const made = child === firstMeta ? withChildren(kept, [...kept.children, ...plainMoves]) : kept;
    return hasChild(made, 'nvpair') ? [made] : [];
  });
  const needsMeta = firstMeta === undefined && plainMoves.length > 0;
  const added = needsMeta ? [element('meta_attributes', { id: `_2TO3_${attr(op, 'id')}-meta` }, plainMoves)] : [];
  return withAttributes(withChildren(op, [...children, ...added, ...ruledMoves]), { requires: null });
}
