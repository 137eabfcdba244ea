import { descend, type Element } from '@sanode/xml';

const belowConfiguration = [
  'crm_config',
  'nodes',
  'resources',
  'constraints',
  'op_defaults',
  'rsc_defaults',
  'acls',
  'tags',
  'alerts',
  'fencing-topology',
];

const sectionNames: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ['cib', []],
  ['all', []],
  ['status', ['status']],
  ['configuration', ['configuration']],
  ['tickets', ['status', 'tickets']],
  ...belowConfiguration.map((name) => [name, ['configuration', name]] as const),
]);

/**
 * Names of the elements from the root (exclusive) down to a section, empty for the whole document; undefined for a
 * section that does not exist (cib.md 2).
 * @param section absent, `cib` and `all` mean the whole document
 */
export function sectionNamesFromRoot(section: string | undefined): readonly string[] | undefined {
  return section === undefined ? [] : sectionNames.get(section);
}

/** The element of a section; undefined when the document does not have it, or when there is no such section. */
export function cibSection(cib: Element, section: string | undefined): Element | undefined {
  const names = sectionNamesFromRoot(section);
  return names === undefined ? undefined : descend(cib, ...names);
}
