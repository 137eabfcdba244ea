import { attr, childElements, type Element } from '@sanode/xml';
import { compareText } from './errors.ts';
import { ruleLines } from './rule-text.ts';

/** One colocation, order or ticket constraint without sets, as it is listed (cli-pcs.md 11). */
export function constraintText(constraint: Element, ids: boolean): string {
  const get = (name: string): string | undefined => attr(constraint, name);
  const paren = (name: string, value: string | undefined): string[] =>
    value === undefined ? [] : [`(${name}:${value})`];
  const id = ids ? paren('id', get('id')) : [];
  switch (constraint.name) {
    case 'rsc_colocation':
      return [
        `${get('rsc')} with ${get('with-rsc')}`,
        ...paren('score', get('score') ?? 'INFINITY'),
        ...paren('rsc-role', today(get('rsc-role'))),
        ...paren('with-rsc-role', today(get('with-rsc-role'))),
        ...paren('influence', get('influence')),
        ...paren('node-attribute', get('node-attribute')),
        ...id,
      ].join(' ');
    case 'rsc_order': {
      const known = new Set(['first', 'then', 'first-action', 'then-action', 'kind', 'score', 'id', 'symmetrical']);
      const others = [...constraint.attributes].filter(([name]) => !known.has(name));
      const symmetrical = get('symmetrical');
      const non = symmetrical !== undefined && /^(false|0|no|off)$/i.test(symmetrical) ? ['(non-symmetrical)'] : [];
      const kind = get('kind') ?? (get('score') === undefined ? 'Mandatory' : undefined);
      return [
        `${get('first-action') ?? 'start'} ${get('first')} then ${get('then-action') ?? 'start'} ${get('then')}`,
        ...paren('score', get('score')),
        ...paren('kind', kind),
        ...(others.length === 0 ? [] : [`(Options: ${others.map(([name, value]) => `${name}=${value}`).join(' ')})`]),
        ...non,
        ...id,
      ].join(' ');
    }
    default: {
      const role = today(get('rsc-role'));
      const options = [...constraint.attributes]
        .filter(([name]) => !['id', 'rsc', 'rsc-role'].includes(name))
        .sort(([left], [right]) => compareText(left, right))
        .map(([name, value]) => `${name}=${value}`);
      return [role, get('rsc'), ...options, ...id].filter((part) => part !== undefined).join(' ');
    }
  }
}

function today(role: string | undefined): string | undefined {
  return role === 'Master' ? 'Promoted' : role === 'Slave' ? 'Unpromoted' : role;
}

/** A constraint made of sets. */
function setText(constraint: Element, ids: boolean): string {
  const parts = childElements(constraint, 'resource_set').map((set) => {
    const members = childElements(set, 'resource_ref').map((member) => attr(member, 'id') ?? '');
    const options = optionTexts(set, ['id']);
    return ['set', ...members, ...options, ...(ids ? [`(id:${attr(set, 'id')})`] : [])].join(' ');
  });
  const whole = optionTexts(constraint, ['id']);
  if (whole.length > 0) parts.push(`setoptions ${whole.join(' ')}`);
  return [...parts, ...(ids ? [`(id:${attr(constraint, 'id')})`] : [])].join(' ');
}

function optionTexts(node: Element, without: readonly string[]): string[] {
  return [...node.attributes]
    .filter(([name]) => !without.includes(name))
    .sort(([left], [right]) => compareText(left, right))
    .map(([name, value]) => `${name}=${name === 'role' ? today(value) : value}`);
}

/** Colocation, ordering or ticket constraints with their heading. */
export function constraintLines(section: Element, tag: string, heading: string, ids: boolean): string[] {
  const all = childElements(section, tag);
  const isSet = (constraint: Element): boolean => childElements(constraint, 'resource_set').length > 0;
  const plain = all
    .filter((constraint) => !isSet(constraint))
    .map((constraint) => `  ${constraintText(constraint, ids)}`);
  const sets = all.filter(isSet).map((constraint) => `    ${setText(constraint, ids)}`);
  return [heading, ...plain, ...(sets.length > 0 ? ['  Resource Sets:', ...sets] : [])];
}

export interface LocationListing {
  ids: boolean;
  /** Rules whose time is over are hidden unless this is set. */
  all: boolean;
  /** Only these resources. */
  only?: readonly string[];
  isExpired(rule: Element): boolean;
}

/** Location constraints by resource, patterns first. */
export function locationLines(section: Element, options: LocationListing): string[] {
  const lines = ['Location Constraints:'];
  const groups = new Map<string, Element[]>();
  for (const constraint of childElements(section, 'rsc_location')) {
    const pattern = attr(constraint, 'rsc-pattern');
    const name = pattern ?? attr(constraint, 'rsc') ?? '';
    if (options.only !== undefined && !options.only.includes(name)) continue;
    const key = pattern === undefined ? `2Resource: ${name}` : `1Resource pattern: ${name}`;
    groups.set(key, [...(groups.get(key) ?? []), constraint]);
  }
  for (const key of [...groups.keys()].sort(compareText)) {
    const idOf = (constraint: Element): string => attr(constraint, 'id') ?? '';
    const constraints = groups.get(key) as Element[];
    const byId = [...constraints].sort((left, right) => compareText(idOf(left), idOf(right)));
    const body = [...nodeLines(constraints, options), ...byId.flatMap((constraint) => rulesOf(constraint, options))];
    if (body.length > 0) lines.push(`  ${key.slice(1)}`, ...body);
  }
  return lines;
}

function nodeLines(constraints: readonly Element[], options: LocationListing): string[] {
  const withNode = constraints.filter((constraint) => attr(constraint, 'node') !== undefined);
  const isNegative = (constraint: Element): boolean => (attr(constraint, 'score') ?? '').startsWith('-');
  const part = (heading: string, chosen: readonly Element[]): string[] =>
    chosen.length === 0
      ? []
      : [`    ${heading}:`, ...chosen.map((constraint) => `      ${nodeText(constraint, options.ids)}`)];
  return [
    ...part(
      'Enabled on',
      withNode.filter((constraint) => !isNegative(constraint)),
    ),
    ...part('Disabled on', withNode.filter(isNegative)),
  ];
}

function nodeText(constraint: Element, ids: boolean): string {
  const role = today(attr(constraint, 'role'));
  const discovery = attr(constraint, 'resource-discovery');
  return [
    `Node: ${attr(constraint, 'node')} (score:${attr(constraint, 'score') ?? 'INFINITY'})`,
    ...(role === undefined ? [] : [`(role:${role})`]),
    ...(discovery === undefined ? [] : [`(resource-discovery=${discovery})`]),
    ...(ids ? [`(id:${attr(constraint, 'id')})`] : []),
  ].join(' ');
}

function rulesOf(constraint: Element, options: LocationListing): string[] {
  const rules = childElements(constraint, 'rule');
  if (rules.length === 0) return [];
  const expired = rules.map((rule) => options.isExpired(rule));
  const shown = rules.filter((_, index) => options.all || !expired[index]);
  if (shown.length === 0) return [];
  const mark = expired.every((over) => over) ? ' (expired)' : '';
  const discovery = attr(constraint, 'resource-discovery');
  const head = `    Constraint${mark}: ${attr(constraint, 'id')}${discovery === undefined ? '' : ` (resource-discovery=${discovery})`}`;
  const body = shown.flatMap((rule) => ruleLines(rule, { ids: options.ids, expired: options.isExpired(rule) }));
  return [head, ...body.map((line) => `      ${line}`)];
}
