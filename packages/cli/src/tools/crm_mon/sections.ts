import { type Section, sectionGroups, sections } from '@sanode/status';
import type { GivenOption } from '../../common/options.ts';

/** A name that is no section: the sentence that tells which there are. */
export class SectionError extends Error {}

const includeNames =
  'all, attributes, bans[:PREFIX], counts, dc, default, failcounts, failures, fencing, fencing-failed, fencing-pending, fencing-succeeded, maint-mode, nodes, none, operations, options, resources, stack, summary, tickets, times';
const excludeNames =
  'all, attributes, bans, counts, dc, failcounts, failures, fencing, fencing-failed, fencing-pending, fencing-succeeded, maint-mode, nodes, none, operations, options, resources, stack, summary, tickets, times';

const everything: readonly Section[] = sections;
const usual: readonly Section[] = ['stack', 'dc', 'times', 'counts', 'maint-mode', 'nodes', 'resources', 'failures'];

/** What is to be shown, and which bans. */
export interface Selection {
  readonly sections: ReadonlySet<Section>;
  readonly bansPrefix: string;
}

/**
 * Works out the sections (cli-crm.md 4.2): the format's own, then -Q and -m, then the options in their order.
 * @param live the cluster itself is asked: there may be a fencing history
 * @throws {SectionError}
 */
export function selectSections(
  given: readonly GivenOption[],
  format: 'text' | 'html' | 'xml',
  fenceLevel: number,
  live: boolean,
): Selection {
  const all = format !== 'text' ? everything : everything.filter((name) => name !== 'options');
  const defaults: readonly Section[] = format === 'xml' ? everything : usual;
  const chosen = new Set<Section>(defaults);
  let bansPrefix = '';
  const level = live ? fenceLevel : 0;
  for (const name of sectionGroups['fencing'] as readonly Section[]) chosen.delete(name);
  if (level > 0) for (const name of ['fencing-failed', 'fencing-pending'] as const) chosen.add(name);
  if (level > 1) chosen.add('fencing-succeeded');
  if (given.some((option) => option.name === 'quiet')) chosen.delete('times');
  for (const option of given) {
    const value = option.value ?? '';
    if (option.name === 'include') bansPrefix = include(chosen, value, { all, defaults }) ?? bansPrefix;
    else if (option.name === 'exclude') exclude(chosen, value, all);
    else if (option.name === 'neg-locations') {
      chosen.add('bans');
      bansPrefix = value;
    } else for (const name of shorthand[option.name] ?? []) chosen.add(name);
    if (option.name === 'hide-headers') for (const name of sectionGroups['summary'] ?? []) chosen.delete(name);
  }
  return { sections: chosen, bansPrefix };
}

const shorthand: Readonly<Record<string, readonly Section[]>> = {
  failcounts: ['failcounts'],
  operations: ['failcounts', 'operations'],
  'timing-details': ['operations'],
  tickets: ['tickets'],
  'show-node-attributes': ['attributes'],
};

function include(
  chosen: Set<Section>,
  list: string,
  sets: { all: readonly Section[]; defaults: readonly Section[] },
): string | undefined {
  let prefix: string | undefined;
  for (const word of list.split(',')) {
    if (word === 'all') for (const name of sets.all) chosen.add(name);
    else if (word === 'none') chosen.clear();
    else if (word === 'default' || word === 'defaults') for (const name of sets.defaults) chosen.add(name);
    else if (word.toLowerCase().startsWith('bans:')) {
      chosen.add('bans');
      prefix = word.slice('bans:'.length);
    } else for (const name of named(word, `--include options: ${includeNames}`)) chosen.add(name);
  }
  return prefix;
}

function exclude(chosen: Set<Section>, list: string, all: readonly Section[]): void {
  for (const word of list.split(',')) {
    if (word === 'all') chosen.clear();
    else if (word === 'none') for (const name of all) chosen.add(name);
    else for (const name of named(word, `--exclude options: ${excludeNames}`)) chosen.delete(name);
  }
}

function named(word: string, problem: string): readonly Section[] {
  const name = word.toLowerCase();
  const group = sectionGroups[name];
  if (group !== undefined) return group;
  const section = sections.find((each) => each === name);
  if (section === undefined) throw new SectionError(problem);
  return [section];
}
