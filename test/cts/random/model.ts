import { type Element, element } from '@sanode/xml';
import type { Dice } from './dice.ts';

/** Time of every simulation, epoch seconds: 2023-11-14 22:13:20 UTC, a Tuesday. */
export const executionDate = 1_700_000_000;

export const scores = ['INFINITY', '-INFINITY', '0', '1', '10', '100', '-1', '-50', '500000', '-500000'] as const;

/** What a CIB may be about; each takes some, so that inputs differ in kind and not only in detail. */
export const topics = [
  ...['rules', 'templates', 'tags', 'sets', 'patterns', 'discovery', 'tickets', 'health', 'utilization', 'topology'],
  ...[
    'unfencing',
    'remotes',
    'guests',
    'bundles',
    'migration',
    'failures',
    'locks',
    'orphans',
    'promotables',
    'unique',
  ],
  ...['notify', 'parameters', 'maintenance', 'defaults', 'inner', 'pending', 'containers', 'options', 'oddities'],
] as const;
export type Topic = (typeof topics)[number];

export interface Agent {
  readonly class: string;
  readonly provider?: string;
  readonly type: string;
}

/** An operation as it is configured; what a history may hold of it. */
export interface Operation {
  readonly name: string;
  readonly intervalMs: number;
  readonly role: string | undefined;
  /** The time limit that its digest covers, ms. */
  readonly timeoutMs: number;
}

/** A primitive that has histories. */
export interface Leaf {
  readonly id: string;
  readonly agent: Agent;
  readonly operations: readonly Operation[];
  /** Parameters that do not depend on a rule or node. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly migratable: boolean;
  readonly home: Home;
}

/** What a primitive is inside of. */
export interface Home {
  readonly inClone: boolean;
  readonly inGroup: boolean;
  readonly promotable: boolean;
  readonly cloneMax: number;
  readonly unique: boolean;
}

export const topLevel: Home = { inClone: false, inGroup: false, promotable: false, cloneMax: 0, unique: true };

/** Something that constraints name. */
export interface Target {
  readonly id: string;
  readonly promotable: boolean;
  readonly clone: boolean;
}

export interface Model {
  readonly dice: Dice;
  readonly topics: ReadonlySet<Topic>;
  readonly nodes: readonly string[];
  readonly remotes: string[];
  readonly guests: string[];
  readonly tops: Target[];
  /** Members of groups, children of clones. */
  readonly inner: Target[];
  readonly templates: string[];
  readonly tags: string[];
  readonly leaves: Leaf[];
}

export type Values = Readonly<Record<string, string | number | undefined>>;

/** Whether the model is about a topic and something of this probability happens. */
export function on(model: Model, topic: Topic, probability = 1): boolean {
  return model.topics.has(topic) && model.dice.hits(probability);
}

export function pair(owner: string, name: string, value: string): Element {
  return element('nvpair', { id: `${owner}-${name}`.replace(/[^A-Za-z0-9_.-]/g, '.'), name, value });
}

/** A set of attributes; nothing where there are no values. */
export function attributeSet(
  kind: 'meta_attributes' | 'instance_attributes' | 'utilization' | 'cluster_property_set',
  id: string,
  values: Values,
  more: { readonly score?: string | undefined; readonly rule?: Element | undefined } = {},
): Element | undefined {
  const pairs = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [pair(id, name, String(value))],
  );
  if (pairs.length === 0) return undefined;
  return element(kind, { id, score: more.score }, [more.rule, ...pairs]);
}

export function allNodes(model: Model): string[] {
  return [...model.nodes, ...model.remotes, ...model.guests];
}
